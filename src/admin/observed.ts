// The server as the admin listener sees it, and its state at one moment.
import type { TableStats } from '../files/table.ts';
import type { StoreStats } from '../streams/store/types.ts';
import type { TransportStats } from '../transport/transport.ts';

export type Stats = TransportStats & {
  readonly files: TableStats;
  /** Of the access log, where there is one. */
  readonly accessLog?: { readonly lost: number } | undefined;
  /** Undefined where there are none. */
  readonly streams?: StoreStats | undefined;
};

/** What changes with its options only. */
export interface About {
  readonly url: string;
  readonly transport: string;
  /** Why this transport. */
  readonly reason: string;
  readonly protocols: readonly string[];
  readonly tlsVersions: readonly string[];
  readonly limits: {
    readonly connections: number;
    /** Of the memory cache, bytes. */
    readonly cacheBytes: number;
    /** Descriptors that are kept open. */
    readonly openFiles: number;
  };
}

export interface Observed {
  readonly about: About;
  stats(): Stats;
  /** Why no traffic should come now, such as "draining"; undefined when it may. Never rejects. */
  unready(): Promise<string | undefined>;
}

/** Of this moment. */
export interface Snapshot {
  readonly about: About;
  readonly stats: Stats;
  /** Lines of the server's log that could not be written. */
  readonly logLinesDropped: number;
}
