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
import { codingOfName, flawOf, type Statements, SUFFIXES } from './codings.ts';
import type { FileEntry } from './entry.ts';
import { meaningOf } from './errno.ts';
import type { FilesPolicy } from './policy.ts';
import { isRefusedLink, tellRefusedLink } from './refused-links.ts';
import { closeAll, type Found, type Root, versionOf } from './root.ts';
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
  /** What encoded files say of themselves. */
  readonly statements: Statements;
  /** What builds say of their names. */
  readonly builds: BuildReadings;
  readonly log: Log;
}

type FoundFile = Extract<Found, { type: 'file' }>;

export interface OpenVariant extends Omit<FoundFile, 'type'> {
  readonly coding: Coding;
  /** How the file itself is encoded, whatever it is chosen by: a sibling by its coding, `app.js.gz` by gzip. */
  readonly encoding: Coding;
  readonly path: string;
  /** Does the build that the file is of say that its name is the hash of its content? */
  readonly built: boolean;
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
    const codings = named === undefined ? this.policy.codings.filter(isFileCoding) : [];
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
      const variant = coding && (yield* this.#variant(path, own, sibling, coding));
      if (variant)
        variants.push(variantOf(variant, path + SUFFIXES[coding], coding, coding, built));
      else closeAll([sibling]);
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

  *#variant(
    path: string,
    own: FoundFile,
    sibling: Found,
    coding: FileCoding,
  ): Steps<FoundFile | undefined> {
    if (sibling.type !== 'file') return undefined;
    const name = path + SUFFIXES[coding];
    const stated = yield* settled(this.#shelf.statements.of(sibling, coding));
    const flaw =
      typeof stated === 'string'
        ? `not readable (${stated})`
        : flawOf({ ...own, path }, { ...sibling, coding }, stated);
    if (flaw === undefined) return sibling;
    this.#shelf.log.warn(`${name} is ${flaw}: not used`, `variant:${name}`);
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
): OpenVariant {
  return { file, size, mtimeMs, version, trusted, path, coding, encoding, built };
}

function isFileCoding(coding: Coding): coding is FileCoding {
  return coding !== 'identity';
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
