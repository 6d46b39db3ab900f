// The file table: what paths name, remembered while it holds. Knows no HTTP.
import type { NativeNames } from '../addon/files.ts';
import type { NativeAddon } from '../addon/types.ts';
import type { Log } from '../log/log.ts';
import type {
  Contents,
  Evidence,
  FileCoding,
  Lease,
  Listing,
  Span,
  Strategy,
} from '../plan/types.ts';
import type { Carried } from './carried.ts';
import { resourcesOf } from './codings.ts';
import { ContentHashes } from './content-hashes.ts';
import type { FileEntry } from './entry.ts';
import { FilePool, type FilePoolStats } from './file-pool.ts';
import { Freshness, type PreparedAnswers, type Standing } from './freshness.ts';
import { hashFiles } from './hashed-files.ts';
import { KnownNames } from './known-names.ts';
import { Listings, type Read } from './listings.ts';
import { LiveRoot } from './live-root.ts';
import { Lookups } from './lookups.ts';
import { type Describe, OpenFiles } from './open-files.ts';
import { createOpener, type Open } from './opener.ts';
import type { FilesPolicy } from './policy.ts';
import { pathKey } from './resolutions.ts';
import { resolve, resolveErrorPage, resolveFallback } from './resolve.ts';
import { directoryOf, type Found, type Root } from './root.ts';
import { type Outcome, type Unserved, unservedOf } from './search.ts';

export interface FileTableOptions {
  readonly policy: FilesPolicy;
  /** Open; the table closes it. */
  readonly root: Root;
  readonly addon: NativeAddon | undefined;
  readonly describe: Describe;
  /** Told what the site's own rules say, whenever they are read (`FilesPolicy.siteRules`). */
  readonly onCarried?: ((carried: Carried) => void) | undefined;
  /** That of others too, who close it; where it is left out, one of its own. */
  readonly pool?: FilePool | undefined;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/** Of what tables have in a pool together: of all of them. */
export interface TableStats extends FilePoolStats {
  /** Paths whose resolution is remembered. */
  readonly paths: number;
}

/** Of a file, before it is encoded: what is asked for once stays as it is. */
const MIN_USES = 2;

export type Listed = Contents | Unserved;

export class FileTable {
  readonly #options: FileTableOptions;
  readonly #freshness: Freshness;
  readonly #root: LiveRoot;
  readonly #pool: FilePool;
  readonly #files: OpenFiles;
  readonly #listings: Listings;
  readonly #names: KnownNames;
  readonly #lookups: Lookups;
  readonly #open: Open;
  readonly #hashes = new ContentHashes();

