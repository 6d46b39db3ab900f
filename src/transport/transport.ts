// What every transport offers: it receives request heads, asks the handler, sends the plan.
import type { Counts, Protocol, Unproxied } from '../addon/wire.ts';
import type { Listener } from '../rules/listeners.ts';
import type { Tls } from './tls.ts';

export interface Tally {
  responses: number;
  bytes: number;
}

/** How many values were at most each bound and more than the one before; the last count is of those above all bounds. */
export interface Histogram {
  readonly bounds: readonly number[];
  /** One more than bounds. */
  readonly counts: readonly number[];
  /** Of all values. */
  readonly sum: number;
}

/** Counters since start. Bytes are body bytes accepted by the kernel (or the carrier library). */
export interface TransportStats extends Readonly<Counts> {
  /**
   * By `strategy:reason`, e.g. "sendfile:size"; bodies that are no file's are under "bytes", those made
   * while they are sent under "feed", bodiless answers under "none".
   * `responses` are those that were sent whole, `bytes` also those of the others.
   */
  readonly byStrategy: Readonly<Record<string, Readonly<Tally>>>;
  /**
   * Answers that have ended, by protocol ("http/1.0", "http/1.1", "h2") and status: as many as all `responses`, and those
   * that were not sent whole: `aborted`, `truncated` and `cancelled`.
   */
  readonly byStatus: { readonly [protocol in Protocol]?: Readonly<Record<number, number>> };
  /**
   * Of answers that were sent whole: milliseconds from the request's head to the last byte that the kernel (or the library)
   * took. The engine's clock is up to a tick of the kernel behind (1 to 10 ms), and stands still within a turn of its loop.
   */
  readonly durations: Histogram;
  /** Of the same answers: bytes of their bodies. */
  readonly sizes: Histogram;
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
  /** Closes them. To be called once. */
  close(): void;
}

export interface Retirement {
  /** Whoever comes now comes to others. */
  readonly left: Promise<void>;
  /** The last connection has ended, or `close` was called. */
  readonly ended: Promise<void>;
}

export interface Transport {
  /**
   * Takes clients from there too, from now on. `shared`: also where others listen, if they share the port; node:http
   * leaves that to node:cluster. Rejects with an Error that has `code` (EADDRINUSE…).
   */
  listen(listener: Listener, shared?: boolean): Promise<Bound>;
  /**
   * Others listen where this one did: it accepts nobody more, the next answer of each connection is its last, and who asks
   * nothing more ends in its time. Undefined where others cannot take its sockets.
   */
  retire?(): Retirement;
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
