// The files of one table that are kept open, by path, in a pool that tables share.
import type { Coding, FileCoding, Resource, Span, Strategy } from '../plan/types.ts';
import { resourcesOf } from './codings.ts';
import { type ContentHashes, HASHED_FIRST, hashPieces, versionNow } from './content-hashes.ts';
import { CachedEntry, type Description, type FileEntry } from './entry.ts';
import { contentEtag, type TagSource, tagSource } from './etag.ts';
import type { FilePool, PooledResource } from './file-pool.ts';
import type { FileCache, Freshness } from './freshness.ts';
import type { FilesPolicy } from './policy.ts';
import { directoryOf } from './root.ts';
import type { OpenVariant } from './search.ts';

/** Prepares what is the same in every answer from a file. `path` is the resource's, for its siblings too. */
export type Describe = (file: {
  readonly path: string;
  readonly coding: Coding;
  /** How the bytes are encoded: a sibling's by its coding, `app.js.gz` by gzip though it was not negotiated. */
  readonly encoding: Coding;
  readonly mtimeMs: number;
  readonly etag: string | undefined;
  /** SHA-256 of its bytes in base64; undefined where digests are off, and until it is known. */
  readonly hash: string | undefined;
  /** Does its build say that its name is the hash of its content? */
  readonly built: boolean;
  /** Has the resource more than one coding? */
  readonly varies: boolean;
  /** And one by a dictionary? */
  readonly variesByDictionary: boolean;
}) => Description;

export interface OpenFilesOptions {
  readonly policy: FilesPolicy;
  readonly describe: Describe;
  readonly freshness: Freshness;
  readonly pool: FilePool;
  readonly hashes: ContentHashes;
}

export class OpenFiles implements FileCache {
  readonly #options: OpenFilesOptions;
  readonly #pool: FilePool;
  /** Before the paths of this table. */
  readonly #prefix: string;
  readonly #hashes: ContentHashes;
  #closed = false;

  constructor(options: OpenFilesOptions) {
    this.#options = options;
    this.#pool = options.pool;
    this.#hashes = options.hashes;
    this.#prefix = options.pool.join();
  }

  /** The resource at this path, if it is kept. */
  get(path: string): Resource<FileEntry> | undefined {
    return this.#pool.get(this.#prefix + path);
  }

  /**
   * Makes a resource of these files, or finds that it is kept already. Their descriptors are taken over. At once,
   * unless one has to be hashed first. One that is not to be kept serves the answers of this turn. `uses`: how often it was
   * used before.
   */
  adopt(
    path: string,
    variants: readonly OpenVariant[],
    isKept: () => boolean,
    uses: number,
  ): Resource<FileEntry> | Promise<Resource<FileEntry>> {
    const unknown = variants.filter(
      (variant) => this.#isHashed(variant) === 'first' && !this.#hashes.learnNow(variant),
    );
    if (unknown.length === 0) return this.#take(path, variants, isKept(), uses);
    return Promise.all(unknown.map((variant) => this.#hashes.learn(variant))).then(() =>
      this.#take(path, variants, isKept(), uses),
    );
  }

  /** Is its content still to be hashed, for its tag or its digest: before the first answer, or after it? */
  #isHashed(variant: OpenVariant): 'first' | 'later' | undefined {
    if (this.#hashes.get(variant.version) !== undefined) return undefined;
    if (this.#options.policy.digest) return variant.size <= HASHED_FIRST ? 'first' : 'later';
    const source = this.#tagSourceOf(variant);
    if (source.kind === 'known') return undefined;
    return source.first ? 'first' : 'later';
  }

  #tagSourceOf({ version, size, coding, made }: OpenVariant): TagSource {
    const { etag } = this.#options.policy;
    // Who else makes it, or makes it again, has another file with the same bytes, or with others.
    if (made && etag !== 'off') return { kind: 'hash', first: true };
    return tagSource(etag, version, size, coding);
  }

  #take(
    path: string,
    variants: readonly OpenVariant[],
    keep: boolean,
    uses: number,
  ): Resource<FileEntry> {
    const current = keep ? this.#pool.get(this.#prefix + path) : undefined;
    if (current !== undefined && isSame(current, variants)) {
      for (const { file } of variants) file.close();
      return current;
    }
    const varies = {
      varies: variants.length > 1,
      variesByDictionary: variants.some(({ dictionary }) => dictionary !== undefined),
    };
    const [identity, ...others] = variants.map((variant) =>
      this.#enter(path, variant, varies, uses),
    );
    if (identity === undefined) throw new Error('a resource without its own file');
    const { freshness } = this.#options;
    const resource: PooledResource = { identity, variants: others, freshness };
    if (this.#closed || !keep) {
      this.#pool.turn.defer(() => discardAll(resource));
    } else {
      // Before the resource in its place goes: their directory stays watched.
      freshness.watch(directoryOf(path));
      this.#pool.set(this.#prefix + path, resource);
    }
    return resource;
  }

