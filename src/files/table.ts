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
import { BuildReadings } from './builds.ts';
import type { Carried } from './carried.ts';
import { resourcesOf, Statements } from './codings.ts';
import { ContentHashes } from './content-hashes.ts';
import { DictionarySiblings } from './dictionary-siblings.ts';
import { Doorkeeper } from './doorkeeper.ts';
import type { FileEntry } from './entry.ts';
import { meaningOf } from './errno.ts';
import { FilePool, type FilePoolStats } from './file-pool.ts';
import { Freshness, type PreparedAnswers, type Standing } from './freshness.ts';
import { hashFiles } from './hashed-files.ts';
import { KnownNames } from './known-names.ts';
import { Listings, type Read } from './listings.ts';
import { LiveRoot } from './live-root.ts';
import { type Describe, OpenFiles } from './open-files.ts';
import type { FilesPolicy } from './policy.ts';
import { pathKey, Resolutions } from './resolutions.ts';
import { resolve, resolveErrorPage, resolveFallback } from './resolve.ts';
import { closeAll, directoryOf, type Found, type Root, versionOf } from './root.ts';
import { type Outcome, type Shelf, type Unserved, unservedOf } from './search.ts';
import { run, type Steps, settled } from './steps.ts';

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

/** Searches that forms may overtake: there are fewer codings. */
const MAX_AGAIN = 4;

type Find = (shelf: Shelf) => Steps<Outcome>;
export type Listed = Contents | Unserved;

export class FileTable {
  readonly #options: FileTableOptions;
  readonly #freshness: Freshness;
  readonly #root: LiveRoot;
  readonly #pool: FilePool;
  readonly #files: OpenFiles;
  readonly #listings: Listings;
  readonly #known = new Resolutions();
  readonly #names: KnownNames;
  readonly #doorkeeper = new Doorkeeper();
  readonly #statements = new Statements();
  readonly #dictionaries = new DictionarySiblings();
  readonly #hashes = new ContentHashes();
  readonly #builds = new BuildReadings();

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
    for (const cache of [this.#files, this.#listings, this.#known, this.#names, this.#root]) {
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
    return this.#find(key, (shelf) => resolve(shelf, { path, slash, navigation }));
  }

  /** The page of a single-page app, for a path that cannot be looked up. */
  fallback(): Outcome | Promise<Outcome> {
    return this.#find('\0', resolveFallback);
  }

  /** The nearest file of this name at or above the path's directory, as an answer of this status, or not-found. */
  errorPage(path: string, name: string, status: number): Outcome | Promise<Outcome> {
    const key = `${status}\0${name}\0${directoryOf(path)}`;
    return this.#find(key, (shelf) => resolveErrorPage(shelf, path, name, status));
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

  /** Which names stand in each of these directories (root-relative), where that can be told. */
  async names(directories: readonly string[]): Promise<ReadonlyArray<NativeNames | undefined>> {
    return this.#root.use(async (root) => {
      const read = await this.#names.read(root, directories);
      return read.map((names) => names?.native);
    });
  }

  /** This path was asked for before, as `lookup` has it, and answered by others: its next use is not the first. */
  met(path: string): void {
    this.#doorkeeper.knows(pathKey(path, false, false));
    if (this.#options.policy.spa !== undefined) this.#doorkeeper.knows(pathKey(path, false, true));
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
    return { ...this.#pool.stats(), paths: this.#known.size };
  }

  /** Closes every file that nobody is sending. */
  close(): void {
    this.#freshness.close();
    this.#known.clear();
    this.#listings.clear();
    this.#files.close();
    if (this.#options.pool === undefined) this.#pool.close();
    this.#root.close();
  }

  #find(key: string, search: Find): Outcome | Promise<Outcome> {
    if (this.#root.fresh || this.#root.lookNow()) {
      return this.#fresh(key) ?? this.#search(key, search);
    }
    return this.#root.look().then(() => this.#fresh(key) ?? this.#search(key, search));
  }

  #fresh(key: string): Outcome | undefined {
    const known = this.#known.get(key);
    if (known === undefined || this.#freshness.now() >= known.freshUntil) return undefined;
    return this.#isKept(known.resolution) ? known.resolution : undefined;
  }

  #search(key: string, search: Find): Outcome | Promise<Outcome> {
    return this.#known.share(key, () =>
      this.#root.use((root) => run(this.#refresh(key, root, search))),
    );
  }

