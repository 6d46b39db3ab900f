// The options of the middleware: serve-static's by name and default, sirv's by mapping, and our own; read into ours.

import type { Stats } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import ms from 'ms';
import { choice, type Kind, list, text, toggle } from '../options/kinds.ts';
import { OPTIONS, type Options, type OptionsInput, resolveOptions } from '../options/options.ts';
import {
  defaultsOf,
  type Option,
  OptionError,
  option,
  optional,
  readOptions,
} from '../options/table.ts';
import { excludedPaths, type IsExcluded } from './exclude.ts';

/** Sets fields of an answer that comes from a file, before it is sent; what it sets stays. */
export type SetHeaders = (res: ServerResponse, path: string, stat: Stats) => void;

export type NoMatch = (req: IncomingMessage, res: ServerResponse) => void;

/** Our own options that make sense inside somebody else's server. */
const OWN = [
  'symlinks',
  'cleanUrls',
  'listing',
  'live',
  'liveTimeout',
  'strategy',
  'mmapMax',
  'mmapMinUses',
  'mmapSource',
  'cacheSize',
  'sendfileMin',
  'revalidate',
  'watch',
  'maxOpenFiles',
  'precompressed',
  'dictionaries',
  'compress',
  'compressCpu',
  'compressSize',
  'compressCache',
  'cdn',
  'immutableHashed',
  'headers',
  'earlyHints',
  'download',
  'mimeTypes',
  'siteRules',
  'serverTiming',
  'logLevel',
  'logFormat',
] as const satisfies ReadonlyArray<keyof OptionsInput>;

type Own = (typeof OWN)[number];

export interface FileOptions extends Pick<OptionsInput, Own> {
  /** serve-static: answer ranges; true. */
  readonly acceptRanges?: boolean | undefined;
  /** serve-static: send Cache-Control; true. */
  readonly cacheControl?: boolean | undefined;
  /** serve-static; "ignore". sirv's true is "allow", its false "ignore". */
  readonly dotfiles?: 'allow' | 'deny' | 'ignore' | boolean | undefined;
  /** serve-static; true, which is our "auto". */
  readonly etag?: boolean | Options['etag'] | undefined;
  /** serve-static: extensions tried for names that have none; false. */
  readonly extensions?: false | string | readonly string[] | undefined;
  /** serve-static: add immutable to Cache-Control; false. */
  readonly immutable?: boolean | undefined;
  /** serve-static: index files, false for none; "index.html". */
  readonly index?: false | string | readonly string[] | undefined;
  /** serve-static; true. */
  readonly lastModified?: boolean | undefined;
  /** serve-static: max-age, in milliseconds or as text ("1d"); 0. */
  readonly maxAge?: number | string | undefined;
  /** serve-static: redirect directories to their slash; true. */
  readonly redirect?: boolean | undefined;
  /** sirv: a page for paths that find nothing; true is index.html. */
  readonly single?: boolean | string | undefined;
  /** sirv: paths that `single` spares, beside those with an extension; false spares none. */
  readonly ignores?: false | string | RegExp | ReadonlyArray<string | RegExp> | undefined;
  /** sirv: look at the files on every request, and let clients ask every time; false. */
  readonly dev?: boolean | undefined;
  /** sirv: offer .gz and .br siblings; false. */
  readonly gzip?: boolean | undefined;
  readonly brotli?: boolean | undefined;
}

export interface MiddlewareOptions extends FileOptions {
  /** serve-static: leave misses and other methods to the next handler, or make errors of them; true. */
  readonly fallthrough?: boolean | undefined;
  /** serve-static and sirv. */
  readonly setHeaders?: SetHeaders | undefined;
  /** Paths that are the next handler's, whatever there is: globs below the mount point, and all that is below them. */
  readonly exclude?: string | readonly string[] | undefined;
  /** sirv: answers what finds nothing where there is no next handler. */
  readonly onNoMatch?: NoMatch | undefined;
}

