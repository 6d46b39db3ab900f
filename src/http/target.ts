// The request-target as a value: cut, decoded once, normalised. RFC 9112 §3.2, RFC 3986 §2.1 and §5.2.4.
import { isAuthority } from './authority.ts';

export interface PathTarget {
  readonly kind: 'path';
  /** Path bytes as sent in origin-form, without the query: never decoded, begins with '/'. */
  readonly raw: string;
  /** Decoded once and normalised: begins with '/', ends in '/' only where it is the root. */
  readonly path: string;
  /** Did it end in '/' (or in a dot segment, which names a directory too)? */
  readonly slash: boolean;
  /** '' or '?…', as sent. */
  readonly query: string;
}

export type Target =
  | PathTarget
  | { readonly kind: 'asterisk' }
  /** Legal, but no file can have the name: a slash or a backslash is within a segment. `raw` as above. */
  | { readonly kind: 'no-file'; readonly raw: string }
  | { readonly kind: 'bad-path' }
  | { readonly kind: 'too-long' };

/** Bytes of a request-target: nginx's large_client_header_buffers; RFC 9110 §4.1 asks for at least 8000. */
export const MAX_TARGET = 8192;

/** Visible ASCII without '#': fragments are never sent, other bytes are percent-encoded (RFC 3986 §2, RFC 9112 §3.2). */
const LEGAL = /^[\x21\x22\x24-\x7e]+$/;

/**
 * Nearly every path: LEGAL without percent sign, backslash and query, no segment empty or beginning with a
 * dot. It is its own normal form; seeing that at once saves nine tenths of the parsing.
 */
const PLAIN =
  /^(?:\/[\x21\x22\x24\x26-\x2d\x30-\x3e\x40-\x5b\x5d-\x7e][\x21\x22\x24\x26-\x2e\x30-\x3e\x40-\x5b\x5d-\x7e]*)+$/;

const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)/i;

/** What no request may hold: NUL, which ends a C string, and a bare backslash, which is no character of a path. */
const FORBIDDEN = /%00|\\/;

/**
 * What must not reach the file system: an encoded slash (no file name can contain one, and decoding it
 * would make one segment two), and an encoded backslash (a legal name on Linux, but clients and proxies in front
 * take it for a slash, so the two sides would disagree on the segments).
 */
const WITHIN = /%2f|%5c/i;

const ASTERISK: Target = { kind: 'asterisk' };
const BAD_PATH: Target = { kind: 'bad-path' };
const TOO_LONG: Target = { kind: 'too-long' };

/** Is this path, as sent, made of nothing but what stands for itself? */
export function isPlain(raw: string): boolean {
  return PLAIN.test(raw);
}

/** Parses a request-target in origin-form, absolute-form or asterisk-form. Never throws. */
export function parseTarget(target: string): Target {
  if (target.length <= MAX_TARGET && PLAIN.test(target)) {
    return { kind: 'path', raw: target, path: target, slash: false, query: '' };
  }
  if (target.length > MAX_TARGET) return TOO_LONG;
  if (target === '*') return ASTERISK;
  const local = originForm(target);
  if (!local.startsWith('/') || !LEGAL.test(local)) return BAD_PATH;

  const cut = local.indexOf('?');
  const raw = cut === -1 ? local : local.slice(0, cut);
  const query = cut === -1 || cut === local.length - 1 ? '' : local.slice(cut);
  if (FORBIDDEN.test(raw)) return BAD_PATH;
  const decoded = decode(raw);
  const path = decoded === undefined ? undefined : normalise(decoded);
  if (decoded === undefined || path === undefined) return BAD_PATH;
  if (WITHIN.test(raw)) return { kind: 'no-file', raw };
  return { kind: 'path', raw, path, slash: /\/\.{0,2}$/.test(decoded), query };
}

