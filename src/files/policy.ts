// What the operator decides about files: which may be served, under which names, and what is kept open.
import type { Symlinks } from '../addon/files.ts';
import type { FileCoding } from '../plan/types.ts';
import type { Builds } from '../rules/builds.ts';

/**
 * What ETags are made from. `auto`: size and modification time where that has fractions of a second, else the
 * content; `stat`: identity, size and time; `content`: the content alone; or none.
 */
export type EtagPolicy = 'auto' | 'stat' | 'content' | 'off';

/** Does a name in this root-relative path begin with a dot, but for `.well-known` at the root (RFC 8615 §3)? */
export function isHidden(path: string): boolean {
  return /(?:^|\/)\./.test(path.replace(/^\.well-known(?=\/|$)/, ''));
}

/** The file that tells what is missing. */
export const MISS_PAGE = '404.html';

/** What is encoded here, and what that may take. */
export interface CompressPolicy {
  /** Best first. */
  readonly codings: readonly FileCoding[];
  /** Of one processor. */
  readonly percent: number;
  /** All forms together, bytes. */
  readonly capacity: number;
  /** Where they are kept; undefined = in memory. An absolute path. */
  readonly directory: string | undefined;
}

export interface FilesPolicy {
  /** Directory that is served; an absolute path. */
  readonly root: string;
  /** Names tried in a directory, in order. */
  readonly index: readonly string[];
  /** Names that begin with a dot: as if absent, 403, or like any other. `/.well-known` is always allowed (RFC 8615). */
  readonly dotfiles: 'ignore' | 'deny' | 'allow';
  readonly symlinks: Symlinks;
  /** /about is about.html; /about.html and /index.html redirect (308) to their clean forms. */
  readonly cleanUrls: boolean;
  /** Root-relative path of the page that answers unknown navigations; undefined = none. */
  readonly spa: string | undefined;
  /**
   * Which form of a page's path is the right one. `auto`: directories with a slash, clean URLs without;
   * `always` and `never`: both with, both without; the wrong form redirects to the right one. `ignore`:
   * both forms are answered alike. `strict`: as `auto`, but the wrong form is not found.
   */
  readonly trailingSlash: 'auto' | 'always' | 'never' | 'ignore' | 'strict';
  /** List directories that have no index. */
  readonly listing: boolean;
  /** Does nobody read the pages but whoever runs the server? Then a miss says which option would have answered. */
  readonly advises: boolean;
  /** Does the site carry rules of its own (carried.ts)? */
  readonly siteRules: boolean;
  /** Answer errors with the nearest 404.html or 50x.html at or above the path. */
  readonly errorPages: boolean;
  /** Tried after a name that nothing has, in order, without their dots. */
  readonly extensions: readonly string[];
  /** A change is seen within this time, milliseconds; 0 = no answer rests on a check older than its request. */
  readonly revalidateMs: number;
  /** Precompressed siblings to look for (.br, .zst, .gz). */
  readonly codings: readonly FileCoding[];
  /** Who tells which names are hashes where the names do not; undefined = nobody asks. */
  readonly builds: Builds | undefined;
  /** May there be forms by dictionaries of the file at this path? Undefined: of none. */
  readonly dictionaries: ((path: string) => boolean) | undefined;
  /** Encoded forms that are made here; undefined = none. */
  readonly compress: CompressPolicy | undefined;
  readonly etag: EtagPolicy;
  /** Is the hash of every content told (Repr-Digest)? */
  readonly digest: boolean;
  readonly lastModified: boolean;
  /** Largest file that the memory cache takes, bytes. */
  readonly mmapMax: number;
  /** Uses before a file is taken into the memory cache. */
  readonly mmapMinUses: number;
  /** Memory cache, bytes; 0 = none. */
  readonly cacheSize: number;
  /** Copies in sealed memory, or mappings of the files themselves. */
  readonly mmapSource: 'snapshot' | 'file';
  /** Descriptors kept open for files. */
  readonly maxOpenFiles: number | 'auto';
  /** Watch the directories of cached files, to drop what changed at once. */
  readonly watch: boolean;
}
