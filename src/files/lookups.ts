// What paths name: looked for on the root that there is now, remembered while it holds.
import type { Log } from '../log/log.ts';
import type { Evidence } from '../plan/types.ts';
import { BuildReadings } from './builds.ts';
import { Statements } from './codings.ts';
import { DictionarySiblings } from './dictionary-siblings.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { meaningOf } from './errno.ts';
import type { FilePool } from './file-pool.ts';
import type { FileCache, Freshness } from './freshness.ts';
import type { KnownNames } from './known-names.ts';
import type { LiveRoot } from './live-root.ts';
import type { OpenFiles } from './open-files.ts';
import type { Open } from './opener.ts';
import type { FilesPolicy } from './policy.ts';
import { Resolutions } from './resolutions.ts';
import { closeAll, type Root, versionOf } from './root.ts';
import type { Outcome, Shelf } from './search.ts';
import { run, type Steps, settled } from './steps.ts';

export interface LookupsOptions {
  readonly policy: FilesPolicy;
  readonly root: LiveRoot;
  readonly freshness: Freshness;
  readonly files: OpenFiles;
  readonly names: KnownNames;
  readonly pool: FilePool;
  readonly open: Open;
  readonly log: Log;
}

/** Searches that forms may overtake: there are fewer codings. */
const MAX_AGAIN = 4;

type Find = (shelf: Shelf) => Steps<Outcome>;

export class Lookups implements FileCache {
  readonly #options: LookupsOptions;
  readonly #freshness: Freshness;
  readonly #root: LiveRoot;
  readonly #files: OpenFiles;
  readonly #known = new Resolutions();
  readonly #doorkeeper = new Doorkeeper();
  readonly #statements = new Statements();
  readonly #dictionaries = new DictionarySiblings();
  readonly #builds = new BuildReadings();

  constructor(options: LookupsOptions) {
    this.#options = options;
    this.#freshness = options.freshness;
    this.#root = options.root;
    this.#files = options.files;
  }

  /** Questions whose answer is remembered. */
  get size(): number {
    return this.#known.size;
  }

  /** It was asked before, and answered by others: its next use is not the first. */
  met(key: string): void {
    this.#doorkeeper.knows(key);
  }

  drop(path: string): void {
    this.#known.drop(path);
  }

  suspect(path: string): void {
    this.#known.suspect(path);
  }

  clear(): void {
    this.#known.clear();
  }

  /**
   * At once and without I/O where the answer to this question is known and fresh, at once also where nothing has to be waited
   * for; concurrent questions share one search.
   */
  find(key: string, search: Find): Outcome | Promise<Outcome> {
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
      if (this.#serves(root)) for (const path of changed) this.#freshness.drop(path);
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
    const { policy, names, pool, open, log } = this.#options;
    return {
      policy,
      log,
      made: (version, but) => pool.encoded?.of(version, but) ?? [],
      statements: this.#statements,
      dictionaries: this.#dictionaries,
      builds: this.#builds,
      read: (...given) => root.read(...given),
      open: (paths) => names.spare(root, paths, rests, (likely) => open(root, likely)),
      adopt: (path, variants) =>
        this.#files.adopt(path, variants, () => keeps && this.#serves(root), uses),
    };
  }

  #lacksForm(resolution: Outcome): boolean {
    const { encoded } = this.#options.pool;
    if (resolution.kind !== 'file' || encoded === undefined) return false;
    const { identity, variants } = resolution.resource;
    return encoded.has(
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
    const found = yield* settled(this.#options.open(root, paths));
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
}

function isMiss({ kind }: Outcome): boolean {
  return kind === 'not-found' || kind === 'forbidden' || kind === 'failed';
}
