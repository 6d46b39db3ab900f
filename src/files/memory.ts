// The memory cache of all sites: which small files that are used often have their bytes in mapped memory.
import { LRUCache } from 'lru-cache';
import type { EngineKeeping } from '../addon/engine.ts';
import type { NativeArena, NativeFile, NativeMemory } from '../addon/files.ts';
import type { NativeAddon } from '../addon/types.ts';
import type { CachedEntry } from './entry.ts';
import { codeOf } from './errno.ts';
import { keptFiles } from './open-limit.ts';
import type { FilesPolicy } from './policy.ts';
import { idleKey } from './second-chance.ts';
import type { Turn } from './turn.ts';

export interface MemoryStats {
  readonly entries: number;
  /** Memory that they take, bytes. */
  readonly bytes: number;
  /** Answers on the JavaScript thread whose bytes were in memory. */
  readonly hits: number;
  /** Answers whose file was small enough and was not in memory. */
  readonly misses: number;
}

export interface MemoryOptions {
  readonly policy: Pick<FilesPolicy, 'maxOpenFiles' | 'cacheSize' | 'mmapMinUses' | 'mmapSource'>;
  readonly addon: NativeAddon | undefined;
  readonly turn: Turn;
}

/** A slot of the arena takes whole cache lines (native/files/arena.cc), a mapping whole pages. */
const GRAIN = { snapshot: 64, file: 4096 } as const;

/** A file written this short a time ago could change again without a trace, so it is not copied (native/files/arena.cc). */
const SETTLING_MS = 100;

/** Copies at a time: a working set larger than the cache must not keep libuv's pool busy with copies. */
const MAX_LOADS = 8;

/** Of the memory, for what an engine keeps by itself: its files are asked for plainly, those here by browsers too. */
const SHARE = 3 / 4;

/** Entries that one newcomer may drive out. */
const MAX_EVICTIONS = 64;

