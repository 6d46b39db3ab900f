// One resolution's steps, and the evidence that they leave behind.

import type { Log } from '../log/log.ts';
import type {
  Advice,
  Coding,
  Evidence,
  FileCoding,
  Miss,
  Resolution,
  Resource,
} from '../plan/types.ts';
import { type BuildReadings, MAX_NAMES } from './builds.ts';
import { isCarried } from './carried.ts';
import { codingOfName, flawOf, type Stated, type Statements, SUFFIXES } from './codings.ts';
import type { DictionarySibling, DictionarySiblings } from './dictionary-siblings.ts';
import type { Made } from './encoded-files.ts';
import type { FileEntry } from './entry.ts';
import { meaningOf } from './errno.ts';
import type { FilesPolicy } from './policy.ts';
import { isRefusedLink, tellRefusedLink } from './refused-links.ts';
import { closeAll, directoryOf, type Found, type FoundFile, type Root, versionOf } from './root.ts';
import { type Steps, settled } from './steps.ts';

/** What a search needs from the table. */
export interface Shelf {
  readonly policy: FilesPolicy;
  open(paths: readonly string[]): readonly Found[] | Promise<readonly Found[]>;
  readonly read: Root['read'];
  /** Makes a resource of these files; their descriptors are its own from now on. */
  adopt(
    path: string,
    files: readonly OpenVariant[],
  ): Resource<FileEntry> | Promise<Resource<FileEntry>>;
  /** The forms of this version that were made here, but for those codings. Their descriptors are the receiver's. */
  made(version: string, but: readonly Coding[]): readonly Made[];
  /** What encoded files say of themselves. */
  readonly statements: Statements;
  /** Which forms by dictionaries there are. */
  readonly dictionaries: DictionarySiblings;
  /** What builds say of their names. */
  readonly builds: BuildReadings;
  readonly log: Log;
}

export interface OpenVariant extends Omit<FoundFile, 'type'> {
  readonly coding: Coding;
  /** The dictionary that it is for, as Available-Dictionary names it. */
  readonly dictionary: string | undefined;
  /** How the file itself is encoded, whatever it is chosen by: a sibling by its coding, `app.js.gz` by gzip. */
  readonly encoding: Coding;
  readonly path: string;
  /** Of the content: that of a form which was made here is its file's. */
  readonly modifiedMs: number;
  /** Was it encoded here? */
  readonly made: boolean;
  /** Does the build that the file is of say that its name is the hash of its content? */
  readonly built: boolean;
}

/** What a sibling has to be a form of. */
interface Form {
  readonly path: string;
  readonly own: FoundFile;
  readonly name: string;
  readonly coding: Coding;
  /** What it says of itself. */
  stated(file: FoundFile): Stated | Promise<Stated | string>;
}

export type Outcome = Resolution<FileEntry>;
export type Unserved = Extract<Outcome, { kind: 'not-found' | 'forbidden' | 'failed' }>;

const ABSENT: Found = { type: 'error', errno: 'ENOENT' };
const NOT_FOUND: Unserved = { kind: 'not-found' };
const FORBIDDEN: Unserved = { kind: 'forbidden' };

export class Search {
  readonly policy: FilesPolicy;
  readonly #shelf: Shelf;
  readonly #evidence: Evidence[] = [];
  #advice: { readonly advice: Advice } | undefined;

  constructor(shelf: Shelf) {
    this.policy = shelf.policy;
    this.#shelf = shelf;
  }

