// Which directories the engine knows so well that it opens their files by itself: kept on the JavaScript thread.
import type { NativeEngine } from '../../addon/engine.ts';
import type { NativeNames } from '../../addon/files.ts';
import { directoryOf } from '../../files/root.ts';
import { isPlain } from '../../http/target.ts';
import type { Reach } from '../../plan/types.ts';
import type { Answer } from '../../site/answer.ts';
import type { Templates } from '../../site/templates.ts';
import { ReadQueue } from './read-queue.ts';
import { engineTemplate } from './reply.ts';

export interface DirectoryIndexOptions {
  readonly engine: Pick<NativeEngine, 'putDirectory' | 'removeDirectory' | 'putTemplate'>;
  readonly templates: Templates;
  readonly reach: Reach;
  /** Those of each of these root-relative directories, where they can be told. Never rejects. */
  readonly names: (
    directories: readonly string[],
  ) => Promise<ReadonlyArray<NativeNames | undefined>>;
  /** Changes in a root-relative directory are to be heard of, or need not be any more. */
  readonly watch: (directory: string) => void;
  readonly unwatch: (directory: string) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Taken by the indexes of all sites together. */
  readonly taken: Taken;
}

export interface Taken {
  directories: number;
  names: number;
}

/** Directories to which all rules are alike. */
interface Group {
  readonly id: number;
  readonly tried: readonly string[];
  /** Whose template the engine has, or to which a rule is in the way. */
  readonly extensions: Set<string>;
}

interface Known {
  readonly path: string;
  readonly group: Group;
  names: NativeNames | undefined;
  /** Requests before it is tried again to read its names. */
  patience: number;
  /** Milliseconds; not read again before. */
  readAfter: number;
  /** Are files of it kept? */
  watched: boolean;
}

/** Some 1 KiB each, beside the names; and of groups no more. */
const MAX_DIRECTORIES = 16_384;
/** Names of all directories: 8 to 16 bytes each. */
const MAX_NAMES = 2 ** 22;
/** A page has a few kinds of files; whoever asks for others fills no memory. */
const MAX_EXTENSIONS = 64;
const PATIENCE = 4;
/** Directories that are known before anybody asks for them, and how many names may be. */
const MAX_AHEAD = 1024;
const MAX_NAMES_AHEAD = 2 ** 18;
const MAX_PATIENCE = 2 ** 20;
/** What cannot be read now may be settled by then: its last change has to be 3 s old. */
const RETRY_MS = 4000;
/** Reading takes at most a part of the time. */
const READ_SHARE = 20;

export class DirectoryIndex {
  readonly #options: DirectoryIndexOptions;
  readonly #known = new Map<string, Known>();
  readonly #groups = new Map<string, Group>();
  readonly #queue = new ReadQueue<Known>((some) => this.#readNames(some));
  #off = false;

  constructor(options: DirectoryIndexOptions) {
    this.#options = options;
  }

  /** A request for this path (bytes as sent, query cut off) was answered here. */
  learn(path: string, { status, resource }: Answer): void {
    if (this.#off || !isPlain(path)) return;
    const directory = directoryOf(path);
    if (resource?.identity.path === path.slice(1)) {
      const known = this.#known.get(directory) ?? this.#add(directory);
      if (known !== undefined) this.#prepare(known, extensionOf(path));
      if (!this.#known.has('')) this.#add('');
    } else if (status === 404 && !this.#known.has(directory)) {
      this.#descend(directory);
    }
  }

  /** Gets to know the next directory on the way to this one, whether it exists being told by the names above it. */
  #descend(directory: string): void {
    let known = this.#known.get('') ?? this.#add('');
    for (const name of directory.split('/').slice(1)) {
      if (known?.names?.mayHave(name) !== true) return;
      const path = `${known.path}/${name}`;
      known = this.#known.get(path) ?? this.#add(path);
    }
  }

  /**
   * The nearest directory above a path of which it is known that it lacks the path, or the directory on the way to it; or the
   * highest above that one where whatever is missing has the same answer.
   */
  lacking(path: string): string | undefined {
    if (!isPlain(path)) return undefined;
    for (let end = path.length; end > 0; ) {
      const start = path.lastIndexOf('/', end - 1);
      const known = this.#known.get(path.slice(0, start));
      if (known !== undefined) {
        const name = path.slice(start + 1, end);
        const { names, group } = known;
        const { tried } = group;
        const suffixes = end === path.length ? tried : [''];
        const absent = names !== undefined && tried.length > 0;
        return absent && suffixes.every((suffix) => !names.mayHave(name + suffix))
          ? this.#highestLike(known).path
          : undefined;
      }
      end = start;
    }
    return undefined;
  }

  #highestLike(known: Known): Known {
    const above = this.#isLikeAbove(known) ? this.#known.get(directoryOf(known.path)) : undefined;
    return above?.names === undefined ? known : this.#highestLike(above);
  }

