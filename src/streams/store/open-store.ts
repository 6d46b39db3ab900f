// One store for a directory in a process: those that use it share it, and the last to close it ends it.
import { mkdir, realpath } from 'node:fs';
import { promisify } from 'node:util';
import type { NativeAddon } from '../../addon/types.ts';
import type { Log } from '../../log/log.ts';
import { loadChecksum } from './checksum.ts';
import { type DirectoryLock, lockDirectory } from './lock.ts';
import { FileStreamStore } from './store.ts';
import { Turns } from './turns.ts';
import type { StoreOptions, StreamStore } from './types.ts';

const makeDirectory = promisify(mkdir);
const realPath = promisify(realpath);

interface Opened {
  readonly store: Promise<FileStreamStore>;
  lock: DirectoryLock | undefined;
  users: number;
  closing: Promise<void> | undefined;
}

/** By real path. */
const stores = new Map<string, Opened>();

export interface Surroundings {
  readonly addon: NativeAddon | undefined;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * The store of a directory, which is made if it is missing. Options are those of whoever has opened it last. Rejects with an
 * Error that has `code`: EBUSY where another process has it.
 */
export async function openStreamStore(
  directory: string,
  options: StoreOptions,
  surroundings: Surroundings,
): Promise<StreamStore> {
  await makeDirectory(directory, { recursive: true });
  const path = await realPath(directory);
  for (let closing = closingOf(path); closing !== undefined; closing = closingOf(path)) {
    await closing;
  }
  const before = stores.get(path);
  const opened = before ?? begin(path, options, surroundings);
  opened.users++;
  let store: FileStreamStore;
  try {
    store = await opened.store;
  } catch (error) {
    stores.delete(path);
    throw error;
  }
  const share = shareOf(path, opened, store);
  try {
    if (before !== undefined) await store.configure(options);
    return share;
  } catch (error) {
    await share.close();
    throw error;
  }
}

function closingOf(path: string): Promise<void> | undefined {
  return stores.get(path)?.closing;
}

function begin(
  directory: string,
  options: StoreOptions,
  { addon, log, now }: Surroundings,
): Opened {
  const opened: Opened = { store: open(), lock: undefined, users: 0, closing: undefined };
  stores.set(directory, opened);
  return opened;

  async function open(): Promise<FileStreamStore> {
    const lock = lockDirectory(directory, addon);
    const turns = new Turns(syncsAtOnce(process.env.UV_THREADPOOL_SIZE));
    const counts = { commits: 0, syncs: 0 };
    const checksum = loadChecksum();
    const disk = { directory, addon, log, checksum, turns, counts };
    const store = new FileStreamStore(disk, options, now);
    await store.begin();
    opened.lock = lock;
    return store;
  }
}

/** Of libuv's threads (4 where nobody says otherwise), one stays free of syncs. */
function syncsAtOnce(threads: string | undefined): number {
  const number = Number.parseInt(threads ?? '', 10);
  return Math.max(2, (Number.isNaN(number) ? 4 : number) - 1);
}

/** Its `close` is its own. */
function shareOf(path: string, opened: Opened, store: FileStreamStore): StreamStore {
  let closing: Promise<void> | undefined;
  return {
    find: (name) => store.find(name),
    create: (...wish) => store.create(...wish),
    fork: (...wish) => store.fork(...wish),
    delete: (name) => store.delete(name),
    reserve: (bytes) => store.reserve(bytes),
    stats: () => store.stats(),
    close() {
      closing ??= leave(path, opened, store);
      return closing;
    },
  };
}

async function leave(path: string, opened: Opened, store: FileStreamStore): Promise<void> {
  opened.users--;
  if (opened.users > 0) return;
  opened.closing = store.close();
  await opened.closing;
  opened.lock?.release();
  stores.delete(path);
}