  *#refresh(key: string, root: Root, search: Find): Steps<Outcome> {
    let freshUntil = this.#freshness.now() + this.#freshness.revalidateMs;
    const known = this.#known.get(key);
    if (known?.resolution.kind === 'file' && this.#isKept(known.resolution)) {
      const changed = yield* this.#check(root, known.resolution.evidence);
      if (this.#serves(root)) for (const path of changed) this.drop(path);
      if (changed.length === 0 && this.#isKept(known.resolution)) {
        known.freshUntil = freshUntil;
        return known.resolution;
      }
    }
    const { changes } = this.#freshness;
    // Most files of a large tree are asked for once: nothing is kept of the first time.
    const again = this.#doorkeeper.knows(key);
    const keeps = again || this.#options.policy.mmapMinUses === 1;
    const shelf = this.#shelve(root, keeps, again ? 1 : 0, (until) => {
      freshUntil = Math.min(freshUntil, until);
    });
    let resolution = yield* search(shelf);
    // A form that was made meanwhile has dropped what was kept by then, and not this.
    for (let i = 0; i < MAX_AGAIN && this.#lacksForm(resolution); i++) {
      resolution = yield* search(shelf);
    }
    if (isMiss(resolution)) {
      // Whoever deploys may remove the last release as soon as the next one has its place.
      if (!this.#root.lookNow()) yield* settled(this.#root.look());
      if (!this.#serves(root)) return yield* settled(this.#search(key, search));
    }
    if (!keeps || !this.#serves(root)) return resolution;
    // The version of a directory must be as new as can be, and a failure may pass: whoever asks next asks anew.
    if (resolution.kind !== 'listing' && resolution.kind !== 'failed') {
      const overtaken = changes !== this.#freshness.changes;
      this.#known.set(key, { resolution, freshUntil: overtaken ? 0 : freshUntil });
    }
    return resolution;
  }

  /**
   * One search finds everything on one root. What it finds after that was replaced is for its own answer only. `rests` is
   * told until when holds what was known beforehand.
   */
  #shelve(root: Root, keeps: boolean, uses: number, rests: (until: number) => void): Shelf {
    const { policy, log } = this.#options;
    return {
      policy,
      log,
      made: (version, but) => this.#pool.encoded?.of(version, but) ?? [],
      statements: this.#statements,
      dictionaries: this.#dictionaries,
      builds: this.#builds,
      read: (...given) => root.read(...given),
      open: (paths) => this.#names.spare(root, paths, rests, (likely) => this.#open(root, likely)),
      adopt: (path, variants) =>
        this.#files.adopt(path, variants, () => keeps && this.#serves(root), uses),
    };
  }

  #lacksForm(resolution: Outcome): boolean {
    if (resolution.kind !== 'file' || this.#pool.encoded === undefined) return false;
    const { identity, variants } = resolution.resource;
    return this.#pool.encoded.has(
      identity.version,
      variants.map(({ coding }) => coding),
    );
  }

  #serves(root: Root): boolean {
    return root === this.#root.current;
  }

  #isKept(resolution: Outcome): boolean {
    if (resolution.kind !== 'file') return true;
    const { resource } = resolution;
    return this.#files.get(resource.identity.path) === resource;
  }

  /**
   * The paths whose evidence no longer holds. A check that fails for reasons of the server's own
   * (EMFILE, EIO) is no evidence of a change: the open file goes on, and the log says so.
   */
  *#check(root: Root, evidence: readonly Evidence[]): Steps<string[]> {
    const paths = evidence.map(({ path }) => path);
    const found = yield* settled(this.#open(root, paths));
    closeAll(found);
    const changed: string[] = [];
    for (const [i, { path, version }] of evidence.entries()) {
      const one = found[i];
      if (one === undefined || versionOf(one) === version) continue;
      if (one.type === 'error' && meaningOf(one.errno).kind === 'failed') {
        this.#options.log.error(`cannot check ${path}: ${one.errno}`, `open:${path}`);
      } else {
        changed.push(path);
      }
    }
    return changed;
  }

  /** Opens, at once where nothing has to be waited for. */
  #open(root: Root, paths: readonly string[]): readonly Found[] | Promise<readonly Found[]> {
    const found = root.openNow(paths);
    if (found === undefined) return this.#openLater(root, paths);
    if (!found.some(isExhausted)) return found;
    closeAll(found);
    return this.#openLater(root, paths);
  }

  /** Where the process is out of descriptors, closes cached files and tries once more. */
  async #openLater(root: Root, paths: readonly string[]): Promise<readonly Found[]> {
    const found = await root.open(paths);
    if (!found.some(isExhausted)) return found;
    this.#options.log.warn('out of file descriptors: closing cached files', 'descriptors');
    if (!(await this.#pool.relieve())) return found;
    closeAll(found);
    return root.open(paths);
  }
}

function isMiss({ kind }: Outcome): boolean {
  return kind === 'not-found' || kind === 'forbidden' || kind === 'failed';
}

function isExhausted(found: Found): boolean {
  return found.type === 'error' && (found.errno === 'EMFILE' || found.errno === 'ENFILE');
}
