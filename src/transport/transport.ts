// What every transport offers: it receives request heads, asks the handler, sends the plan.

export type TransportName = 'native' | 'uws' | 'http1';

export interface Tally {
  responses: number;
  bytes: number;
}

/** Counters since start. Bytes are body bytes accepted by the kernel (or the carrier library). */
export interface TransportStats {
  /** By `strategy:reason`, e.g. "sendfile:size"; bodies that are no file's are under "bytes", bodiless answers under "none". */
  readonly byStrategy: Readonly<Record<string, Readonly<Tally>>>;
  /** Answers given without running JavaScript. */
  readonly hot: number;
  /** Answers planned in JavaScript. */
  readonly planned: number;
  readonly connections: number;
  /** Bodies being sent now. */
  readonly transfers: number;
  /** Sends whose file was truncated or changed before the last byte; their connections were closed. */
  readonly truncated: number;
  /** Clients that went away before the last byte. */
  readonly aborted: number;
  /** Connections accepted since the start, those rejected among them. 0 for middleware: they are its host's. */
  readonly accepted: number;
  /** Connections turned away because there were `maxConnections`. 0 for middleware. */
  readonly rejected: number;
  /** Requests whose head came too slowly, and answers that were taken too slowly. uWebSockets.js tells of none: 0. */
  readonly timeouts: number;
  /** Files that the kernel refused to send by sendfile, once for each answer that found out: they are read. */
  readonly refused: number;
}

export interface Transport {
  readonly name: TransportName;
  /** Starts listening and resolves to the port. Rejects with an Error that has `code` (EADDRINUSE…). */
  listen(host: string, port: number): Promise<number>;
  /** Stops accepting, finishes what is in flight for at most `graceMs`, then closes everything. */
  close(graceMs: number): Promise<void>;
  stats(): TransportStats;
}
