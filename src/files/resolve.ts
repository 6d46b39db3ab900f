// From a decoded path to what it names: exact file · clean URL · directory (slash, index, listing) ·
// extensions · single-page fallback. The first that exists wins.

import type { RequestField } from '../plan/request.ts';
import { type FilesPolicy, isHidden } from './policy.ts';
import { type Outcome, Search, type Shelf, type Unserved } from './search.ts';
import type { Steps } from './steps.ts';

/** A path as the client meant it. */
export interface Wanted {
  /** Decoded once and normalised; begins with '/', no slash at the end but for the root. */
  readonly path: string;
  /** Was there a slash at the end? */
  readonly slash: boolean;
  /** Is it a page load that a single-page app answers, should nothing else? */
  readonly navigation: boolean;
}

const NOT_FOUND: Unserved = { kind: 'not-found' };
const FORBIDDEN: Unserved = { kind: 'forbidden' };

/** Levels at which error pages are looked for, from the root down: bounds what a long path can cost. */
const MAX_PAGE_LEVELS = 32;

/** Does the last segment have an extension, as files of a page have and pages do not? */
export function looksLikeAsset(path: string): boolean {
  return /\.[^./]+$/.test(path);
}

/** What tells a navigation (plan/negotiate.ts). */
const NAVIGATION: readonly RequestField[] = ['accept', 'sec-fetch-dest'];

/** Never throws for what a client sends or a file system does. */
export function* resolve(shelf: Shelf, wanted: Wanted): Steps<Outcome> {
  const { policy } = shelf;
  const name = wanted.path.slice(1);
  const search = new Search(shelf);
  const hidden = visible(name, policy);
  // No route of an app either: whoever asks for /.env shall not be told that it is there.
  if (hidden !== undefined) return hidden.kind === 'not-found' ? search.miss([]) : hidden;
  const found = yield* find(search, name, wanted.slash);
  if (found.kind !== 'not-found') return found;
  if (policy.spa === undefined) return search.miss([]);
  return wanted.navigation ? yield* fallback(search, policy.spa) : search.miss(NAVIGATION);
}

/** The page of a single-page app for a navigation whose path can be no file's. */
export function* resolveFallback(shelf: Shelf): Steps<Outcome> {
  const { spa } = shelf.policy;
  return spa === undefined ? NOT_FOUND : yield* fallback(new Search(shelf), spa);
}

function* fallback(search: Search, page: string): Steps<Outcome> {
  const app = yield* search.file(page, 200);
  return app.kind === 'file' ? { ...app, judged: NAVIGATION } : search.miss(NAVIGATION);
}

/** The nearest file of that name in the path's directory or above it: the page of an error. */
export function* resolveErrorPage(
  shelf: Shelf,
  path: string,
  name: string,
  status: number,
): Steps<Outcome> {
  const levels = path
    .split('/')
    .slice(1, -1)
    .slice(0, MAX_PAGE_LEVELS - 1);
  const directories = ['', ...levels.map((_, i) => `${levels.slice(0, i + 1).join('/')}/`)];
  const paths = directories.reverse().map((directory) => directory + name);
  const search = new Search(shelf);
  const nearest = yield* search.first(paths);
  const answer = nearest === undefined ? NOT_FOUND : yield* search.file(nearest, status);
  return answer.kind === 'directory' || answer.kind === 'not-found' ? search.miss([]) : answer;
}

/** What the dotfile policy says of a path; undefined = nothing against it. */
function visible(name: string, policy: FilesPolicy): Outcome | undefined {
  if (policy.dotfiles === 'allow' || !isHidden(name)) return undefined;
  return policy.dotfiles === 'deny' ? FORBIDDEN : NOT_FOUND;
}

function* find(search: Search, name: string, slash: boolean): Steps<Outcome> {
  if (name === '') return yield* directory(search, name, true);
  if (slash) {
    const inside = yield* directory(search, name, true);
    return inside.kind === 'not-found' ? yield* cleanUrl(search, name, true) : inside;
  }
  const cleaned = yield* toClean(search, name);
  if (cleaned !== undefined) return cleaned;
  const exact = yield* search.file(name, 200);
  if (exact.kind !== 'not-found' && exact.kind !== 'directory') return exact;
  const html = yield* cleanUrl(search, name, false);
  if (html.kind !== 'not-found') return html;
  if (exact.kind === 'directory') return yield* directory(search, name, false);
  for (const extension of search.policy.extensions) {
    const extended = yield* search.file(`${name}.${extension}`, 200);
    if (extended.kind !== 'not-found' && extended.kind !== 'directory') return extended;
  }
  return NOT_FOUND;
}

/** /about.html is /about, and /index.html is / — unless another file has the clean path. */
function* toClean(search: Search, name: string): Steps<Outcome | undefined> {
  if (!search.policy.cleanUrls || !/[^/]\.html$/.test(name)) return undefined;
  const bare = name.slice(0, -'.html'.length);
  const isIndex = lastOf(name) === search.policy.index[0];
  if ((yield* search.first(isIndex ? [name] : [bare, name])) !== name) return undefined;
  const slash = search.policy.trailingSlash === 'always' ? '/' : '';
  const location = isIndex ? './' : `./${encodeURIComponent(lastOf(bare))}${slash}`;
  return { kind: 'redirect', status: 308, location };
}

/** The clean URL of an HTML file. */
function* cleanUrl(search: Search, name: string, slash: boolean): Steps<Outcome> {
  if (!search.policy.cleanUrls) return NOT_FOUND;
  const found = yield* search.file(`${name}.html`, 200);
  if (found.kind !== 'file') return found.kind === 'directory' ? NOT_FOUND : found;
  const { trailingSlash } = search.policy;
  if (trailingSlash === 'ignore' || slash === (trailingSlash === 'always')) return found;
  if (trailingSlash === 'strict') return NOT_FOUND;
  return redirectSlash(308, name, !slash);
}

/** A directory: its index, or its listing. `slash`: was it asked for as a directory? */
function* directory(search: Search, name: string, slash: boolean): Steps<Outcome> {
  const { policy } = search;
  const { trailingSlash } = policy;
  const bare = trailingSlash === 'never' || trailingSlash === 'ignore';
  if (!slash && !bare) {
    if (trailingSlash === 'strict') return NOT_FOUND;
    return redirectSlash(301, name, true);
  }
  const prefix = name === '' ? '' : `${name}/`;
  for (const index of policy.index) {
    const found = yield* search.file(`${prefix}${index}`, 200);
    if (found.kind === 'not-found' || found.kind === 'directory') continue;
    if (found.kind !== 'file' || !slash || name === '' || trailingSlash !== 'never') return found;
    return redirectSlash(301, name, false);
  }
  if (!policy.listing) {
    if (policy.advises) yield* search.adviseListing(name);
    return NOT_FOUND;
  }
  // The links of a listing are relative to the directory.
  if (!slash) return redirectSlash(301, name, true);
  return yield* search.listing(name);
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