/** RFC 9112 §3.2.2: a server must accept absolute-form; an empty path there is '/'. '' where it names no origin. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  return splitAbsolute(target)?.path ?? '';
}

/** A target in absolute-form (RFC 9112 §3.2.2): whom it names, and the rest of it in origin-form. */
export function splitAbsolute(
  target: string,
): { readonly authority: string; readonly path: string } | undefined {
  const [origin, authority] = ABSOLUTE_FORM.exec(target) ?? [];
  if (origin === undefined || authority === undefined || !isAuthority(authority)) return undefined;
  const rest = target.slice(origin.length);
  return { authority, path: rest.startsWith('/') ? rest : `/${rest}` };
}

/**
 * What a query asks a file to be called as a download: '' for its own name, undefined where it asks for none. The parameter
 * counts as it is spelled; native/engine/site.cc has the same.
 */
export function downloadIn(target: string): string | undefined {
  const cut = target.indexOf('?');
  if (cut < 0) return undefined;
  for (const parameter of target.slice(cut + 1).split('&')) {
    const [name, ...value] = parameter.split('=');
    if (name === 'download') return decode(value.join('=').replaceAll('+', ' ')) ?? '';
  }
  return undefined;
}

/** Undefined where a percent sign is not followed by two hex digits, or the bytes are not UTF-8 (RFC 3629). */
function decode(raw: string): string | undefined {
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

/**
 * Removes empty and dot segments from a decoded path (RFC 3986 §5.2.4), so that no result can be taken
 * for a network-path reference (`//host`). Undefined where `..` would leave the root.
 */
export function normalise(path: string): string | undefined {
  // Joined from two or more, it is a text of its own: a slice would keep all of the target, its query too, in memory
  // for as long as the path is remembered (V8).
  const segments = [''];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.length === 1) return undefined;
    else segments.pop();
  }
  return segments.length === 1 ? '/' : segments.join('/');
}

/**
 * Bytes that may stand in a path as they are, by who percent-encodes them all the same, the strictest first: encoders
 * that spare only the unreserved (RFC 3986 §2.3), encodeURIComponent, encodeURI, browsers since 2024, all browsers
 * (WHATWG URL, path percent-encode set). Whoever encodes one of a class encodes those of the classes below it too.
 */
const CLASSES = ["!'()*", '$&+,:;=@', '[]|', '^', '"<>`{}'] as const;
const UNRESERVED = /[\w\-.~/]/;
/** Class of what is always encoded. */
const ALWAYS = CLASSES.length + 1;

/** By byte: 0 for what nobody encodes, then as in CLASSES. */
const CLASS_OF = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  if (UNRESERVED.test(char)) return 0;
  return CLASSES.findIndex((chars) => chars.includes(char)) + 1 || ALWAYS;
});

const HEX = /^[0-9A-F]{2}$/;
/** Empty segments and dot segments; a slash at the end is neither. */
const REDUNDANT = /\/(?:\.{0,2}\/|\.{1,2}$)/;

/**
 * Are the path bytes of a request in the form in which links are made? One path has endless spellings (`//a`, `/./a`,
 * `/%61`), but at most one of these for each class above, so that clients cannot fill memory with the others.
 */
export function isNormal(raw: string): boolean {
  if (PLAIN.test(raw)) return true;
  if (!raw.startsWith('/') || REDUNDANT.test(raw)) return false;
  let bare = 0;
  let encoded = ALWAYS;
  for (let at = 0; at < raw.length; at++) {
    if (raw[at] !== '%') {
      bare = Math.max(bare, CLASS_OF[raw.charCodeAt(at)] ?? ALWAYS);
      continue;
    }
    const hex = raw.slice(at + 1, at + 3);
    if (!HEX.test(hex)) return false;
    encoded = Math.min(encoded, CLASS_OF[Number.parseInt(hex, 16)] ?? ALWAYS);
    at += 2;
  }
  return bare < encoded;
}

