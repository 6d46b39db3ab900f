// Every option of the server: name, kind, default, help and what peers call it; and their validation.
import {
  bareMeans,
  choice,
  duration,
  integer,
  list,
  path,
  size,
  text,
  toggle,
  wordOr,
} from './kinds.ts';
import { cacheRules, fieldRules, redirectRules, rewriteRules, typeRules } from './rules.ts';
import { defaultsOf, type Option, OptionError, option, optional, readOptions } from './table.ts';
import { agreeOnTls, tls } from './tls.ts';

const DAY_MS = 86_400_000;
const TIB = 2 ** 40;

/** An engine's ids have six bits for the thread (native/engine). */
export const MAX_THREADS = 64;

const listening = {
  root: option(path, '.', 'directory to serve', 'nginx root'),
  host: option(text, '127.0.0.1', 'address or name to listen on', 'nginx listen'),
  port: option(integer(0, 65535), 8080, 'port to listen on; 0 takes a free one', 'nginx listen'),
  portFallback: option(toggle, false, 'take the next free port if the port is in use'),
  transport: option(
    choice('auto', 'native', 'uws', 'http1'),
    'auto',
    'who speaks HTTP: our engine, uWebSockets.js or node:http; auto takes the best that loads',
  ),
  threads: option(
    wordOr('auto', integer(1, MAX_THREADS)),
    1,
    'engine threads, at most 64; auto is one for each core',
    'nginx worker_processes',
  ),
  http2: option(toggle, true, 'offer HTTP/2 beside HTTP/1 with TLS', 'nginx http2'),
  h2c: option(
    toggle,
    false,
    'take HTTP/2 without TLS too, of clients that begin with it (prior knowledge)',
    'nginx http2',
  ),
};

const files = {
  index: option(list(text), ['index.html'], 'index files of a directory, in order', 'nginx index'),
  listing: option(toggle, false, 'list directories without an index file', 'nginx autoindex'),
  dotfiles: option(
    choice('ignore', 'deny', 'allow'),
    'ignore',
    'names that begin with a dot (except .well-known): 404, 403 or served',
  ),
  symlinks: option(
    choice('inside', 'none', 'follow'),
    'inside',
    'symbolic links: followed while they stay beneath the root, never, or anywhere',
    'nginx disable_symlinks',
  ),
  trailingSlash: option(
    choice('auto', 'always', 'never', 'ignore', 'strict'),
    'auto',
    'slash at the end of a page: directories only, always or never, by redirect; both alike; or as auto with 404',
  ),
  cleanUrls: option(toggle, false, 'serve about.html as /about, redirect /about.html there'),
  extensions: option(
    list(text),
    [],
    'extensions tried when nothing has the name itself, in order',
    'nginx try_files',
  ),
  spa: optional(
    bareMeans('index.html', text),
    'file for page requests that find nothing; alone: index.html',
    'nginx try_files',
  ),
  errorPages: option(toggle, true, 'use 404.html and 50x.html, nearest upward', 'nginx error_page'),
  redirects: option(redirectRules, [], 'redirects by pattern', 'nginx return, rewrite'),
  rewrites: option(
    rewriteRules,
    [],
    'other paths for a pattern, unseen by clients',
    'nginx rewrite',
  ),
};

const sending = {
  strategy: option(
    choice('auto', 'mmap', 'sendfile', 'read'),
    'auto',
    'how bodies are sent; anything but auto forces it, for measurement',
    'nginx sendfile, Tomcat useSendfile, Apache EnableSendfile and EnableMMAP',
  ),
  mmapMax: option(
    wordOr('auto', size(0, TIB)),
    'auto',
    'largest file for the memory cache; auto: 32k, with a certificate 1m and at most a 64th of the cache',
    'Tomcat cacheObjectMaxSize',
  ),
  mmapMinUses: option(
    integer(1, 1_000_000),
    2,
    'requests before a file enters the memory cache',
    'nginx open_file_cache_min_uses',
  ),
  mmapSource: option(
    choice('snapshot', 'file'),
    'snapshot',
    'what the memory cache maps: a sealed copy, or the file itself (only for trees that never change in place)',
  ),
  cacheSize: option(size(0, TIB), 2 ** 26, 'size of the memory cache', 'Tomcat cacheMaxSize'),
  sendfileMin: option(
    size(0, TIB),
    32768,
    'smallest body for sendfile; smaller ones that are not cached are read',
    'Tomcat sendfileSize',
  ),
  sendfileMaxChunk: option(
    size(4096, 2 ** 30),
    2 ** 21,
    'most that one connection sends before others have their turn',
    'nginx sendfile_max_chunk',
  ),
  sendfileVerify: option(
    toggle,
    false,
    'hold the last byte of a sendfile back until the file is known to be unchanged',
  ),
};

const freshness = {
  revalidate: option(
    duration(0, DAY_MS),
    1000,
    'how long a file is trusted to be unchanged; 0 looks at every request',
    'nginx open_file_cache_valid, Tomcat cacheTtl',
  ),
  watch: option(toggle, true, 'also see changes at once, where the system can tell'),
  maxOpenFiles: option(
    wordOr('auto', integer(16, 1_000_000)),
    'auto',
    'files kept open between requests; from the second request on, if mmapMinUses is more than 1; auto goes by the memory, and takes half of the descriptors at most',
    'nginx open_file_cache max',
  ),
};

