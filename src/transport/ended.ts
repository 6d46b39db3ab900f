// What is told of an exchange that has ended, by the carriers without an engine.
import type { ExchangeEnd, Protocol, Way, WireReason } from '../addon/wire.ts';

/** A request as an access log has it. */
export interface Requested {
  /** Both empty: no request could be read. */
  readonly method: string;
  readonly target: string;
  /** The peer's address; empty where it is not known. */
  readonly peer: string;
  /** Version of TLS; empty without. */
  readonly tls: string;
  /** All lines of a field, joined; empty where it was not sent. Its name is in lower case. */
  readonly field: (name: string) => string;
}

/** When a request was read, and what of it is told. */
export interface Asked {
  /** As of performance.now(). */
  readonly began: number;
  /** Undefined where nobody is told. */
  readonly request?: Requested | undefined;
}

export interface Ended extends Asked {
  readonly request: Requested;
  readonly protocol: Protocol;
  /** 0: there was no answer. */
  readonly status: number;
  readonly way: Way | undefined;
  /** Of a file's body. */
  readonly reason: WireReason | undefined;
  /** Of the body, that were taken. */
  readonly bytes: number;
  readonly how: ExchangeEnd;
}

/** Never throws. */
export type TellEnded = (ended: Ended) => void;
