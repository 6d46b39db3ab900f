// The contract of the store of streams: append-only files of bytes, and what is known of each. It knows no HTTP.
import type { GrowingFile } from '../../files/growing-file.ts';

/**
 * When an append is acknowledged. none: it is written; nothing waits for a disk · async: it is written, and synced soon
 * after · group: one fdatasync for all that came while the one before ran · sync: one fdatasync for each.
 */
export type Durability = 'none' | 'async' | 'group' | 'sync';

/** All that a writer may say of a stream that it creates. */
export interface StreamConfig {
  readonly contentType: string;
  /** Idle for so long it expires; each read and append begins that time anew. Not together with `expiresAt`. */
  readonly ttlSeconds: number | undefined;
  /** RFC 3339, as given. */
  readonly expiresAt: string | undefined;
}

/** Of a fork, what is left out is its source's. */
export interface ForkConfig extends Omit<StreamConfig, 'contentType'> {
  readonly contentType: string | undefined;
}

/** Where a fork parts from its source. PROTOCOL.md §4.2. */
export interface Fork {
  /** Name of the source. */
  readonly from: string;
  /** Bytes; undefined: its tail. */
  readonly offset: number | undefined;
  /** Past the offset: messages of a stream of JSON, bytes of any other. */
  readonly subOffset: number;
}