/** What the middleware goes by. */
export interface MiddlewareSettings {
  readonly options: Options;
  readonly acceptRanges: boolean;
  readonly redirect: boolean;
  readonly fallthrough: boolean;
  readonly setHeaders: SetHeaders | undefined;
  /** Which path it gets: serve-static gives the file's, sirv the request's. */
  readonly setHeadersPath: 'file' | 'request';
  readonly onNoMatch: NoMatch | undefined;
  readonly isExcluded: IsExcluded | undefined;
  /** Path of the page for misses, and what it is not for. */
  readonly single: string | undefined;
  readonly ignores: readonly RegExp[];
}

/** Also takes one more value, which stands for another. */
function orWord<T, I>(kind: Kind<T, I>, word: boolean, means: T): Kind<T, I | boolean> {
  return {
    shape: kind.shape,
    expected: `${kind.expected}, or ${word}`,
    parse: (input) => (input === word ? means : kind.parse(input)),
    show: kind.show,
  };
}

const names = orWord(list(text), false, []);

/** serve-static's: 365 days, which are less than the year of `ms`. */
const MAX_AGE_MS = 31_536_000_000;

const age: Kind<number, number | string> = {
  shape: 'time',
  expected: 'milliseconds, or a text such as "1d"',
  parse(input) {
    const value = typeof input === 'string' ? ms(input as ms.StringValue) : input;
    if (typeof value !== 'number' || !(value >= 0)) return undefined;
    return Math.min(value, MAX_AGE_MS);
  },
  show: (value) => ms(value),
};

function functionKind<F>(): Kind<F> {
  return {
    shape: 'function',
    expected: 'a function',
    parse: (input) => (typeof input === 'function' ? (input as F) : undefined),
    show: () => 'function',
  };
}

/** sirv's own: paths whose last segment has an extension, and well-known ones. */
const SPARED: readonly RegExp[] = [/\/[^/]*\.[^/.]+$/, /^\/\.well-known(?:\/|$)/];

const patterns: Kind<readonly RegExp[]> = {
  shape: 'pattern,…',
  expected: 'a pattern, a list of patterns, or false',
  parse(input) {
    if (input === false) return [];
    const given = Array.isArray(input) ? input : [input];
    if (!given.every((one) => typeof one === 'string' || one instanceof RegExp)) return undefined;
    return [...SPARED, ...given.map((one) => new RegExp(one, 'i'))];
  },
  show: (value) => value.map(String).join(','),
};

/** Undefined unless given: `resolveOptions` knows the defaults. */
function ownRows(): Record<Own, Option> {
  const rows = OWN.map((name) => [name, { ...OPTIONS[name], default: undefined }]);
  return Object.fromEntries(rows) as Record<Own, Option>;
}

const FILE_TABLE = {
  ...ownRows(),
  acceptRanges: option(toggle, true, 'answer ranges', 'serve-static'),
  cacheControl: option(toggle, true, 'send Cache-Control', 'serve-static'),
  dotfiles: option(
    orWord(orWord(choice('allow', 'deny', 'ignore'), true, 'allow'), false, 'ignore'),
    'ignore',
    'names that begin with a dot: served, 403 or 404',
    'serve-static, sirv',
  ),
  etag: option(
    orWord(orWord(choice('auto', 'stat', 'content', 'off'), true, 'auto'), false, 'off'),
    'auto',
    'send ETag',
    'serve-static, sirv',
  ),
  extensions: option(names, [], 'extensions tried for names that have none', 'serve-static, sirv'),
  immutable: option(toggle, false, 'add immutable to Cache-Control', 'serve-static, sirv'),
  index: option(names, ['index.html'], 'index files of a directory', 'serve-static'),
  lastModified: option(toggle, true, 'send Last-Modified', 'serve-static'),
  maxAge: option(age, 0, 'max-age of Cache-Control', 'serve-static'),
  redirect: option(toggle, true, 'redirect directories to their slash', 'serve-static'),
  single: optional(
    orWord(orWord(text, true, 'index.html'), false, ''),
    'page for paths that find nothing',
    'sirv',
  ),
  ignores: option(patterns, SPARED, 'paths that `single` spares', 'sirv'),
  dev: option(toggle, false, 'look at the files on every request', 'sirv'),
  gzip: option(toggle, false, 'offer .gz siblings', 'sirv'),
  brotli: option(toggle, false, 'offer .br siblings', 'sirv'),
} satisfies Record<keyof FileOptions, Option>;

