// Options: which files are served, under which names, and how fresh what is known of them is.
import { bareMeans, choice, duration, integer, list, size, text, toggle, wordOr } from './kinds.ts';
import { redirectRules, rewriteRules } from './rules.ts';
import { OptionError, option, optional } from './table.ts';

const DAY_MS = 86_400_000;
const TIB = 2 ** 40;

export const files = {
  index: option(list(text), ['index.html'], 'index files of a directory, in order', 'nginx index'),
  listing: option(toggle, false, 'list directories without an index file', 'nginx autoindex'),
  archive: option(
    bareMeans('all', wordOr('all', list(choice('tar', 'tar.gz', 'tar.zst', 'zip')))),
    [],
    'formats in which a listed directory can be had whole, by ?archive=zip; alone: all that this Node can write',
  ),
  archiveMaxSize: option(
    size(1, TIB),
    4 * 2 ** 30,
    'bytes of all files of one archive; a larger directory cannot be had whole',
  ),
  live: option(
    list(text),
    [],
    'globs of files that grow, such as *.log: by ?live, or a Range without an end (RFC 8673), their answers go on with them',
    'tail -f',
  ),
  liveTimeout: option(
    duration(1, DAY_MS),
    3_600_000,
    'time that a live answer goes on while its file does not grow',
  ),
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
  siteRules: option(
    toggle,
    true,
    'follow _headers and _redirects in the root, and serve neither',
    'Netlify, Cloudflare Pages',
  ),
};

export const freshness = {
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

/** Throws an OptionError where they do not fit together. */
export function agreeOnArchives({
  archive,
  listing,
}: {
  readonly archive: string | readonly string[];
  readonly listing: boolean;
}): void {
  if (archive.length === 0 || listing) return;
  throw new OptionError((call) => `${call('archive')} needs ${call('listing')} too`);
}
