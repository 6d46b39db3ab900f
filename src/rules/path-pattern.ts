// Patterns of decoded paths. A slash at the end does not matter; `:name` stands for one segment or a part of one, one `*` for
// whatever is there, and at the end, behind a slash, also for nothing. Each is matched in one pass, without a way back: a
// pattern that somebody else wrote costs no more than its length and the path's.
import { normalise } from '../http/target.ts';

export interface PathPattern {
  /** Without a slash at its end. */
  readonly text: string;
  /** What it captures; `*` is the splat. */
  readonly names: readonly string[];
  /** Undefined where the path (decoded, normalised) does not match. */
  match(path: string): ReadonlyMap<string, string> | undefined;
  /**
   * May it be for one name with this extension (without its dot) in this directory ('' is the root, others begin with a slash),
   * or for the page that such a name is, and not for another?
   */
  tellsApart(directory: string, extension: string): boolean;
}

export const TOKEN = /:([A-Za-z_]\w*)|\*/g;

interface Segment {
  readonly before: string;
  /** Undefined: `before` is all of it. */
  readonly name: string | undefined;
  readonly after: string;
}

type Captures = Map<string, string>;

/** Throws an Error with the reason where it is malformed. */
export function compilePattern(pattern: string): PathPattern {
  const text = trimSlash(pattern);
  if (!pattern.startsWith('/') || normalise(pattern) !== text) {
    throw new Error('a decoded path from the root is allowed, without empty or dot segments');
  }
  const [head = '', tail, ...more] = text.split('*');
  if (more.length > 0) throw new Error('one "*" is allowed');
  const names = [...text.matchAll(TOKEN)].map(([, name = '*']) => name);
  if (new Set(names).size < names.length) throw new Error('each :name is allowed once');
  const literal = literalOf(text);
  const isRest = tail === '' && head.endsWith('/');
  const last = lastOf(isRest ? trimSlash(head) : text);
  const match = tail === undefined ? wholeOf(text) : splatOf(head, tail);
  return {
    text,
    names,
    match: (path) => (path.startsWith(literal) || isAbove(literal, path) ? match(path) : undefined),
    tellsApart(directory, extension) {
      // All that is in it, or below.
      if (isRest && match(directory || '/') !== undefined) return false;
      if (!mayReach(literal, directory)) return false;
      // A page may be called by its directory, or without its extension.
      if (extension === 'html' || extension === '') return true;
      const isEnd = tail !== undefined && /^\.\w+$/.test(tail);
      if (isEnd && `${directory}/`.startsWith(literal)) return false;
      return /[:*]/.test(last) || last.endsWith(`.${extension}`);
    },
  };
}

export function trimSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What stands before the first place of a pattern. */
export function literalOf(pattern: string): string {
  return /^[^:*]*/.exec(pattern)?.[0] ?? '';
}

/** May a pattern that begins so be for a path below this directory, or for the directory? */
export function mayReach(literal: string, directory: string): boolean {
  return literal.startsWith(`${directory}/`) || `${directory}/`.startsWith(literal);
}

/** `/docs/*` is for /docs too. */
function isAbove(literal: string, path: string): boolean {
  return literal.length === path.length + 1 && literal.startsWith(path);
}

/** Each place in it takes the text for its name. */
export function fill(
  to: string,
  captures: ReadonlyMap<string, string>,
  encode: (text: string) => string,
): string {
  return to.replace(TOKEN, (token, name: string | undefined) => {
    const value = captures.get(name ?? '*');
    return value === undefined ? token : encode(value);
  });
}

function segmentsOf(path: string): Segment[] {
  return path.split('/').map((segment) => {
    const [token, ...more] = segment.matchAll(TOKEN);
    if (more.length > 0) throw new Error('one :name in a segment is allowed');
    if (token === undefined) return { before: segment, name: undefined, after: '' };
    const end = token.index + token[0].length;
    return { before: segment.slice(0, token.index), name: token[1], after: segment.slice(end) };
  });
}

function wholeOf(text: string): PathPattern['match'] {
  const segments = segmentsOf(text.slice(1));
  return (path) => {
    const captures: Captures = new Map();
    return forward(segments, path, captures) === path.length ? captures : undefined;
  };
}

function splatOf(head: string, tail: string): PathPattern['match'] {
  const before = segmentsOf(head.slice(1));
  const open = before.pop();
  const [closing, ...after] = segmentsOf(tail);
  if (open?.name !== undefined || closing?.name !== undefined) {
    throw new Error('one :name or "*" in a segment is allowed');
  }
  const [from, to] = [open?.before ?? '', closing?.before ?? ''];
  // The rest: with the slash before it, so that `/docs/*` matches /docs as well.
  const isRest = tail === '' && from === '' && before.length > 0;
  return (path) => {
    const captures: Captures = new Map();
    const start = forward(before, path, captures);
    if (start === undefined) return undefined;
    if (isRest && start === path.length) return captures.set('*', '');
    const end = backward(after, path, captures);
    const [first, last] = [start + 1 + from.length, (end ?? 0) - to.length];
    return first <= last && path.startsWith(from, start + 1) && path.startsWith(to, last)
      ? captures.set('*', path.slice(first, last))
      : undefined;
  };
}

/** Where the segments end that the path begins with; undefined where it does not. */
function forward(
  segments: readonly Segment[],
  path: string,
  captures: Captures,
): number | undefined {
  let at = 0;
  for (const segment of segments) {
    if (path[at] !== '/') return undefined;
    const next = path.indexOf('/', at + 1);
    const end = next < 0 ? path.length : next;
    if (!take(segment, path.slice(at + 1, end), captures)) return undefined;
    at = end;
  }
  return at;
}

/** Where the segments begin, with the slash before them, that it ends with. */
function backward(
  segments: readonly Segment[],
  path: string,
  captures: Captures,
): number | undefined {
  let end = path.length;
  for (const segment of segments.toReversed()) {
    const slash = path.lastIndexOf('/', end - 1);
    if (slash < 0 || !take(segment, path.slice(slash + 1, end), captures)) return undefined;
    end = slash;
  }
  return end;
}

function take({ before, name, after }: Segment, given: string, captures: Captures): boolean {
  if (name === undefined) return given === before;
  if (given.length <= before.length + after.length) return false;
  if (!given.startsWith(before) || !given.endsWith(after)) return false;
  captures.set(name, given.slice(before.length, given.length - after.length));
  return true;
}
