// What every transport offers: it receives request heads, asks the handler, sends the plan.
import type { Counts } from '../addon/wire.ts';
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

export interface Transport {
  /**
   * Starts listening and resolves to the port. `shared`: also where others listen, if they share the port; node:http
   * leaves that to node:cluster. Rejects with an Error that has `code` (EADDRINUSE…).
   */
  listen(host: string, port: number, shared?: boolean): Promise<number>;
  /** Stops accepting, finishes what is in flight for at most `graceMs`, then closes everything. */
  close(graceMs: number): Promise<void>;
  stats(): TransportStats;
  /**
   * Clients that come from now on get these certificates; those that are here notice nothing. Throws an Error, and
   * changes nothing, where they cannot be used. Undefined where the certificates are fixed.
   */
  useTls?(tls: Tls): void;
}
