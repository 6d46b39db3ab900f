// The store of a server's streams: opened before anything is served, shared by the generations of a reload.
import { join, resolve } from 'node:path';
import type { NativeAddon } from '../addon/types.ts';
import { openFileLimit } from '../files/open-limit.ts';
import type { Log } from '../log/log.ts';
import type { Options } from '../options/options.ts';
import { StartError } from '../options/table.ts';
import { mountStreams } from '../site/streams.ts';
import { processStreams } from '../streams/in-process.ts';
import type { ProcessStreams } from '../streams/process-streams.ts';
import { openStreamStore } from '../streams/store/open-store.ts';
import type { StoreOptions, StreamStore } from '../streams/store/types.ts';
import { isForked } from './listeners.ts';

export interface StoreHolder {
  /** Undefined while another process has the directory, and once it is closed. */
  readonly store: StreamStore | undefined;
  /** For the process itself. */
  readonly own: ProcessStreams;
  /** What answers for them. */
  readonly mount: typeof mountStreams;
  /** Resolves when everything is written. Idempotent. */
  close(): Promise<void>;
}

/** How often is looked whether the other process has let go of it, ms. */
const RETRY_MS = 200;

/**
 * Rejects with a StartError where the directory cannot be used; one that another
 * process has is waited for, for as long as it takes: that may be the one whose sockets this one has.
 */
export async function holdStore(
  options: Options,
  addon: NativeAddon | undefined,
  log: Log,
): Promise<StoreHolder> {
  if (isForked() && (await import('./workers.ts')).isWorker()) {
    throw new StartError(
      (call) => `${call('streams')}: one process has a stream, and this is one of several workers`,
    );
  }
  const directory = directoryOf(options);
  const open = () => openStreamStore(directory, storeOptionsOf(options), { addon, log });
  let store: StreamStore | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;

  async function tryAgain(): Promise<void> {
    try {
      const opened = await open();
      if (closing === undefined) store = opened;
      else await opened.close();
    } catch (error) {
      if (!isTaken(error)) log.error(`streams: ${(error as Error).message}`, 'streams');
      if (closing === undefined) timer = setTimeout(tryAgain, RETRY_MS);
    }
  }

  try {
    store = await open();
  } catch (error) {
    if (!isTaken(error)) throw cannotKeep(directory, error);
    log.warn(`streams: another process has ${directory}; waiting for it`, 'streams-taken');
    timer = setTimeout(tryAgain, RETRY_MS);
  }
  const current = () => (closing === undefined ? store : undefined);
  return {
    get store() {
      return current();
    },
    own: processStreams(current),
    mount: mountStreams,
    close() {
      clearTimeout(timer);
      closing ??= Promise.resolve(store?.close());
      return closing;
    },
  };
}

/** Where streams are kept: one directory, whatever their names. */
export function directoryOf({ root, streams, streamsDir }: Options): string {
  return resolve(streamsDir ?? join(root, streams ?? ''));
}

/** Bytes of appends that wait in memory for the disk, of all streams together. */
const MAX_WAITING = 64 * 2 ** 20;

/** Streams that are kept open, with two descriptors each: at most a quarter of all descriptors. */
const MAX_OPEN = 4096;
const DESCRIPTORS_SHARE = 8;

function storeOptionsOf(options: Options): StoreOptions {
  const limit = openFileLimit() ?? Number.POSITIVE_INFINITY;
  return {
    durability: options.durability,
    maxAppend: options.maxAppend,
    maxStream: options.maxStream,
    quota: options.streamsQuota,
    minFree: options.streamsMinFree,
    maxWaiting: Math.max(MAX_WAITING, 2 * options.maxAppend),
    openStreams: Math.max(16, Math.min(MAX_OPEN, Math.floor(limit / DESCRIPTORS_SHARE))),
  };
}

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EBUSY';
}

function cannotKeep(directory: string, cause: unknown): StartError {
  const { message } = cause as Error;
  return new StartError(
    (call) => `${call('streams')}: cannot keep them in ${directory}: ${message}`,
    {
      cause,
    },
  );
}
