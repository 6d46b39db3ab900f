// Options of `zcserve compress`: flags of their own, beside those that say which files a server would send.
import { files } from './files.ts';
import { choice, integer, list, path, paths, toggle, wordOr } from './kinds.ts';
import { option, optional } from './table.ts';

/** As many as the engine may have. */
const MAX_THREADS = 64;

export const compressing = {
  codings: option(
    list(choice('br', 'zstd', 'gzip')),
    ['br', 'zstd', 'gzip'],
    'siblings to make: .br by Brotli 11, .zst by Zstandard 19, .gz by the best of zlib',
  ),
  against: optional(
    paths,
    'directory of an earlier release, several for several: its files are dictionaries for those of today (RFC 9842)',
  ),
  force: option(
    toggle,
    false,
    'also encode what has a sibling of its content: the smaller one stays',
  ),
  prune: option(
    toggle,
    false,
    'remove siblings whose file is gone, that are of other content, or not worth their place',
  ),
  check: option(
    toggle,
    false,
    'write nothing: list what is missing, stale or (with --prune) to be removed, and exit with 1 if there is any',
  ),
  threads: option(
    wordOr('auto', integer(1, MAX_THREADS)),
    'auto',
    `threads that encode, at most ${MAX_THREADS}; auto is one for each core`,
  ),
};

const which = {
  dotfiles: files.dotfiles,
  symlinks: files.symlinks,
  config: optional(path, 'JSON file with the options of the server: media types, dotfiles, links'),
};

const output = {
  json: option(toggle, false, 'print the result as JSON'),
  quiet: option(toggle, false, 'no progress bar, no table'),
};

export const COMPRESS_OPTIONS = { ...compressing, ...which, ...output };

export const COMPRESS_GROUPS = { Encoding: compressing, Files: which, Output: output };
