// What every transport offers: it receives request heads, asks the handler, sends the plan.
import type { Counts, Unproxied } from '../addon/wire.ts';
import type { Listener } from '../rules/listeners.ts';
import type { Tls } from './tls.ts';

export interface Tally {
  responses: number;
  bytes: number;
}

/** Counters since start. Bytes are body bytes accepted by the kernel (or the carrier library). */
export interface TransportStats extends Readonly<Counts> {
  /** By `strategy:reason`, e.g. "sendfile:size"; bodies that are no file's are under "bytes", bodiless answers under "none". */
  readonly byStrategy: Readonly<Record<string, Readonly<Tally>>>;
}

/** Where a socket listens. */
export type BoundAddress =
  | { readonly host: string; readonly port: number; readonly path?: undefined }
  | { readonly path: string };

export interface Bound {
  readonly address: BoundAddress;
  /**
   * The sockets, which are the caller's: they listen until he closes them, whatever becomes of the carrier. None where a
   * library keeps its own.
   */
  readonly descriptors: readonly number[];
}

export interface Transport {
  /**
   * Takes clients from there too, from now on. `shared`: also where others listen, if they share the port; node:http
   * leaves that to node:cluster. Rejects with an Error that has `code` (EADDRINUSE…).
   */
  listen(listener: Listener, shared?: boolean): Promise<Bound>;
  /** Stops accepting, finishes what is in flight for at most `graceMs`, then closes everything. */
  close(graceMs: number): Promise<void>;
  stats(): TransportStats;
  /**
   * Clients that come from now on get these certificates; those that are here notice nothing. Throws an Error, and
   * changes nothing, where they cannot be used. Undefined where the certificates are fixed.
   */
  useTls?(tls: Tls): void;
}

/** What the operator is told of clients that are turned away where only proxies bring them. */
export function unproxied(why: Unproxied): string {
  switch (why) {
    case 'stranger':
      return 'turned a client away that came by none of the proxies in proxyFrom';
    case 'header':
      return 'turned a client away whose proxy sent no PROXY header, or a wrong one';
  }
}
