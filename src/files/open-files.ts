// The files that are kept open: by path, the least recently used closed first.
import { LRUCache } from 'lru-cache';
import type { EngineKeeping, NativeAddon } from '../addon/types.ts';
import type { Coding, Resource, Strategy } from '../plan/types.ts';
import { resourcesOf } from './codings.ts';
import { CachedEntry, type Description, type FileEntry } from './entry.ts';
import { ContentEtags, tagSource, versionNow } from './etag.ts';
import type { FileCache, Freshness } from './freshness.ts';
import { MemoryCache, type MemoryStats } from './memory.ts';
import { keptFiles } from './open-limit.ts';
import type { FilesPolicy } from './policy.ts';
import { directoryOf } from './root.ts';
import type { OpenVariant } from './search.ts';
import { idleKey, oldestKey } from './second-chance.ts';
import { createTurn } from './turn.ts';

/** Prepares what is the same in every answer from a file. `path` is the resource's, for its siblings too. */
export type Describe = (file: {
  readonly path: string;
  readonly coding: Coding;
  /** How the bytes are encoded: a sibling's by its coding, `app.js.gz` by gzip though it was not negotiated. */
  readonly encoding: Coding;
  readonly mtimeMs: number;
  readonly etag: string | undefined;
  /** Does its build say that its name is the hash of its content? */
  readonly built: boolean;
  /** Has the resource more than one coding? */
  readonly varies: boolean;
}) => Description;

export interface OpenFilesOptions {
  readonly policy: FilesPolicy;
  readonly addon: NativeAddon | undefined;
  readonly describe: Describe;
  readonly freshness: Freshness;
}

export interface OpenFilesStats {
  /** Resources (files with their siblings) and descriptors that are kept open. */
  readonly files: number;
  readonly descriptors: number;
  readonly memory: MemoryStats;
}

type CachedResource = Resource<CachedEntry>;

/** Two for each path of a batch: the addon looks at a file (O_PATH) before it opens it. */
const MIN_RELIEF = 8;

/** Entries leave at the end of the turn, so that an answer made in it can still retain them. */
export class OpenFiles implements FileCache {
  readonly #options: OpenFilesOptions;
  /** Weighs descriptors. */
  readonly #resources: LRUCache<string, CachedResource>;
  readonly #maxOpen: number;
  readonly #memory: MemoryCache;
  readonly #etags = new ContentEtags();
  readonly #turn = createTurn();
  #closed = false;