  /** A file with its precompressed siblings, opened in one batch. One that is encoded itself has none. */
  *file(path: string, status: number): Steps<Outcome | { readonly kind: 'directory' }> {
    const named = codingOfName(path);
    const codings = named === undefined ? this.policy.codings : [];
    const paths = [path, ...codings.map((coding) => path + SUFFIXES[coding])];
    const found = yield* this.#open(paths);
    const refused = paths[found.findIndex(isRefusedLink)];
    if (refused !== undefined) yield* this.#tell(refused);
    const [own, ...siblings] = found;
    if (own === undefined || own.type !== 'file') {
      closeAll([...siblings, ...(own === undefined ? [] : [own])]);
      return own?.type === 'directory'
        ? { kind: 'directory' }
        : unservedOf(path, own, this.#shelf.log);
    }
    const encoding = named !== undefined && (yield* this.#isOf(named, own)) ? named : 'identity';
    const built = yield* this.#isBuilt(path);
    const variants = [variantOf(own, path, 'identity', encoding, built)];
    for (const [i, sibling] of siblings.entries()) {
      const coding = codings[i];
      if (coding === undefined) continue;
      const name = path + SUFFIXES[coding];
      const stated = (file: FoundFile) => this.#shelf.statements.of(file, coding);
      const file = yield* this.#usable(sibling, { path, own, name, coding, stated });
      if (file !== undefined) variants.push(variantOf(file, name, coding, coding, built));
    }
    if (this.policy.dictionaries?.(path) === true) {
      variants.push(...(yield* this.#byDictionary(path, own, built)));
    }
    if (this.policy.compress !== undefined) {
      const there = variants.map(({ coding }) => coding);
      for (const { coding, found } of this.#shelf.made(own.version, there)) {
        variants.push(variantOf(found, path, coding, coding, built, own.mtimeMs));
      }
    }
    const resource = yield* settled(this.#shelf.adopt(path, variants));
    return { kind: 'file', resource, evidence: this.#evidence, status };
  }

  /** The first of these paths that is a file. */
  *first(paths: readonly string[]): Steps<string | undefined> {
    const found = yield* this.#open(paths);
    closeAll(found);
    return paths[found.findIndex(({ type }) => type === 'file')];
  }

  *listing(name: string): Steps<Outcome> {
    const [found] = yield* this.#open([name]);
    if (found !== undefined) closeAll([found]);
    if (found?.type !== 'directory') return unservedOf(name, found, this.#shelf.log);
    const path = name === '' ? '/' : `/${name}/`;
    return { kind: 'listing', path, version: found.version, evidence: this.#evidence };
  }

  /** Nothing was found: the answer to that rests on every look that was taken. */
  miss(judged: Miss['judged']): Outcome {
    return { kind: 'not-found', evidence: this.#evidence, judged, ...this.#advice };
  }

  /** Where it is a directory, the miss says that it could be listed. */
  *adviseListing(name: string): Steps<void> {
    const found = yield* this.listing(name);
    if (found.kind === 'listing') this.#advice = { advice: 'listing' };
  }

  *#open(all: readonly string[]): Steps<readonly Found[]> {
    if (this.policy.siteRules && all.some(isCarried)) return yield* this.#openAround(all);
    return yield* this.#openAll(all);
  }

  /** What says how files are answered is none itself: to no search is it there. */
  *#openAround(all: readonly string[]): Steps<readonly Found[]> {
    const others = all.filter((path) => !isCarried(path));
    const found = others.length === 0 ? [] : yield* this.#openAll(others);
    return all.map((path) => found[others.indexOf(path)] ?? ABSENT);
  }

  *#openAll(paths: readonly string[]): Steps<readonly Found[]> {
    const found = yield* settled(this.#shelf.open(paths));
    for (const [i, path] of paths.entries()) {
      const one = found[i];
      this.#evidence.push({ path, version: one === undefined ? '' : versionOf(one) });
    }
    return found;
  }

  /** The answer rests on what was asked, too: a build that comes later may say something else. */
  *#isBuilt(path: string): Steps<boolean> {
    const { builds } = this.policy;
    const witnesses = builds?.witnessesOf(path);
    if (builds === undefined || witnesses === undefined) return false;
    const { directory, manifests } = witnesses;
    const found = yield* this.#open([directory, ...manifests]);
    const [place] = found;
    const list = () =>
      place?.type === 'directory'
        ? this.#shelf.read(place.file, directory, false, MAX_NAMES)
        : Promise.reject(new Error('no directory'));
    try {
      return (yield* settled(this.#shelf.builds.of(builds, witnesses, found, list)))(path);
    } finally {
      closeAll(found);
    }
  }

  #tell(refused: string): Steps<void> {
    const { open, policy, log } = this.#shelf;
    return tellRefusedLink(refused, open, policy.symlinks, log);
  }

  /** The forms by dictionaries that stand beside it, which its directory tells. */
  *#byDictionary(path: string, own: FoundFile, built: boolean): Steps<OpenVariant[]> {
    const directory = directoryOf(path);
    const place = yield* this.#open([directory]);
    const listed = settled(this.#shelf.dictionaries.of(directory, place, this.#shelf.read));
    const siblings = (yield* listed).get(path.slice(path.lastIndexOf('/') + 1)) ?? [];
    closeAll(place);
    const names = siblings.map(({ name }) => (directory === '' ? name : `${directory}/${name}`));
    const variants: OpenVariant[] = [];
    for (const [i, found] of (yield* this.#open(names)).entries()) {
      const { coding, hash } = siblings[i] as DictionarySibling;
      const name = names[i] as string;
      const stated = (file: FoundFile) => this.#shelf.statements.ofDictionary(file, coding, hash);
      const file = yield* this.#usable(found, { path, own, name, coding, stated });
      if (file === undefined) continue;
      const dictionary = `:${Buffer.from(hash, 'hex').toString('base64')}:`;
      variants.push({ ...variantOf(file, name, coding, coding, built), dictionary });
    }
    return variants;
  }

  /** What was found, where it is a form of its file; else it is closed, and said why. */
  *#usable(found: Found, form: Form): Steps<FoundFile | undefined> {
    if (found.type !== 'file') {
      closeAll([found]);
      return undefined;
    }
    const { path, own, name, coding } = form;
    const stated = yield* settled(form.stated(found));
    const flaw =
      typeof stated === 'string'
        ? `not readable (${stated})`
        : flawOf({ ...own, path }, { ...found, coding }, stated);
    if (flaw === undefined) return found;
    this.#shelf.log.warn(`${name} is ${flaw}: not used`, `variant:${name}`);
    closeAll([found]);
    return undefined;
  }

  /** Is the file in the coding that its name promises? */
  *#isOf(coding: FileCoding, file: FoundFile): Steps<boolean> {
    const stated = yield* settled(this.#shelf.statements.of(file, coding));
    return file.size > 0 && typeof stated !== 'string' && stated.kind !== 'foreign';
  }
}

/** Field by field: a file that is asked for once costs no more than its objects do, and spreading made new classes of them. */
function variantOf(
  { file, size, mtimeMs, version, trusted }: FoundFile,
  path: string,
  coding: Coding,
  encoding: Coding,
  built: boolean,
  madeOfMs?: number,
): OpenVariant {
  const modifiedMs = madeOfMs ?? mtimeMs;
  const made = madeOfMs !== undefined;
  const dictionary = undefined;
  // biome-ignore format: field by field
  return { file, size, mtimeMs, modifiedMs, version, trusted, path, coding, dictionary, encoding, built, made };
}

/** Why what was found at this path is not served; a failure is logged. */
export function unservedOf(path: string, found: Found | undefined, log: Log): Unserved {
  if (found?.type === 'file' || found?.type === 'directory') return NOT_FOUND;
  // Neither file nor directory (FIFO, socket, device): there, but nothing to serve.
  if (found?.type !== 'error') return FORBIDDEN;
  const meaning = meaningOf(found.errno);
  if (meaning.level !== 'none') {
    const hint = meaning.hint === undefined ? '' : ` (${meaning.hint})`;
    log[meaning.level](`cannot open ${path}: ${found.errno}${hint}`, `open:${path}`);
  }
  switch (meaning.kind) {
    case 'not-found':
      return NOT_FOUND;
    case 'forbidden':
      return FORBIDDEN;
    case 'failed':
      return { kind: 'failed', errno: found.errno };
  }
}