  /** No page stands here that tells what is missing, and no rule tells the two apart. */
  #isLikeAbove({ path, group, names }: Known): boolean {
    const { missPage } = this.#options.templates;
    if (path === '' || names === undefined) return false;
    if (missPage !== undefined && names.mayHave(missPage)) return false;
    return this.#groupOf(directoryOf(path)) === group;
  }

  /** The engine says that it is time to try again, or has found it changed, and removed it. */
  look(directory: string, changed: boolean): void {
    const known = this.#known.get(directory);
    if (known === undefined) return;
    if (changed) {
      this.#loseNames(known);
      this.#put(known);
    }
    this.#read(known);
  }

  /** Files of it are kept: a change of theirs is to be seen at once. */
  watch(directory: string): void {
    const known = this.#known.get(directory);
    if (known === undefined || known.watched) return;
    known.watched = true;
    this.#options.watch(directory.slice(1));
    // What changed before that is looked for once.
    this.#put(known);
  }

  /** A name may have come to this root-relative path, or gone: the engine looks at its directory before the next answer. */
  suspect(path: string): void {
    const directory = directoryOf(`/${path}`);
    const known = this.#known.get(directory);
    if (known?.names !== undefined || known?.watched) this.#put(known);
  }

  /** All of it was of another root. The engine has forgotten it. */
  clear(): void {
    for (const known of this.#known.values()) this.#unwatch(known);
    for (const known of this.#known.values()) this.#loseNames(known);
    this.#options.taken.directories -= this.#known.size;
    this.#known.clear();
    this.#groups.clear();
    this.#queue.clear();
  }

  /** Files are not what templates promise: none is given any more. */
  stop(): void {
    this.#off = true;
    for (const directory of this.#known.keys()) this.#options.engine.removeDirectory(directory);
    this.clear();
  }

  /**
   * Its names are read at once: a request that has to wait for names which the kernel does not remember costs as much as to
   * read some 500, and nothing else tells what is missing.
   */
  #add(path: string, ahead = false): Known | undefined {
    const group = this.#groupOf(path);
    const { taken } = this.#options;
    if (group === undefined) return undefined;
    if (taken.directories >= MAX_DIRECTORIES && !this.#dropOne()) return undefined;
    taken.directories++;
    const known: Known = {
      path,
      group,
      names: undefined,
      patience: PATIENCE,
      readAfter: 0,
      watched: false,
    };
    this.#known.set(path, known);
    this.#put(known);
    this.#read(known, ahead);
    return known;
  }

  /** Whoever asks for one directory asks for its neighbours next: they are known by then. */
  #lookAhead({ path, names }: Known): void {
    for (const name of names?.directories ?? []) {
      const { taken } = this.#options;
      if (taken.directories >= MAX_AHEAD || taken.names >= MAX_NAMES_AHEAD) return;
      const below = `${path}/${name}`;
      if (isPlain(`${below}/x`) && !this.#known.has(below)) this.#add(below, true);
    }
  }

  #groupOf(directory: string): Group | undefined {
    const { templates } = this.#options;
    const key = templates.group(directory);
    const known = this.#groups.get(key);
    if (known !== undefined || this.#groups.size >= MAX_DIRECTORIES) return known;
    const tried = templates.tried(directory) ?? [];
    const group: Group = { id: this.#groups.size, tried, extensions: new Set() };
    this.#groups.set(key, group);
    return group;
  }

  /** Any one: where there are more than have room, the oldest would always be the next that is asked for. False: there is none. */
  #dropOne(): boolean {
    let at = Math.floor(Math.random() * this.#known.size);
    for (const [path, known] of this.#known) {
      if (at-- > 0) continue;
      this.#loseNames(known);
      this.#unwatch(known);
      this.#known.delete(path);
      this.#options.taken.directories--;
      this.#options.engine.removeDirectory(path);
      return true;
    }
    return false;
  }

  #prepare({ path, group }: Known, extension: string): void {
    const { engine, templates, reach } = this.#options;
    if (group.extensions.has(extension) || group.extensions.size >= MAX_EXTENSIONS) return;
    group.extensions.add(extension);
    const template = templates.of(path, extension, reach);
    if (template !== undefined) engine.putTemplate(group.id, extension, engineTemplate(template));
  }

  #put(known: Known): void {
    const { path, names, group, patience } = known;
    const likeAbove = this.#isLikeAbove(known);
    this.#options.engine.putDirectory(path, names, group.id, group.tried, likeAbove, patience);
  }

  #unwatch({ path, watched }: Known): void {
    if (watched) this.#options.unwatch(path.slice(1));
  }

  #loseNames(known: Known): void {
    this.#options.taken.names -= known.names?.count ?? 0;
    known.names = undefined;
  }

  #read(known: Known, ahead = false): void {
    if (this.#options.now() < known.readAfter || !this.#queue.add(known, ahead)) this.#wait(known);
  }

  async #readNames(queued: readonly Known[]): Promise<void> {
    const { now, names } = this.#options;
    const some = queued.filter((known) => known.names === undefined);
    if (some.length === 0 || this.#options.taken.names >= MAX_NAMES) return;
    const began = now();
    const read = await names(some.map(({ path }) => path.slice(1)));
    const ended = now();
    for (const [i, known] of some.entries()) {
      if (this.#known.get(known.path) !== known) continue;
      const found = read[i];
      if (found === undefined) {
        known.readAfter = ended + RETRY_MS;
        this.#wait(known);
        continue;
      }
      known.readAfter = ended + ((ended - began) * READ_SHARE) / some.length;
      this.#loseNames(known);
      known.names = found;
      known.patience = PATIENCE;
      this.#options.taken.names += found.count;
      this.#put(known);
      this.#lookAhead(known);
    }
  }

  #wait(known: Known): void {
    known.patience = Math.min(known.patience * 2, MAX_PATIENCE);
    this.#put(known);
  }
}

function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
}