/** One request of an idempotent producer. PROTOCOL.md §5.2.1. */
export interface Producer {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

export interface Append {
  /** As they are to stand in the file; nobody may change them until the append is answered. Empty only to close. */
  readonly bytes: Uint8Array;
  /** Stream-Seq: greater, by its bytes, than any before it in the stream (whoever wrote it). */
  readonly seq?: string | undefined;
  readonly producer?: Producer | undefined;
  /** Nothing can be appended after it. */
  readonly close: boolean;
}

/** What a stream begins with. */
export type First = Pick<Append, 'bytes' | 'close'>;

/** What became of an append. All but the first left the stream as it was. */
export type Appended =
  /** `tail`: behind its bytes. `closed`: by it. It is as durable as was asked for. */
  | { readonly kind: 'appended'; readonly tail: number; readonly closed: boolean }
  /** It is there already. `epoch`, `seq`: the producer's last. */
  | {
      readonly kind: 'duplicate';
      readonly tail: number;
      readonly closed: boolean;
      readonly epoch: number;
      readonly seq: number;
    }
  /** Closed before; an append without bytes that closes asked for no more than that. */
  | { readonly kind: 'closed'; readonly tail: number }
  /** Stream-Seq is not greater than `last`. */
  | { readonly kind: 'seq-regressed'; readonly last: string }
  /** The producer has a newer epoch by now. */
  | { readonly kind: 'stale-epoch'; readonly epoch: number }
  /** A new epoch, or a new producer, does not begin at 0. */
  | { readonly kind: 'epoch-must-start' }
  | { readonly kind: 'seq-gap'; readonly expected: number; readonly received: number }
  | Refused
  /** The stream is deleted or expired. */
  | { readonly kind: 'gone' };

/** Why nothing is written, whatever the stream says. */
export type Refused =
  /** More bytes than one append, or one stream, may have. */
  | { readonly kind: 'too-large'; readonly of: 'append' | 'stream' }
  /** The directory's quota, or the floor of free space. */
  | { readonly kind: 'quota' }
  /** Too many bytes wait to be written, or the store is closing. */
  | { readonly kind: 'busy' }
  /** The disk, by its errno's name. After a failed fsync, each append until the stream is opened anew. */
  | { readonly kind: 'failed'; readonly errno: string };

export type Created =
  | { readonly kind: 'created'; readonly stream: Stream }
  /** It is there as asked for: nothing is appended. */
  | { readonly kind: 'exists'; readonly stream: Stream }
  /** It is there, and is another one. */
  | { readonly kind: 'conflict' }
  /** The name is taken while the deleted stream has forks. */
  | { readonly kind: 'soft-deleted' }
  /** The name would be no name of a file: empty, too long, or not in Unicode. */
  | { readonly kind: 'bad-name' }
  | { readonly kind: 'no-source' }
  | { readonly kind: 'source-soft-deleted' }
  /** Of the fork: beyond what the source has, or within a message. */
  | { readonly kind: 'bad-offset' }
  /** The fork's content type is not its source's. */
  | { readonly kind: 'other-type' }
  | Refused;

/** closing: the store is. */
export type StreamState = 'live' | 'soft-deleted' | 'deleted' | 'expired' | 'closing';

export interface Stream {
  readonly name: string;
  /** Of this stream: never that of another one of the same name, before or after it. For validators. */
  readonly id: string;
  readonly config: StreamConfig;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  /** When it expires as things are, milliseconds since the epoch; undefined: never. */
  readonly expiresMs: number | undefined;
  /** Bytes that readers may see: those that are acknowledged. */
  readonly tail: number;
  /** No more comes. Together with the last tail. */
  readonly closed: boolean;
  readonly state: StreamState;
  /**
   * Its bytes, of which any span up to `tail` may be sent. Open in the turn of the event loop in which the stream was found,
   * and while somebody listens (`onChange`) or retains it.
   */
  readonly file: GrowingFile;
  /**
   * Appends in the order of these calls. Never rejects. `room`: what was reserved for it (StreamStore.reserve); without, and
   * where too much waits, it is `busy`.
   */
  append(append: Append, room?: Room): Promise<Appended>;
  /** It was read: its time to live begins anew. */
  touch(): void;
  /**
   * Calls `run` when tail, closed or state have changed: once for changes at once, never within this call, and not after the
   * function that this returns was called. The stream stays open until then.
   */
  onChange(run: () => void): () => void;
}

/** Bytes of memory for what is to be appended. */
export interface Room {
  readonly bytes: number;
  /** Idempotent; in any case: when the append is answered, or will not come. */
  free(): void;
}

export interface StreamStore {
  /**
   * At once, if the stream is open. Rejects with an Error that has `code` where it is there and cannot be opened: EIO…, or
   * EBADMSG where its files contradict each other.
   */
  find(name: string): Found | Promise<Found>;
  /** Never rejects. The answer comes when the stream is there as durable as its appends. */
  create(name: string, config: StreamConfig, first?: First, room?: Room): Promise<Created>;
  fork(name: string, config: ForkConfig, fork: Fork, first?: First, room?: Room): Promise<Created>;
  /**
   * Never rejects. Whoever listens to the stream is told. While forks of it are there its name stays taken (`soft-deleted`),
   * and `soft-deleted` is the answer to all who ask for that again.
   */
  delete(name: string): Promise<Deleted>;
  /**
   * Room for that many bytes before they are received: at once, or when those who asked before have had it and enough is
   * free. More than there can ever be is taken for all of it.
   */
  reserve(bytes: number): Room | Promise<Room>;
  /** Appends under way are finished, everything is synced, listeners are told (state `closing`). Idempotent. */
  close(): Promise<void>;
  stats(): StoreStats;
}

export type Found = Stream | 'soft-deleted' | undefined;

export type Deleted =
  | { readonly kind: 'deleted' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'soft-deleted' }
  | { readonly kind: 'failed'; readonly errno: string };

export interface StoreOptions {
  readonly durability: Durability;
  /** Bytes of one append, and of one stream. */
  readonly maxAppend: number;
  readonly maxStream: number;
  /** Bytes of all streams; undefined: any number. */
  readonly quota: number | undefined;
  /** Bytes that the file system keeps free. */
  readonly minFree: number;
  /** Bytes in memory that wait to be written, of all streams. */
  readonly maxWaiting: number;
  /** Streams that are kept open: two descriptors each. */
  readonly openStreams: number;
}

export interface StoreStats {
  /** Now open, and all that are there as far as they have been counted (the directory is read in the background). */
  readonly open: number;
  readonly streams: number;
  /** Of all streams that have been counted. */
  readonly storedBytes: number;
  /** Since the start. */
  readonly appends: number;
  readonly bytes: number;
  /** Groups of appends, each written at once. */
  readonly commits: number;
  readonly syncs: number;
  /** Now waiting: appends, and bytes reserved for them. */
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly outcomes: Readonly<Record<Appended['kind'], number>>;
}
