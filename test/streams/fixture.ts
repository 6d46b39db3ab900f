// Stores of streams in temporary directories, and what tests say to them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadNative } from '../../src/addon/load.ts';
import { createLog } from '../../src/log/log.ts';
import { fileNamesOf } from '../../src/streams/store/names.ts';
import { openStreamStore } from '../../src/streams/store/open-store.ts';
import type {
  Append,
  First,
  StoreOptions,
  Stream,
  StreamConfig,
  StreamStore,
} from '../../src/streams/store/types.ts';
import { makeTree, type Teardown } from '../support/tree.ts';

export const OPTIONS: StoreOptions = {
  durability: 'group',
  maxAppend: 1024 * 1024,
  maxStream: Number.MAX_SAFE_INTEGER,
  quota: undefined,
  minFree: 0,
  maxWaiting: 64 * 1024 * 1024,
  openStreams: 100,
};

export const TEXT: StreamConfig = {
  contentType: 'text/plain',
  ttlSeconds: undefined,
  expiresAt: undefined,
};
export const JSON_TYPE: StreamConfig = { ...TEXT, contentType: 'application/json' };
/** Of a fork that leaves everything to its source. */
export const INHERIT = { ...TEXT, contentType: undefined };

export interface Fixture {
  readonly directory: string;
  readonly store: StreamStore;
  /** What the operator was told. */
  readonly lines: readonly string[];
  /** Closes it and opens it again. */
  reopen(options?: Partial<StoreOptions>): Promise<Fixture>;
}

export interface Setting {
  readonly directory?: string;
  readonly options?: Partial<StoreOptions>;
  readonly now?: () => number;
}

export async function startStore(t: Teardown, setting: Setting = {}): Promise<Fixture> {
  const directory = setting.directory ?? makeTree(t);
  const lines: string[] = [];
  const log = createLog({ write: (text) => lines.push(text) });
  const { addon } = loadNative();
  const surroundings =
    setting.now === undefined ? { addon, log } : { addon, log, now: setting.now };
  const options = { ...OPTIONS, ...setting.options };
  const store = await openStreamStore(directory, options, surroundings);
  t.teardown(() => store.close());
  return {
    directory,
    store,
    lines,
    async reopen(changed = {}) {
      await store.close();
      return startStore(t, { ...setting, directory, options: { ...setting.options, ...changed } });
    },
  };
}

export function text(content: string, more: Partial<Append> = {}): Append {
  return { bytes: Buffer.from(content), close: false, ...more };
}

export const CLOSE: Append = { bytes: Buffer.of(), close: true };

/** Throws unless it was created. */
export async function create(
  store: StreamStore,
  name: string,
  config: StreamConfig = TEXT,
  first?: First,
): Promise<Stream> {
  const created = await store.create(name, config, first);
  if (created.kind !== 'created') throw new Error(`not created: ${created.kind}`);
  return created.stream;
}

/** Throws unless it is there. */
export async function found(store: StreamStore, name: string): Promise<Stream> {
  const stream = await store.find(name);
  if (stream === undefined || stream === 'soft-deleted') throw new Error(`${name}: ${stream}`);
  return stream;
}

/** What is in a stream's file. */
export function contentOf(directory: string, name: string): string {
  return readFileSync(dataFile(directory, name), 'utf8');
}

export function dataFile(directory: string, name: string): string {
  return join(directory, fileNamesOf(name)?.data ?? '');
}

export function sidecarFile(directory: string, name: string): string {
  return join(directory, fileNamesOf(name)?.sidecar ?? '');
}
