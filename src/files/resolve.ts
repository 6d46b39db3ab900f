// From a decoded path to what it names: exact file · clean URL · directory (slash, index, listing) ·
// extensions · single-page fallback. The first that exists wins.

import type { Log } from '../log/log.ts';
import type { Coding, Evidence, Miss, Resolution, Resource } from '../plan/types.ts';
import { codingOfName, type FileCoding, flawOf, type Statements, SUFFIXES } from './codings.ts';
import type { FileEntry } from './entry.ts';
import { meaningOf } from './errno.ts';
import type { FilesPolicy } from './policy.ts';
import { isRefusedLink, tellRefusedLink } from './refused-links.ts';
import { closeAll, type Found, versionOf } from './root.ts';

/** A path as the client meant it. */
export interface Wanted {
  /** Decoded once and normalised; begins with '/', no slash at the end but for the root. */
  readonly path: string;
  /** Was there a slash at the end? */
  readonly slash: boolean;
  /** Is it a page load that a single-page app answers, should nothing else? */
  readonly navigation: boolean;
}

/** What the resolution needs from the table. */
export interface Shelf {
  readonly policy: FilesPolicy;
  open(paths: readonly string[]): Promise<readonly Found[]>;
  /** Makes a resource of these files; their descriptors are its own from now on. */
  adopt(
    path: string,
    files: readonly OpenVariant[],
  ): Resource<FileEntry> | Promise<Resource<FileEntry>>;
  /** What encoded files say of themselves. */
  readonly statements: Statements;
  readonly log: Log;
}

type FoundFile = Extract<Found, { type: 'file' }>;

export interface OpenVariant extends FoundFile {
  readonly coding: Coding;
  /** How the file itself is encoded, whatever it is chosen by: a sibling by its coding, `app.js.gz` by gzip. */
  readonly encoding: Coding;
  readonly path: string;
}

export type Outcome = Resolution<FileEntry>;
export type Unserved = Extract<Outcome, { kind: 'not-found' | 'forbidden' | 'failed' }>;

const NOT_FOUND: Unserved = { kind: 'not-found' };
const FORBIDDEN: Unserved = { kind: 'forbidden' };

/** Levels at which error pages are looked for, from the root down: bounds what a long path can cost. */
const MAX_PAGE_LEVELS = 32;

/** Does the last segment have an extension, as files of a page have and pages do not? */
export function looksLikeAsset(path: string): boolean {
  return /\.[^./]+$/.test(path);
}

/** Never throws for what a client sends or a file system does. */
export async function resolve(shelf: Shelf, wanted: Wanted): Promise<Outcome> {
  const { policy } = shelf;
  const name = wanted.path.slice(1);
  const search = new Search(shelf);
  const found = visible(name, policy) ?? (await find(search, name, wanted.slash));
  if (found.kind !== 'not-found') return found;
  if (policy.spa === undefined) return search.miss([]);
  // Whether the request is a navigation was judged from Accept, whatever came of it.
  const judged = ['accept'] as const;
  const app = wanted.navigation ? await search.file(policy.spa, 200) : found;
  return app.kind === 'file' ? { ...app, judged } : search.miss(judged);
}

/** The nearest file of that name in the path's directory or above it: the page of an error. */
export async function resolveErrorPage(
  shelf: Shelf,
  path: string,
  name: string,
  status: number,
): Promise<Outcome> {
  const levels = path
    .split('/')
    .slice(1, -1)
    .slice(0, MAX_PAGE_LEVELS - 1);
  const directories = ['', ...levels.map((_, i) => `${levels.slice(0, i + 1).join('/')}/`)];
  const paths = directories.reverse().map((directory) => directory + name);
  const search = new Search(shelf);
  const nearest = await search.first(paths);
  const answer = nearest === undefined ? NOT_FOUND : await search.file(nearest, status);
  return answer.kind === 'directory' || answer.kind === 'not-found' ? search.miss([]) : answer;
}