const MIDDLEWARE_TABLE = {
  ...FILE_TABLE,
  fallthrough: option(toggle, true, 'leave misses to the next handler', 'serve-static'),
  setHeaders: optional(functionKind<SetHeaders>(), 'sets fields of files', 'serve-static, sirv'),
  exclude: optional(excludedPaths, 'paths that are the next handler’s', 'Nest ServeStaticModule'),
  onNoMatch: optional(functionKind<NoMatch>(), 'answers misses', 'sirv'),
} satisfies Record<keyof MiddlewareOptions, Option>;

type ValueOf<O> = O extends Option<infer T, infer _> ? T : never;
type Given<Table> = { readonly [N in keyof Table]: ValueOf<Table[N]> };

/** Throws an OptionError that names the option, its value and what is allowed, or the nearest name. */
export function readMiddlewareOptions(
  root: string,
  input: MiddlewareOptions = {},
): MiddlewareSettings {
  const given = read(MIDDLEWARE_TABLE, input);
  const { acceptRanges, redirect, fallthrough, setHeaders, exclude, onNoMatch, single, ignores } =
    given;
  return {
    options: optionsOf(root, given),
    acceptRanges,
    redirect,
    fallthrough,
    setHeaders,
    setHeadersPath: 'file',
    isExcluded: exclude,
    onNoMatch,
    single: single || undefined,
    ignores,
  };
}

/** The same for a server that has no next handler and no node:http response. */
export function readFileOptions(root: string, input: FileOptions = {}): MiddlewareSettings {
  const given = read(FILE_TABLE, input);
  return {
    options: optionsOf(root, given),
    acceptRanges: given.acceptRanges,
    redirect: given.redirect,
    fallthrough: false,
    setHeaders: undefined,
    setHeadersPath: 'file',
    isExcluded: undefined,
    onNoMatch: undefined,
    single: given.single || undefined,
    ignores: given.ignores,
  };
}

function read<T extends Readonly<Record<string, Option>>>(table: T, input: object): Given<T> {
  const ofServers = Object.entries(input).find(
    ([name, value]) =>
      value !== undefined && !Object.hasOwn(table, name) && Object.hasOwn(OPTIONS, name),
  );
  if (ofServers !== undefined) {
    throw new OptionError(
      (call) => `${call(ofServers[0])}: is a server's of its own, and here that is somebody else's`,
    );
  }
  return { ...defaultsOf(table), ...readOptions(table, { ...input }) } as Given<T>;
}

function optionsOf(root: string, given: Given<typeof FILE_TABLE>): Options {
  if (typeof root !== 'string' || root === '') throw new OptionError('the root must be a path');
  const own = Object.fromEntries(OWN.map((name) => [name, given[name]])) as OptionsInput;
  const siblings: Array<'br' | 'gzip'> = [];
  if (given.brotli) siblings.push('br');
  if (given.gzip) siblings.push('gzip');
  const { index, extensions, dotfiles, etag, lastModified } = given;
  return resolveOptions({
    precompressed: siblings,
    compress: 'off',
    // Whoever mounts a directory has seen to its fields and routes.
    siteRules: false,
    ...withoutUndefined(own),
    ...(given.dev ? { revalidate: 0 } : {}),
    root,
    index,
    extensions,
    dotfiles,
    etag,
    lastModified,
    trailingSlash: given.redirect ? 'auto' : 'strict',
    errorPages: false,
    cacheControl: cacheControlOf(given),
    ...(given.acceptRanges ? {} : { maxRanges: 0 }),
  });
}

function withoutUndefined(input: OptionsInput): OptionsInput {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}

/** serve-static's form; sirv's for `dev`. */
function cacheControlOf(given: Given<typeof FILE_TABLE>): string | undefined {
  if (!given.cacheControl) return undefined;
  if (given.dev) return 'no-cache';
  const value = `public, max-age=${Math.floor(given.maxAge / 1000)}`;
  return given.immutable ? `${value}, immutable` : value;
}