  constructor(options: FileTableOptions) {
    const { policy, root, addon, describe, log } = options;
    const freshness = new Freshness({ policy, log, now: options.now ?? (() => performance.now()) });
    this.#options = options;
    this.#freshness = freshness;
    this.#root = new LiveRoot({
      ...{ root, path: policy.root, watch: policy.watch, log, freshness },
      onCarried: policy.siteRules ? options.onCarried : undefined,
    });
    this.#pool = options.pool ?? new FilePool({ policy, addon, log });
    this.#open = createOpener(this.#pool, log);
    this.#files = new OpenFiles({
      ...{ policy, describe, freshness, pool: this.#pool },
      hashes: this.#hashes,
    });
    this.#listings = new Listings({
      use: async (work) =>
        this.#root.use((root) =>
          work({
            open: async (paths) => this.#open(root, paths),
            read: (...given) => root.read(...given),
          }),
        ),
      dotfiles: policy.dotfiles === 'allow',
      siteRules: policy.siteRules,
      freshness,
      log,
    });
    this.#names = new KnownNames(freshness);
    this.#lookups = new Lookups({
      ...{ policy, freshness, log, root: this.#root, files: this.#files, names: this.#names },
      ...{ pool: this.#pool, open: this.#open },
    });
    for (const cache of [this.#files, this.#listings, this.#lookups, this.#names, this.#root]) {
      freshness.join(cache);
    }
  }

  /**
   * What a path names: decoded and normalised, whether it ended in a slash, and whether a single-page
   * app may answer it. At once and without I/O where that is known and fresh, at once also where nothing has to be waited
   * for; concurrent questions share one search. Entries are open as `FileEntry` says.
   */
  lookup(path: string, slash: boolean, navigation: boolean): Outcome | Promise<Outcome> {
    const key = pathKey(path, slash, navigation);
    return this.#lookups.find(key, (shelf) => resolve(shelf, { path, slash, navigation }));
  }

  /** The page of a single-page app, for a path that cannot be looked up. */
  fallback(): Outcome | Promise<Outcome> {
    return this.#lookups.find('\0', resolveFallback);
  }

  /** The nearest file of this name at or above the path's directory, as an answer of this status, or not-found. */
  errorPage(path: string, name: string, status: number): Outcome | Promise<Outcome> {
    const key = `${status}\0${name}\0${directoryOf(path)}`;
    return this.#lookups.find(key, (shelf) => resolveErrorPage(shelf, path, name, status));
  }

  /** What is in a directory that a lookup found: at once where it is kept and fresh. Or why it cannot be told. */
  list({ path, version }: Listing): Listed | Promise<Listed> {
    const directory = path.slice(1, -1);
    const listed = (read: Read) =>
      'kind' in read ? read : unservedOf(directory, read, this.#options.log);
    const read = this.#listings.get(directory, version);
    return read instanceof Promise ? read.then(listed) : listed(read);
  }

  /** SHA-256 of files of a directory by name, as of `hashFiles`. */
  async hashes({ path }: Listing, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#root.use((root) =>
      hashFiles(names, path.slice(1), this.#hashes, (paths) => this.#open(root, paths)),
    );
  }

  /** What opens root-relative paths, all beneath the root that there is now, until `done` settles. */
  hold(done: Promise<void>): (path: string) => Promise<Found> {
    const { current } = this.#root;
    void this.#root.use(() => done);
    return async (path) => {
      const [found] = await this.#open(current, [path]);
      return found ?? { type: 'error', errno: 'EIO' };
    };
  }

  /** What stands at this root-relative path now: a descriptor in it is the receiver's to close. Never rejects. */
  async find(path: string): Promise<Found> {
    const [found] = await this.#root.use(async (root) => this.#open(root, [path]));
    return found ?? { type: 'error', errno: 'EIO' };
  }

  /** Which names stand in each of these directories (root-relative), where that can be told. */
  async names(directories: readonly string[]): Promise<ReadonlyArray<NativeNames | undefined>> {
    return this.#root.use(async (root) => {
      const read = await this.#names.read(root, directories);
      return read.map((names) => names?.native);
    });
  }

  /** This path was asked for before, as `lookup` has it, and answered by others: its next use is not the first. */
  met(path: string): void {
    this.#lookups.met(pathKey(path, false, false));
    if (this.#options.policy.spa !== undefined) this.#lookups.met(pathKey(path, false, true));
  }

  /** While what holds contents that `list` returned are what it would return; undefined where it would look again. */
  lease({ path, version, evidence }: Listing, contents: Contents): Lease | undefined {
    const directory = path.slice(1, -1);
    const ms = this.#listings.lasts(directory, version, contents);
    if (ms === 0) return undefined;
    // What is absent from it is told by its own version.
    const isTold = (one: Evidence) => one.version === '' && directoryOf(one.path) === directory;
    return { evidence: evidence.filter((one) => !isTold(one)), ms };
  }

  /** An answer wants bytes of this file: brings it nearer to the memory cache. */
  use(file: FileEntry): void {
    this.#files.use(file);
  }

  /** A client would rather have this coding of the file: once that is asked for again and again, it is made. */
  encode(file: FileEntry, coding: FileCoding): void {
    if (file.uses >= MIN_USES) this.#files.encode(file, coding);
  }

  /**
   * Is what this strategy would send still the file's version? At once where that cannot wait. `identity` of
   * the same resource stays open too.
   */
  isCurrent(
    file: FileEntry,
    strategy: Strategy,
    identity: FileEntry | undefined,
  ): boolean | Promise<boolean> {
    return this.#files.isCurrent(file, strategy, identity);
  }

  /** SHA-256 in base64 of what an answer sends: texts, and spans of this file. Undefined where that cannot be told. */
  hash(
    file: FileEntry,
    pieces: ReadonlyArray<string | Span>,
    identity: FileEntry | undefined,
  ): Promise<string | undefined> {
    return this.#files.hash(file, pieces, identity);
  }

  /** Forgets at once what is known of this root-relative path: it is no longer what it was. */
  drop(path: string): void {
    this.#freshness.drop(path);
  }

  /** These root-relative paths may have changed: they are looked at before the next answer. */
  suspect(paths: readonly string[]): void {
    this.#freshness.suspect(paths);
  }

  /** The root's path may name another directory by now, or hold other rules. Resolves to what stands there. */
  async lookAtRoot(): Promise<Standing> {
    this.#root.suspect();
    await this.#root.look();
    return this.standing;
  }

  get standing(): Standing {
    return { root: this.#root.current.native, rules: this.#root.evidence };
  }

  /** The kernel refused sendfile for this root-relative path: its answers are planned anew. */
  markRefused(path: string): void {
    for (const owner of resourcesOf(path, this.#options.policy)) {
      const resource = this.#files.get(owner);
      if (resource === undefined) continue;
      for (const file of [resource.identity, ...resource.variants]) {
        if (file.path === path) file.markRefused();
      }
    }
    this.#freshness.forget([path]);
  }

  /** From now on, tells these answers what to forget and asks them what is in use. */
  attach(answers: PreparedAnswers): void {
    this.#freshness.attach(answers);
  }

  /** Changes in this root-relative directory are to be heard of. Counts. */
  watch(directory: string): void {
    this.#freshness.watch(directory);
  }

  unwatch(directory: string): void {
    this.#freshness.unwatch(directory);
  }

  stats(): TableStats {
    return { ...this.#pool.stats(), paths: this.#lookups.size };
  }

  /** Closes every file that nobody is sending. */
  close(): void {
    this.#freshness.close();
    this.#lookups.clear();
    this.#listings.clear();
    this.#files.close();
    if (this.#options.pool === undefined) this.#pool.close();
    this.#root.close();
  }
}