/** What the dotfile policy says of a path; undefined = nothing against it. */
function visible(name: string, policy: FilesPolicy): Outcome | undefined {
  if (policy.dotfiles === 'allow' || !/(?:^|\/)\./.test(name)) return undefined;
  // RFC 8615 §3: only at the root.
  if (!/(?:^|\/)\./.test(name.replace(/^\.well-known(?=\/|$)/, ''))) return undefined;
  return policy.dotfiles === 'deny' ? FORBIDDEN : NOT_FOUND;
}

async function find(search: Search, name: string, slash: boolean): Promise<Outcome> {
  if (name === '') return directory(search, name, true);
  if (slash) {
    const inside = await directory(search, name, true);
    return inside.kind === 'not-found' ? cleanUrl(search, name, true) : inside;
  }
  const cleaned = await toClean(search, name);
  if (cleaned !== undefined) return cleaned;
  const exact = await search.file(name, 200);
  if (exact.kind !== 'not-found' && exact.kind !== 'directory') return exact;
  const html = await cleanUrl(search, name, false);
  if (html.kind !== 'not-found') return html;
  if (exact.kind === 'directory') return directory(search, name, false);
  for (const extension of search.policy.extensions) {
    const extended = await search.file(`${name}.${extension}`, 200);
    if (extended.kind !== 'not-found' && extended.kind !== 'directory') return extended;
  }
  return NOT_FOUND;
}

/** /about.html is /about, and /index.html is / — unless another file has the clean path. */
async function toClean(search: Search, name: string): Promise<Outcome | undefined> {
  if (!search.policy.cleanUrls || !/[^/]\.html$/.test(name)) return undefined;
  const bare = name.slice(0, -'.html'.length);
  const isIndex = lastOf(name) === search.policy.index[0];
  if ((await search.first(isIndex ? [name] : [bare, name])) !== name) return undefined;
  const slash = search.policy.trailingSlash === 'always' ? '/' : '';
  const location = isIndex ? './' : `./${encodeURIComponent(lastOf(bare))}${slash}`;
  return { kind: 'redirect', status: 308, location };
}

/** The clean URL of an HTML file. */
async function cleanUrl(search: Search, name: string, slash: boolean): Promise<Outcome> {
  if (!search.policy.cleanUrls) return NOT_FOUND;
  const found = await search.file(`${name}.html`, 200);
  if (found.kind !== 'file') return found.kind === 'directory' ? NOT_FOUND : found;
  const { trailingSlash } = search.policy;
  if (trailingSlash === 'ignore' || slash === (trailingSlash === 'always')) return found;
  if (trailingSlash === 'strict') return NOT_FOUND;
  return redirectSlash(308, name, !slash);
}

/** A directory: its index, or its listing. `slash`: was it asked for as a directory? */
async function directory(search: Search, name: string, slash: boolean): Promise<Outcome> {
  const { policy } = search;
  const { trailingSlash } = policy;
  const bare = trailingSlash === 'never' || trailingSlash === 'ignore';
  if (!slash && !bare) {
    if (trailingSlash === 'strict') return NOT_FOUND;
    return redirectSlash(301, name, true);
  }
  const prefix = name === '' ? '' : `${name}/`;
  for (const index of policy.index) {
    const found = await search.file(`${prefix}${index}`, 200);
    if (found.kind === 'not-found' || found.kind === 'directory') continue;
    if (found.kind !== 'file' || !slash || name === '' || trailingSlash !== 'never') return found;
    return redirectSlash(301, name, false);
  }
  if (!policy.listing) return NOT_FOUND;
  // The links of a listing are relative to the directory.
  if (!slash) return redirectSlash(301, name, true);
  return search.listing(name);
}

/**
 * To the same name with a slash, or without. All redirects here are relative references that begin with
 * a dot segment (RFC 3986 §4.2): they can never name another host ("//host") or scheme ("a:b"), and stay
 * right behind a proxy or a mount point that takes a prefix off.
 */