/** What a path may have without being encoded: RFC 3986 §3.3 `pchar`, and the slashes between segments. */
const UNENCODED = /^[\w.~!$&'()*+,;=:@/-]+$/;

/** The part of `pchar` that encodeURIComponent encodes. */
const NEEDLESS = /%(?:24|26|2B|2C|3A|3B|3D|40)/g;

/**
 * The one spelling, of all that name the same path, that is normal (RFC 3986 §6.2.2): nothing is encoded
 * that may stand as it is, hexadecimal digits are upper-case, no segment is empty or a dot segment.
 */
export function normalForm({ path, slash }: PathTarget): string {
  const spelled = UNENCODED.test(path)
    ? path
    : encodePath(path).replace(NEEDLESS, decodeURIComponent);
  return slash && path !== '/' ? `${spelled}/` : spelled;
}

/** The same target with its path in normal form; itself where it names no path. */
export function normalTarget(target: string): string {
  const parsed = parseTarget(target);
  return parsed.kind === 'path' ? normalForm(parsed) + parsed.query : target;
}

/**
 * Is the path spelled as no encoder and no browser spells one: with dot or empty segments, or with a
 * letter, digit, `-`, `.` or `_` percent-encoded?
 */
export function isDevious(target: string): boolean {
  // Each request asks, and hardly any has one of these.
  if (!target.includes('%') && !target.includes('//') && !target.includes('/.')) return false;
  const [path = ''] = target.split('?', 1);
  return DEVIOUS.test(path);
}

const DEVIOUS = /\/\/|\/\.{1,2}(?:\/|$)|%(?:2[DE]|3\d|[46][1-9A-F]|[57][\dA]|5F)/i;

/**
 * The origin-form of a request that somebody else has routed by it. Only with an authority that ends in the
 * same place for every reader: url.parse takes `http://a;b/c` for a path `/;b/c`. (Any other stays as it is.)
 */
export function cutAuthority(target: string): string {
  return PLAIN_ORIGIN.test(target) ? originForm(target) : target;
}

const PLAIN_ORIGIN = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?(?=[/?]|$)/i;

/**
 * The target for routers that compare paths as decodeURI leaves them (find-my-way, Hono): what makes no
 * difference to those is spelled in the normal way, the reserved characters stay as they came.
 */
export function decodedTarget(target: string): string {
  const local = cutAuthority(target);
  const [path = ''] = local.split('?', 1);
  const spelled = path
    .replace(/%[\da-f]{2}/gi, (triple) =>
      DECODED.test(triple) ? decodeURIComponent(triple) : triple.toUpperCase(),
    )
    .replace(/["<>[\]^`{|}]/g, encodeURIComponent);
  return spelled + local.slice(path.length);
}

/** RFC 3986 §2.3, and the marks that ECMAScript's decodeURI decodes too: `!'()*`. */
const DECODED = /%(?:2[1789ADE]|3\d|[46][1-9A-F]|[57][\dA]|5F|7E)/i;

/**
 * A relative reference from a path to its normal form, which has as many segments. It begins with a dot
 * segment: it can never name another host ("//host"), and stays right below a mount point.
 */
export function referenceTo(normal: string, raw: string): string {
  const from = raw.split('/');
  const to = normal.split('/');
  const first = to.findIndex((segment, i) => segment !== from[i]);
  return ('../'.repeat(from.length - 1 - first) || './') + to.slice(first).join('/');
}

/** Percent-encodes what may not stand in a path, and leaves what is encoded as it is. */
export function spellPath(path: string): string {
  return path.replace(/%(?![\dA-Fa-f]{2})|[^\w.~!$&'()*+,;=:@/%-]+/g, encodeSegment);
}

/** Percent-encodes a decoded path segment by segment; the inverse of what `parseTarget` decodes. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeSegment).join('/');
}

/** Percent-encodes one name. Lone surrogates, which UTF-8 cannot carry, become U+FFFD instead of an error. */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name.replace(/\p{Surrogate}/gu, '\ufffd'));
}
