// The file table: what paths name, remembered while it holds. Knows no HTTP.
import { LRUCache } from 'lru-cache';
import type { NativeAddon } from '../native.ts';
import type { Evidence, Resolution, Strategy } from '../plan/types.ts';
import type { Log } from '../transport/transport.ts';
import type { FileEntry } from './entry.ts';
import { meaningOf } from './errno.ts';
import { list } from './listing.ts';
import { type Describe, OpenFiles, type OpenFilesStats } from './open-files.ts';
import type { FilesPolicy } from './policy.ts';
import { resolve, resolvePage, type Shelf } from './resolve.ts';
import { closeAll, type Found, type Root, versionOf } from './root.ts';
import { dependents, directoryOf, pathKey, resourcesOf } from './table-keys.ts';
import { createWatcher, type Watcher } from './watch.ts';

/** Whoever keeps prepared answers of its own, made from these files. */
export interface Answers {
  /** What rests on these root-relative paths is no longer valid. */
  forget(paths: readonly string[]): void;
  /** Was the file used since this was asked last? */
  used?(path: string): boolean;
}

export interface FileTableOptions {
  readonly policy: FilesPolicy;
  readonly root: Root;
  readonly addon: NativeAddon | undefined;
  readonly describe: Describe;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

export interface TableStats extends OpenFilesStats {
  /** Paths whose resolution is remembered. */
  readonly paths: number;
}

interface Known {
  readonly resolution: Resolution<FileEntry>;
  freshUntil: number;
}

/** Resolutions that are remembered, failures among them, and the characters of their paths. */
const MAX_PATHS = 16_384;
const MAX_PATH_CHARACTERS = 4 * 1024 * 1024;

export class FileTable {
  readonly #options: FileTableOptions;
  readonly #now: () => number;
  readonly #shelf: Shelf;
  /** By `pathKey`. A file's resolution counts while its resource is kept open. */
  readonly #known: LRUCache<string, Known>;
  readonly #flights = new Map<string, Promise<Resolution<FileEntry>>>();
  readonly #files: OpenFiles;
  readonly #watcher: Watcher | undefined;
  readonly #answers: Answers[] = [];
  /** Counts what was dropped: a search that it overtook may have seen the state before. */
  #drops = 0;