  constructor(options: OpenFilesOptions) {
    const { policy, addon, freshness } = options;
    this.#options = options;
    this.#maxOpen = keptFiles(policy.maxOpenFiles);
    this.#resources = new LRUCache({
      maxSize: this.#maxOpen,
      sizeCalculation: ({ variants }) => 1 + variants.length,
      dispose: (resource, path) => this.#disposed(resource, path),
    });
    this.#memory = new MemoryCache({ policy, addon, freshness, turn: this.#turn });
  }

  /** Descriptors that are kept open at most. */
  get maxOpen(): number {
    return this.#maxOpen;
  }

  /** What an engine may keep in memory by itself. */
  share(): EngineKeeping | undefined {
    return this.#memory.share();
  }

  /** The resource at this path, if it is kept. */
  get(path: string): Resource<FileEntry> | undefined {
    return this.#resources.get(path);
  }

  /**
   * Makes a resource of these files, or finds that it is kept already. Their descriptors are taken over. At once,
   * unless a tag has to be hashed first. One that is not to be kept serves the answers of this turn. `uses`: how often it was
   * used before.
   */
  adopt(
    path: string,
    variants: readonly OpenVariant[],
    isKept: () => boolean,
    uses: number,
  ): Resource<FileEntry> | Promise<Resource<FileEntry>> {
    const unknown = variants.filter(
      (variant) => this.#isHashedFirst(variant) && !this.#etags.learnNow(variant),
    );
    if (unknown.length === 0) return this.#take(path, variants, isKept(), uses);
    return Promise.all(unknown.map((variant) => this.#etags.learn(variant))).then(() =>
      this.#take(path, variants, isKept(), uses),
    );
  }

  #isHashedFirst(variant: OpenVariant): boolean {
    const { version, size, coding } = variant;
    const source = tagSource(this.#options.policy.etag, version, size, coding);
    return source.kind === 'hash' && source.first && this.#etags.get(variant) === undefined;
  }

  #take(
    path: string,
    variants: readonly OpenVariant[],
    keep: boolean,
    uses: number,
  ): Resource<FileEntry> {
    const current = keep ? this.#resources.get(path) : undefined;
    if (current !== undefined && isSame(current, variants)) {
      for (const { file } of variants) file.close();
      return current;
    }
    const varies = variants.length > 1;
    const [identity, ...others] = variants.map((variant) =>
      this.#enter(path, variant, varies, uses),
    );
    if (identity === undefined) throw new Error('a resource without its own file');
    const resource: CachedResource = { identity, variants: others };
    if (this.#closed || !keep) {
      this.#turn.defer(() => discardAll(resource));
    } else {
      this.#makeRoom(variants.length);
      // Before the resource in its place goes: their directory stays watched.
      this.#options.freshness.watch(directoryOf(path));
      this.#resources.set(path, resource);
    }
    return resource;
  }

  /** Lets go of the resources that this file may belong to. */
  drop(path: string): void {
    for (const owner of resourcesOf(path, this.#options.policy)) this.#resources.delete(owner);
  }

  clear(): void {
    this.#resources.clear();
  }

  /** An answer wants bytes of this file. */
  use(file: FileEntry): void {
    if (file instanceof CachedEntry && !file.discarded) this.#memory.use(file);
  }

  /**
   * Is what this strategy would send still the version that was opened? At once where looking
   * cannot wait for a disk or a network.
   */
  isCurrent(
    file: FileEntry,
    strategy: Strategy,
    identity: FileEntry = file,
  ): boolean | Promise<boolean> {
    // A snapshot has the bytes of its version whatever becomes of the file.
    if (strategy === 'mmap' && this.#options.policy.mmapSource === 'snapshot') return true;
    const { native } = file.file;
    if (native !== undefined && file.trusted) return native.isCurrent();
    file.retain();
    identity.retain();
    return versionNow(file.file.fd)
      .then((now) => now === file.version)
      .catch(() => true) // The read finds the same error, and says so.
      .finally(() =>
        this.#turn.defer(() => {
          file.release();
          identity.release();
        }),
      );
  }

  /** Closes a quarter of the descriptors, but enough for a batch; resolves to false when there are none. */
  async relieve(): Promise<boolean> {
    if (this.#resources.size === 0) return false;
    const open = this.#resources.calculatedSize;
    const target = Math.min(Math.floor(open * 0.75), open - MIN_RELIEF);
    while (this.#resources.size > 0 && this.#resources.calculatedSize > target) {
      this.#resources.pop();
    }
    await this.#turn.end();
    return true;
  }

  stats(): OpenFilesStats {
    return {
      files: this.#resources.size,
      descriptors: this.#resources.calculatedSize,
      memory: this.#memory.stats(),
    };
  }

  /** Closes every file that nobody is sending. */
  close(): void {
    this.#closed = true;
    this.#resources.clear();
    this.#memory.close();
    this.#turn.flush();
  }

  #enter(path: string, variant: OpenVariant, varies: boolean, uses: number): CachedEntry {
    const { policy, describe, freshness } = this.#options;
    const { coding, encoding, mtimeMs, size, version, built } = variant;
    const describeWith = (etag: string | undefined) =>
      describe({ path, coding, encoding, mtimeMs, etag, varies, built });
    const source = tagSource(policy.etag, version, size, coding);
    const known = source.kind === 'known' ? source.tag : this.#etags.get(variant);
    const entry = new CachedEntry(variant.file, variant, describeWith(known));
    entry.uses = uses;
    entry.onChanged = () => freshness.drop(variant.path);
    if (source.kind === 'hash' && !source.first && known === undefined) {
      this.#etags.compute(entry, (etag) => {
        entry.describe(describeWith(etag));
        freshness.forget([variant.path]);
      });
    }
    return entry;
  }

  #makeRoom(descriptors: number): void {
    const isUsed = (path: string) => this.#options.freshness.isUsed(path);
    while (this.#resources.calculatedSize + descriptors > this.#maxOpen) {
      const path = idleKey(this.#resources, isUsed) ?? oldestKey(this.#resources);
      if (path === undefined) return;
      this.#options.freshness.crowded();
      this.#resources.delete(path);
    }
  }

  #disposed(resource: CachedResource, path: string): void {
    this.#options.freshness.unwatch(directoryOf(path));
    const entries = [resource.identity, ...resource.variants];
    for (const entry of entries) this.#memory.discard(entry);
    this.#options.freshness.forget(entries.map((entry) => entry.path));
    this.#turn.defer(() => discardAll(resource));
  }
}

function discardAll({ identity, variants }: CachedResource): void {
  identity.discard();
  for (const variant of variants) variant.discard();
}

function isSame({ identity, variants }: CachedResource, opened: readonly OpenVariant[]): boolean {
  const entries = [identity, ...variants];
  return (
    entries.length === opened.length &&
    entries.every(({ version, coding, built }, i) => {
      const other = opened[i];
      return version === other?.version && coding === other.coding && built === other.built;
    })
  );
}