const fields = {
  mimeTypes: option(typeRules, {}, 'media types by extension or glob', 'nginx types'),
  etag: option(
    choice('auto', 'stat', 'content', 'off'),
    'auto',
    'entity-tag from size and time, or the content where the time proves little; from identity, size and time; from the content; or none',
    'nginx etag, Apache FileETag',
  ),
  lastModified: option(toggle, true, 'send Last-Modified'),
  precompressed: option(
    list(choice('br', 'zstd', 'gzip')),
    ['br', 'zstd', 'gzip'],
    'codings whose siblings (.br, .zst, .gz) are offered',
    'nginx gzip_static',
  ),
  maxRanges: option(
    integer(0, 1000),
    16,
    'most ranges of one request; more get the whole file, 0 ignores ranges',
    'nginx max_ranges',
  ),
  cacheControl: optional(cacheRules, 'Cache-Control of every file', 'nginx expires'),
  immutableHashed: option(toggle, false, 'a year of immutable for names with a content hash'),
  cors: option(
    list(text, '*'),
    [],
    'origins that may read across sites; alone: every origin',
    'Tomcat cors.allowed.origins',
  ),
  securityHeaders: option(toggle, false, 'send the usual security fields'),
  headers: option(fieldRules, {}, 'fields by glob; null removes one', 'nginx add_header'),
  serverTiming: option(
    toggle,
    false,
    'strategy and reason, protocol and TLS version as Server-Timing',
  ),
};

const limits = {
  maxConnections: option(
    integer(1, 1_000_000),
    10_000,
    'connections at a time',
    'nginx worker_connections, Tomcat maxConnections',
  ),
  maxHeaderSize: option(
    size(1024, 2 ** 20),
    16_384,
    'size of a request head; more gets 431',
    'nginx large_client_header_buffers, Tomcat maxHttpRequestHeaderSize',
  ),
  headerTimeout: option(
    duration(1, DAY_MS),
    10_000,
    'time for a request head to arrive; then 408',
    'nginx client_header_timeout, Tomcat connectionTimeout',
  ),
  keepAliveTimeout: option(
    duration(1, DAY_MS),
    75_000,
    'time that an idle connection stays open',
    'nginx keepalive_timeout, Tomcat keepAliveTimeout',
  ),
  sendTimeout: option(
    duration(1, DAY_MS),
    60_000,
    'time that a client may take nothing of an answer',
    'nginx send_timeout',
  ),
  grace: option(
    duration(0, DAY_MS),
    10_000,
    'time for answers in flight when the server stops',
    'nginx worker_shutdown_timeout',
  ),
};

const logging = {
  logLevel: option(
    choice('silent', 'error', 'warn', 'info'),
    'info',
    'least that is written to stderr',
  ),
  logFormat: option(choice('text', 'json'), 'text', 'form of its lines'),
};

const command = {
  json: option(toggle, false, 'print the start line as JSON'),
  config: optional(path, 'JSON file with options by their names in code'),
};

/** The options of `createServer`, in the order of help. */
export const OPTIONS = {
  ...listening,
  ...tls,
  ...files,
  ...sending,
  ...freshness,
  ...fields,
  ...limits,
  ...logging,
};

/** The same and those of the `zcserve` command only. */
export const COMMAND_OPTIONS = { ...OPTIONS, ...command };

export const GROUPS: Readonly<Record<string, Readonly<Record<string, Option>>>> = {
  Listening: listening,
  TLS: tls,
  Files: files,
  Sending: sending,
  Freshness: freshness,
  'Response fields': fields,
  Limits: limits,
  Logging: logging,
  Command: command,
};

type ValueOf<O> = O extends Option<infer T, infer _> ? T : never;
type InputOf<O> = O extends Option<infer T, infer Input> ? T | Input : never;

/** Every option with its value. */
export type Options = { readonly [N in keyof typeof OPTIONS]: ValueOf<(typeof OPTIONS)[N]> };
/** What callers may pass; whatever is left out or undefined takes its default. */
export type OptionsInput = {
  readonly [N in keyof typeof OPTIONS]?: InputOf<(typeof OPTIONS)[N]> | undefined;
};

/** Every option's value. Throws an OptionError that names the option, its value and what is allowed. */
export function resolveOptions(input: OptionsInput = {}): Options {
  const options = { ...defaultsOf(OPTIONS), ...readOptions(OPTIONS, input) } as Options;
  agree(options);
  return options;
}

/** Rules between options. */
function agree(options: Options): void {
  const { transport, h2c } = options;
  agreeOnTls(options, (name) => options[name] === OPTIONS[name].default);
  if (!h2c) return;
  if (transport === 'uws' || transport === 'http1') {
    throw new OptionError(
      (call) =>
        `${call('transport')}: "${transport}" speaks no HTTP/2 without TLS; expected auto or native, or no ${call('h2c')}`,
    );
  }
  if (options.tlsCert !== undefined) {
    throw new OptionError((call) => `${call('h2c')} is without TLS, ${call('tlsCert')} is with it`);
  }
}