  constructor(options: FileTableOptions) {
    const { policy, root, addon, describe, log } = options;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#known = new LRUCache({
      max: MAX_PATHS,
      maxSize: MAX_PATH_CHARACTERS,
      sizeCalculation: ({ resolution }, key) => key.length + sizeOf(resolution),
    });
    this.#watcher = policy.watch
      ? createWatcher({ root: policy.root, log, onChange: (path) => this.drop(path) })
      : undefined;
    const files = new OpenFiles({
      policy,
      addon,
      describe,
      isUsed: (path) => this.#answers.some((answers) => answers.used?.(path) === true),
      forget: (paths) => this.#forget(paths),
      onStale: (path) => this.drop(path),
      onOpen: (path) => this.#watcher?.watch(directoryOf(path)),
      onClose: (path) => this.#watcher?.unwatch(directoryOf(path)),
    });
    this.#files = files;
    this.#shelf = {
      policy,
      log,
      open: (paths) => this.#open(paths),
      list: (directory, path) => list(root, directory.file, path, policy),
      adopt: (path, variants) => files.adopt(path, variants),
    };
  }

  /**
   * What a path names: decoded and normalised, whether it ended in a slash, and whether a single-page
   * app may answer it. At once and without I/O where that is known and fresh; concurrent questions share
   * one search. Entries are open as `FileEntry` says.
   */
  lookup(
    path: string,
    slash: boolean,
    navigation: boolean,
  ): Resolution<FileEntry> | Promise<Resolution<FileEntry>> {
    const key = pathKey(path, slash, navigation);
    return (
      this.#fresh(key) ?? this.#search(key, () => resolve(this.#shelf, { path, slash, navigation }))
    );
  }

  /** The nearest file of this name at or above the path's directory, as an answer of this status, or not-found. */
  page(
    path: string,
    name: string,
    status: number,
  ): Resolution<FileEntry> | Promise<Resolution<FileEntry>> {
    const key = `${status}\0${name}\0${directoryOf(path)}`;
    return (
      this.#fresh(key) ?? this.#search(key, () => resolvePage(this.#shelf, path, name, status))
    );
  }

  /** An answer wants bytes of this file: brings it nearer to the memory cache. */
  use(file: FileEntry): void {
    this.#files.use(file);
  }

  /** Is what this strategy would send still the file's version? At once where that cannot wait. */
  isCurrent(file: FileEntry, strategy: Strategy): boolean | Promise<boolean> {
    return this.#files.isCurrent(file, strategy);
  }

  /** Forgets at once what is known of this root-relative path: it is no longer what it was. */
  drop(path: string): void {
    this.#drops++;
    for (const owner of resourcesOf(path, this.#options.policy)) this.#files.drop(owner);
    for (const key of dependents(path)) this.#known.delete(key);
    this.#forget([path]);
  }

  /** These root-relative paths may have changed: they are looked at before the next answer. */
  suspect(paths: readonly string[]): void {
    this.#drops++;
    for (const path of paths) {
      for (const key of dependents(path)) {
        const known = this.#known.peek(key);
        if (known !== undefined) known.freshUntil = 0;
      }
    }
  }

  /** The kernel refused sendfile for this root-relative path: its answers are planned anew. */
  refuse(path: string): void {
    for (const owner of resourcesOf(path, this.#options.policy)) {
      const resource = this.#files.get(owner);
      if (resource === undefined) continue;
      for (const file of [resource.identity, ...resource.variants]) {
        if (file.path === path) file.markRefused();
      }
    }
    this.#forget([path]);
  }

  /** From now on, tells these answers what to forget and asks them what is in use. */
  attach(answers: Answers): void {
    this.#answers.push(answers);
  }

  stats(): TableStats {
    return { ...this.#files.stats(), paths: this.#known.size };
  }

  /** Closes every file that nobody is sending. */
  close(): void {
    this.#watcher?.close();
    this.#known.clear();
    this.#files.close();
  }

  #fresh(key: string): Resolution<FileEntry> | undefined {
    const known = this.#known.get(key);
    if (known === undefined || this.#now() >= known.freshUntil) return undefined;
    return this.#isKept(known.resolution) ? known.resolution : undefined;
  }

  #search(
    key: string,
    search: () => Promise<Resolution<FileEntry>>,
  ): Promise<Resolution<FileEntry>> {
    const flying = this.#flights.get(key);
    if (flying !== undefined) return flying;
    const flight = this.#refresh(key, search).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  async #refresh(
    key: string,
    search: () => Promise<Resolution<FileEntry>>,
  ): Promise<Resolution<FileEntry>> {
    const freshUntil = this.#now() + this.#options.policy.revalidateMs;
    const known = this.#known.get(key);
    if (known?.resolution.kind === 'file' && this.#isKept(known.resolution)) {
      const changed = await this.#check(known.resolution.evidence);
      for (const path of changed) this.drop(path);
      if (changed.length === 0 && this.#isKept(known.resolution)) {
        known.freshUntil = freshUntil;
        return known.resolution;
      }
    }
    const drops = this.#drops;
    const resolution = await search();
    // A listing is long, and a failure may pass: whoever asks next asks anew.
    if (resolution.kind !== 'listing' && resolution.kind !== 'failed') {
      const overtaken = drops !== this.#drops;
      this.#known.set(key, { resolution, freshUntil: overtaken ? 0 : freshUntil });
    }
    return resolution;
  }

  #isKept(resolution: Resolution<FileEntry>): boolean {
    if (resolution.kind !== 'file') return true;
    const { resource } = resolution;
    return this.#files.get(resource.identity.path) === resource;
  }

  /**
   * The paths whose evidence no longer holds. A check that fails for reasons of the server's own
   * (EMFILE, EIO) is no evidence of a change: the open file goes on, and the log says so.
   */
  async #check(evidence: readonly Evidence[]): Promise<string[]> {
    const found = await this.#open(evidence.map(({ path }) => path));
    closeAll(found);
    const changed: string[] = [];
    for (const [i, { path, version }] of evidence.entries()) {
      const one = found[i];
      if (one === undefined || versionOf(one) === version) continue;
      if (one.type === 'error' && meaningOf(one.errno).refusal === 'failed') {
        this.#options.log.error(`cannot check ${path}: ${one.errno}`, `open:${path}`);
      } else {
        changed.push(path);
      }
    }
    return changed;
  }

  /** Opens; where the process is out of descriptors, closes cached files and tries once more. */
  async #open(paths: readonly string[]): Promise<readonly Found[]> {
    const found = await this.#options.root.open(paths);
    if (!found.some(isExhausted)) return found;
    this.#options.log.warn('out of file descriptors: closing cached files', 'descriptors');
    if (!(await this.#files.relieve())) return found;
    closeAll(found);
    return this.#options.root.open(paths);
  }

  #forget(paths: readonly string[]): void {
    for (const answers of this.#answers) answers.forget(paths);
  }
}

function isExhausted(found: Found): boolean {
  return found.type === 'error' && (found.errno === 'EMFILE' || found.errno === 'ENFILE');
}

/** Characters that a resolution keeps beside its key. */
function sizeOf(resolution: Resolution<FileEntry>): number {
  switch (resolution.kind) {
    case 'file':
    case 'not-found':
      return (resolution.evidence ?? []).reduce((sum, { path }) => sum + path.length + 64, 64);
    case 'redirect':
      return resolution.location.length + 64;
    default:
      return 64;
  }
}
