// What the tables of all sites keep open and in memory together: one budget, and who was not used for longest leaves it.
import { LRUCache } from 'lru-cache';
import type { EngineKeeping } from '../addon/engine.ts';
import type { NativeAddon } from '../addon/types.ts';
import type { Log } from '../log/log.ts';
import type { Resource } from '../plan/types.ts';
import { openEncodedFiles } from './compress.ts';
import type { EncodedFiles, EncodedStats } from './encoded-files.ts';
import type { CachedEntry } from './entry.ts';
import type { Freshness } from './freshness.ts';
import { MemoryCache, type MemoryStats } from './memory.ts';
import { keptFiles } from './open-limit.ts';
import type { FilesPolicy } from './policy.ts';
import { directoryOf } from './root.ts';
import { idleKey, oldestKey } from './second-chance.ts';
import { createTurn } from './turn.ts';

export interface FilePoolOptions {
  readonly policy: Pick<
    FilesPolicy,
    'maxOpenFiles' | 'cacheSize' | 'mmapMinUses' | 'mmapSource' | 'compress'
  >;
  readonly addon: NativeAddon | undefined;
  readonly log: Log;
}

export interface FilePoolStats {
  /** Resources (files with their siblings) and descriptors that are kept open. */
  readonly files: number;
  readonly descriptors: number;
  readonly memory: MemoryStats;
  /** Undefined where nothing is encoded here. */
  readonly encoded: EncodedStats | undefined;
}

export interface PooledResource extends Resource<CachedEntry> {
  readonly freshness: Freshness;
}

/** Two for each path of a batch: the addon looks at a file (O_PATH) before it opens it. */
const MIN_RELIEF = 8;

export class FilePool {
  /** Entries leave at the end of the turn, so that an answer made in it can still retain them. */
  readonly turn = createTurn();
  readonly memory: MemoryCache;
  /** Undefined where nothing is encoded here. */
  readonly encoded: EncodedFiles | undefined;
  /** Descriptors that are kept open at most. */
  readonly maxOpen: number;
  /** By table and path. Weighs descriptors. */
  readonly #resources: LRUCache<string, PooledResource>;
  #tables = 0;

  constructor({ policy, addon, log }: FilePoolOptions) {
    this.maxOpen = keptFiles(policy.maxOpenFiles);
    this.#resources = new LRUCache({
      maxSize: this.maxOpen,
      sizeCalculation: ({ variants }) => 1 + variants.length,
      dispose: (resource) => this.#disposed(resource),
    });
    this.memory = new MemoryCache({ policy, addon, turn: this.turn });
    this.encoded = policy.compress && openEncodedFiles(policy.compress, addon, log);
  }

  /** What one more table puts before its paths; nothing for the first. */
  join(): string {
    const number = this.#tables++;
    return number === 0 ? '' : `${number}\0`;
  }

  /** What an engine may keep in memory by itself. */
  share(): EngineKeeping | undefined {
    return this.memory.share();
  }

  get(key: string): PooledResource | undefined {
    return this.#resources.get(key);
  }

  /** In the place of what was there before; makes room for it. */
  set(key: string, resource: PooledResource): void {
    const descriptors = 1 + resource.variants.length;
    const isUsed = (each: string) => {
      const one = this.#resources.peek(each);
      return one?.freshness.isUsed(one.identity.path) === true;
    };
    while (this.#resources.calculatedSize + descriptors > this.maxOpen) {
      const idle = idleKey(this.#resources, isUsed) ?? oldestKey(this.#resources);
      if (idle === undefined) break;
      resource.freshness.crowded();
      this.#resources.delete(idle);
    }
    this.#resources.set(key, resource);
  }

  delete(key: string): void {
    this.#resources.delete(key);
  }

  /** All of one table. */
  clear(freshness: Freshness): void {
    for (const [key, resource] of [...this.#resources.entries()]) {
      if (resource.freshness === freshness) this.#resources.delete(key);
    }
  }

  /** Closes a quarter of the descriptors, but enough for a batch; resolves to false when there are none. */
  async relieve(): Promise<boolean> {
    if (this.#resources.size === 0) return false;
    const open = this.#resources.calculatedSize;
    const target = Math.min(Math.floor(open * 0.75), open - MIN_RELIEF);
    while (this.#resources.size > 0 && this.#resources.calculatedSize > target) {
      this.#resources.pop();
    }
    await this.turn.end();
    return true;
  }

  stats(): FilePoolStats {
    return {
      files: this.#resources.size,
      descriptors: this.#resources.calculatedSize,
      memory: this.memory.stats(),
      encoded: this.encoded?.stats(),
    };
  }

  /** Closes every file that nobody is sending. */
  close(): void {
    this.#resources.clear();
    this.memory.close();
    this.encoded?.close();
    this.turn.flush();
  }

  #disposed(resource: PooledResource): void {
    const { freshness, identity, variants } = resource;
    freshness.unwatch(directoryOf(identity.path));
    const entries = [identity, ...variants];
    for (const entry of entries) this.memory.discard(entry);
    freshness.forget(entries.map((entry) => entry.path));
    this.turn.defer(() => {
      for (const entry of entries) entry.discard();
    });
  }
}