export class MemoryCache {
  readonly #options: MemoryOptions;
  readonly #capacity: number;
  readonly #cached: LRUCache<CachedEntry, NativeMemory>;
  /** Turned away for want of room; they try again when room is given back. */
  readonly #crowded = new Set<CachedEntry>();
  readonly #loading = new Set<CachedEntry>();
  #arena: NativeArena | undefined;
  /** How often memory was given back. */
  #returns = 0;
  #hits = 0;
  #misses = 0;

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.#capacity = options.addon === undefined ? 0 : options.policy.cacheSize;
    this.#cached = new LRUCache({
      maxSize: Math.max(1, this.#capacity),
      sizeCalculation: (_memory, entry) => this.#weight(entry),
    });
  }

  /** Bytes; 0 where nothing is kept. */
  get capacity(): number {
    return this.#capacity;
  }

  /**
   * Keeps all that will be copied here from being swapped out. The name of the errno where that is refused; `no-cache` where
   * no copies are made.
   */
  lock(): 'no-cache' | string | undefined {
    try {
      const arena = this.#arenaOfCopies();
      return arena === undefined ? 'no-cache' : arena.lock();
    } catch (error) {
      return codeOf(error);
    }
  }

  /** What an engine may keep here by itself; undefined where no copies are made. */
  share(): EngineKeeping | undefined {
    const { mmapMinUses: uses, maxOpenFiles } = this.#options.policy;
    try {
      const arena = this.#arenaOfCopies();
      if (arena === undefined) return undefined;
      // What is kept there takes no descriptors.
      const files = keptFiles(maxOpenFiles, Number.POSITIVE_INFINITY);
      return { arena, files, bytes: Math.floor(this.#capacity * SHARE), uses };
    } catch {
      // Whoever copies the first file here meets it again, and reads.
      return undefined;
    }
  }

  /** An answer wants bytes of this entry. Takes it into memory, in the background, once it is hot. */
  use(entry: CachedEntry): void {
    entry.uses++;
    if (entry.memory !== undefined) {
      this.#hits++;
      this.#cached.get(entry);
      return;
    }
    if (!this.#fits(entry)) return;
    this.#misses++;
    if (entry.uses < this.#options.policy.mmapMinUses || entry.crowded) return;
    if (this.#loading.size >= MAX_LOADS || this.#loading.has(entry)) return;
    void this.#load(entry);
  }

  /** The table lets the entry go; its memory goes with its last user. */
  discard(entry: CachedEntry): void {
    this.#crowded.delete(entry);
    this.#cached.delete(entry);
  }

  stats(): MemoryStats {
    return {
      entries: this.#cached.size,
      bytes: this.#cached.calculatedSize,
      hits: this.#hits,
      misses: this.#misses,
    };
  }

  close(): void {
    this.#cached.clear();
    this.#options.turn.defer(() => this.#arena?.close());
  }

  /** Throws an Error with `code` where the system has no room for it. */
  #arenaOfCopies(): NativeArena | undefined {
    const { addon, policy } = this.#options;
    if (addon === undefined || this.#capacity === 0 || policy.mmapSource === 'file')
      return undefined;
    this.#arena ??= addon.createArena(this.#capacity);
    return this.#arena;
  }

  #fits(entry: CachedEntry): boolean {
    return (
      entry.file.native !== undefined &&
      entry.trusted &&
      entry.size > 0 &&
      entry.size <= (entry.keeper?.mmapMax ?? 0) &&
      this.#weight(entry) <= this.#capacity
    );
  }

  #weight(entry: CachedEntry): number {
    const grain = GRAIN[this.#options.policy.mmapSource];
    return Math.ceil(entry.size / grain) * grain;
  }

  async #load(entry: CachedEntry): Promise<void> {
    const native = entry.file.native;
    if (native === undefined) return;
    const returns = this.#returns;
    this.#loading.add(entry);
    entry.retain();
    try {
      const memory = await this.#take(native, entry);
      if (memory === 'full') {
        // Unless memory came back meanwhile: then the next use tries again.
        if (returns === this.#returns) this.#crowd(entry);
      } else if (memory === 'changed') {
        // It may only have been too young: then it tries again, after as many uses.
        entry.uses = 0;
        if (Date.now() - entry.mtimeMs > SETTLING_MS) entry.keeper?.freshness.drop(entry.path);
      } else if (entry.discarded) {
        memory.release();
      } else {
        entry.memory = memory;
        entry.onFreed = () => this.#invite();
        this.#cached.set(entry, memory);
      }
    } catch {
      // An I/O error: whoever sends the file will meet it too, and say so.
      entry.keeper?.freshness.drop(entry.path);
    } finally {
      this.#loading.delete(entry);
      entry.release();
    }
  }

  async #take(native: NativeFile, entry: CachedEntry): Promise<NativeMemory | 'changed' | 'full'> {
    const { addon, policy, turn } = this.#options;
    if (addon === undefined || !this.#makeRoom()) return 'full';
    if (policy.mmapSource === 'file') return addon.mapFile(native, entry.size) ?? 'full';
    this.#arena ??= addon.createArena(this.#capacity);
    for (let evictions = 0; ; evictions++) {
      // What was let go in this turn is free after it.
      await turn.end();
      const memory = await this.#arena.snapshot(native);
      // Slots are freed when their last sender is done, and free ones may be too small.
      if (memory !== 'full' || evictions === MAX_EVICTIONS || !this.#evictOldest()) return memory;
    }
  }

  /** Evicts what was not used for longest until all that is being loaded has room. False: the rest is in use. */
  #makeRoom(): boolean {
    for (let evictions = 0; this.#room() < 0; evictions++) {
      if (evictions === MAX_EVICTIONS || !this.#evictOldest()) return false;
    }
    return true;
  }

  #room(): number {
    let loading = 0;
    for (const entry of this.#loading) loading += this.#weight(entry);
    return this.#capacity - this.#cached.calculatedSize - loading;
  }

  #evictOldest(): boolean {
    const oldest = idleKey(
      this.#cached,
      ({ path, keeper }) => keeper?.freshness.isUsed(path) === true,
    );
    if (oldest === undefined) return false;
    this.#evict(oldest);
    return true;
  }

  /**
   * At once: an answer that is planned after this must not be from that memory, or it would be prepared for
   * the engine and hold the slot for ever. One that was planned before and is not yet sent is read.
   */
  #evict(entry: CachedEntry): void {
    // It must be used as often again before it comes back.
    entry.uses = 0;
    this.#cached.delete(entry);
    entry.retireMemory();
    entry.keeper?.freshness.forget([entry.path]);
  }

  #crowd(entry: CachedEntry): void {
    if (entry.discarded) return;
    entry.crowded = true;
    this.#crowded.add(entry);
  }

  /** Memory was given back: those that it is enough for may try again. */
  #invite(): void {
    this.#returns++;
    let room = this.#room();
    for (const entry of this.#crowded) {
      room -= this.#weight(entry);
      if (room < 0) return;
      this.#crowded.delete(entry);
      entry.crowded = false;
      entry.keeper?.freshness.forget([entry.path]);
    }
  }
}