  /** Lets go of the resources that this file may belong to. */
  drop(path: string): void {
    for (const owner of resourcesOf(path, this.#options.policy)) {
      this.#pool.delete(this.#prefix + owner);
    }
  }

  clear(): void {
    this.#pool.clear(this.#options.freshness);
  }

  /** An answer wants bytes of this file. */
  use(file: FileEntry): void {
    if (file instanceof CachedEntry && !file.discarded) this.#pool.memory.use(file);
  }

  /** Makes this form of a file, in the background; then the file is looked up anew. */
  encode(file: FileEntry, coding: FileCoding): void {
    if (!(file instanceof CachedEntry) || file.discarded || !file.encodable) return;
    const { freshness } = this.#options;
    this.#pool.encoded?.want(file, coding, {
      isUsed: () => freshness.isUsed(file.path),
      onMade: () => {
        const kept = this.get(file.path)?.identity;
        if (kept?.version === file.version) freshness.drop(file.path);
      },
    });
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
    if (file.grows) return true;
    // A snapshot has the bytes of its version whatever becomes of the file.
    if (strategy === 'mmap' && this.#options.policy.mmapSource === 'snapshot') return true;
    const { native } = file.file;
    if (native !== undefined && file.trusted) return native.isCurrent();
    return this.#holding(
      [file, identity],
      () =>
        versionNow(file.file.fd)
          .then((now) => now === file.version)
          .catch(() => true), // The read finds the same error, and says so.
    );
  }

  /** As of `hashPieces`; it and `identity` of the same resource stay open. */
  async hash(
    file: FileEntry,
    pieces: ReadonlyArray<string | Span>,
    identity: FileEntry = file,
  ): Promise<string | undefined> {
    return this.#holding([file, identity], () => hashPieces(file, pieces));
  }

  /** What is held stays open until the turn ends in which this is fulfilled. */
  #holding<T>(entries: readonly FileEntry[], work: () => Promise<T>): Promise<T> {
    for (const entry of entries) entry.retain();
    return work().finally(() =>
      this.#pool.turn.defer(() => {
        for (const entry of entries) entry.release();
      }),
    );
  }

  /** Closes those that nobody is sending; the pool may yet be others'. */
  close(): void {
    this.#closed = true;
    this.clear();
    this.#pool.turn.flush();
  }

  #enter(path: string, variant: OpenVariant, varies: Varies, uses: number): CachedEntry {
    const { policy, describe, freshness } = this.#options;
    const { coding, encoding, modifiedMs, version, built } = variant;
    const source = this.#tagSourceOf(variant);
    const describeWith = (known: string | undefined) => {
      const etag = source.kind === 'known' ? source.tag : known && contentEtag(known, coding);
      const hash = policy.digest ? known : undefined;
      return describe({
        path,
        coding,
        encoding,
        mtimeMs: modifiedMs,
        etag,
        hash,
        ...varies,
        built,
      });
    };
    const known = this.#hashes.get(version);
    const entry = new CachedEntry(variant.file, variant, describeWith(known));
    entry.keeper = { freshness, mmapMax: policy.cacheSize > 0 ? policy.mmapMax : 0 };
    entry.uses = uses;
    entry.onChanged = () => freshness.drop(variant.path);
    if (this.#isHashed(variant) === 'later') {
      this.#hashes.compute(entry, (hash) => {
        entry.describe(describeWith(hash));
        freshness.forget([variant.path]);
      });
    }
    return entry;
  }
}

type Varies = Pick<Parameters<Describe>[0], 'varies' | 'variesByDictionary'>;

function discardAll({ identity, variants }: PooledResource): void {
  identity.discard();
  for (const variant of variants) variant.discard();
}

function isSame({ identity, variants }: PooledResource, opened: readonly OpenVariant[]): boolean {
  const entries = [identity, ...variants];
  return (
    entries.length === opened.length &&
    entries.every(({ version, coding, built }, i) => {
      const other = opened[i];
      return version === other?.version && coding === other.coding && built === other.built;
    })
  );
}