function redirectSlash(status: 301 | 308, name: string, slash: boolean): Outcome {
  const segment = encodeURIComponent(lastOf(name));
  return { kind: 'redirect', status, location: slash ? `./${segment}/` : `../${segment}` };
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** One resolution's steps, and the evidence that they leave behind. */
class Search {
  readonly policy: FilesPolicy;
  readonly #shelf: Shelf;
  readonly #evidence: Evidence[] = [];

  constructor(shelf: Shelf) {
    this.policy = shelf.policy;
    this.#shelf = shelf;
  }

  /** A file with its precompressed siblings, opened in one batch. One that is encoded itself has none. */
  async file(path: string, status: number): Promise<Outcome | { readonly kind: 'directory' }> {
    const named = codingOfName(path);
    const codings = named === undefined ? this.policy.codings.filter(isFileCoding) : [];
    const paths = [path, ...codings.map((coding) => path + SUFFIXES[coding])];
    const found = await this.#open(paths);
    const refused = paths[found.findIndex(isRefusedLink)];
    if (refused !== undefined) await this.#tell(refused);
    const [own, ...siblings] = found;
    if (own === undefined || own.type !== 'file') {
      closeAll([...siblings, ...(own === undefined ? [] : [own])]);
      return own?.type === 'directory'
        ? { kind: 'directory' }
        : unservedOf(path, own, this.#shelf.log);
    }
    const encoding = named !== undefined && (await this.#isOf(named, own)) ? named : 'identity';
    const variants: OpenVariant[] = [{ ...own, path, coding: 'identity', encoding }];
    for (const [i, sibling] of siblings.entries()) {
      const coding = codings[i];
      const variant = coding && (await this.#variant(path, own, sibling, coding));
      if (variant) variants.push(variant);
      else closeAll([sibling]);
    }
    const resource = await this.#shelf.adopt(path, variants);
    return { kind: 'file', resource, evidence: this.#evidence, status };
  }

  /** The first of these paths that is a file. */
  async first(paths: readonly string[]): Promise<string | undefined> {
    const found = await this.#open(paths);
    closeAll(found);
    return paths[found.findIndex(({ type }) => type === 'file')];
  }

  async listing(name: string): Promise<Outcome> {
    const [found] = await this.#open([name]);
    if (found !== undefined) closeAll([found]);
    if (found?.type !== 'directory') return unservedOf(name, found, this.#shelf.log);
    return { kind: 'listing', path: name === '' ? '/' : `/${name}/`, version: found.version };
  }

  /** Nothing was found: the answer to that rests on every look that was taken. */
  miss(judged: Miss['judged']): Outcome {
    return { kind: 'not-found', evidence: this.#evidence, judged };
  }

  async #open(paths: readonly string[]): Promise<readonly Found[]> {
    const found = await this.#shelf.open(paths);
    for (const [i, path] of paths.entries()) {
      const one = found[i];
      this.#evidence.push({ path, version: one === undefined ? '' : versionOf(one) });
    }
    return found;
  }

  #tell(refused: string): Promise<void> {
    const { open, policy, log } = this.#shelf;
    return tellRefusedLink(refused, open, policy.symlinks, log);
  }

  async #variant(
    path: string,
    own: FoundFile,
    sibling: Found,
    coding: FileCoding,
  ): Promise<OpenVariant | undefined> {
    if (sibling.type !== 'file') return undefined;
    const name = path + SUFFIXES[coding];
    const flaw = await this.#shelf.statements.of(sibling, coding).then(
      (stated) => flawOf({ ...own, path }, { ...sibling, coding }, stated),
      (error: NodeJS.ErrnoException) => `not readable (${error.code})`,
    );
    if (flaw === undefined) return { ...sibling, path: name, coding, encoding: coding };
    this.#shelf.log.warn(`${name} is ${flaw}: not used`, `variant:${name}`);
    return undefined;
  }

  /** Is the file in the coding that its name promises? */
  async #isOf(coding: FileCoding, file: FoundFile): Promise<boolean> {
    const stated = await this.#shelf.statements.of(file, coding).catch(() => undefined);
    return file.size > 0 && stated !== undefined && stated.kind !== 'foreign';
  }
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
    log[meaning.level](`cannot open ${path}: ${found.errno}`, `open:${path}`);
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
