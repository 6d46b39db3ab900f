// A file table over a temporary tree, with what it logged and opened, with and without the addon.
import { readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { loadNative } from '../../src/addon/load.ts';
import type { NativeAddon } from '../../src/addon/types.ts';
import type { Description, FileEntry } from '../../src/files/entry.ts';
import { openRoot } from '../../src/files/open.ts';
import type { FilesPolicy } from '../../src/files/policy.ts';
import type { Found, Root } from '../../src/files/root.ts';
import { FileTable } from '../../src/files/table.ts';
import { parseTarget } from '../../src/http/target.ts';
import type { Log } from '../../src/log/log.ts';
import type { Contents, Resolution } from '../../src/plan/types.ts';
import { makeTree, type Node, type Teardown } from '../support/tree.ts';

export const addon: NativeAddon | undefined = loadNative().addon;

/** The ways to open: every claim about files is tried on each that this machine has. */
export const WAYS: ReadonlyArray<readonly [name: string, addon: NativeAddon | undefined]> =
  addon === undefined
    ? [['by path', undefined]]
    : [
        ['by descriptor', addon],
        ['by path', undefined],
      ];

/** Of a file of whose answers nothing is asked. */
export const NO_FIELDS: Description = {
  etag: undefined,
  lastModified: undefined,
  fields: [],
  contentFields: [],
  encodable: false,
  digestFields: [],
};

export const POLICY: Omit<FilesPolicy, 'root'> = {
  index: ['index.html'],
  dotfiles: 'ignore',
  symlinks: 'inside',
  cleanUrls: false,
  spa: undefined,
  trailingSlash: 'auto',
  listing: false,
  errorPages: true,
  siteRules: false,
  advises: false,
  extensions: [],
  revalidateMs: 1000,
  builds: undefined,
  compress: undefined,
  dictionaries: undefined,
  codings: ['br', 'zstd', 'gzip'],
  etag: 'stat',
  digest: false,
  lastModified: true,
  mmapMax: 65536,
  // What is asked for once is kept, too.
  mmapMinUses: 1,
  cacheSize: 1024 * 1024,
  mmapSource: 'snapshot',
  maxOpenFiles: 1024,
  watch: false,
};

export interface Site {
  readonly path: string;
  readonly root: Root;
  readonly table: FileTable;
  readonly lines: string[];
  /** Paths of each batch that was opened. */
  readonly opened: Array<readonly string[]>;
  /** Directories that were read, root-relative. */
  readonly reads: string[];
  /** While set, stands between the table and the file system. */
  fault: ((paths: readonly string[]) => Promise<readonly Found[]>) | undefined;
  /** Paths that the table said to forget. */
  readonly forgotten: string[];
  /** Paths that hot answers use. */
  readonly used: Set<string>;
  /** Moves the table's clock. */
  advance(ms: number): void;
  /** What a request target names. */
  find(target: string, navigation?: boolean): Promise<Resolution<FileEntry>>;
  /** What is in a directory; or what stands there instead. */
  list(target: string): Promise<Contents | Resolution<FileEntry>>;
}

/** Is the path answered without a look at the file system? */
export function isKnown(site: Site, path: string): boolean {
  const looks = site.opened.length;
  const found = site.table.lookup(path, false, false);
  return !(found instanceof Promise) && site.opened.length === looks;
}

export interface SiteOptions {
  readonly policy?: Partial<FilesPolicy>;
  readonly addon?: NativeAddon | undefined;
}

export function makeSite(
  t: Teardown,
  tree: string | Readonly<Record<string, Node>>,
  options: SiteOptions = {},
): Site {
  const path = typeof tree === 'string' ? tree : makeTree(t, tree);
  const policy: FilesPolicy = { ...POLICY, root: path, ...options.policy };
  const lines: string[] = [];
  const opened: Array<readonly string[]> = [];
  const reads: string[] = [];
  const real = openRoot(path, policy.symlinks, options.addon);
  const root: Root = {
    ...real,
    openNow: (paths) => {
      const found = site.fault === undefined ? real.openNow(paths) : undefined;
      if (found !== undefined) opened.push(paths);
      return found;
    },
    open: (paths) => {
      opened.push(paths);
      return site.fault?.(paths) ?? real.open(paths);
    },
    read: (directory, below, ...policy) => {
      reads.push(below);
      return real.read(directory, below, ...policy);
    },
  };
  let time = 0;
  const table = new FileTable({
    policy,
    root,
    addon: options.addon,
    describe: ({ path: resource, coding, etag, hash, varies }) => ({
      etag,
      lastModified: undefined,
      fields: ['ETag', etag ?? '', 'Vary', String(varies)],
      contentFields: ['Content-Type', resource, 'Content-Encoding', coding],
      encodable: coding === 'identity',
      digestFields: hash === undefined ? [] : ['Repr-Digest', hash],
    }),
    log: collect(lines),
    now: () => time,
  });
  t.teardown(() => {
    table.close();
    root.close();
  });
  const forgotten: string[] = [];
  const used = new Set<string>();
  table.attach({
    forget: (paths) => forgotten.push(...paths),
    used: (path) => used.has(path),
  });
  const site: Site = {
    path,
    root,
    table,
    lines,
    opened,
    reads,
    fault: undefined,
    forgotten,
    used,
    advance: (ms) => {
      time += ms;
    },
    find: async (target, navigation = false) => {
      const parsed = parseTarget(target);
      if (parsed.kind !== 'path') throw new Error(`no path: ${target}`);
      return table.lookup(parsed.path, parsed.slash, navigation);
    },
    list: async (target) => {
      const found = await site.find(target);
      return found.kind === 'listing' ? table.list(found) : found;
    },
  };
  return site;
}

export function collect(lines: string[]): Log {
  const seen = new Set<string>();
  const add = (level: string, message: string, key?: string) => {
    if (key !== undefined && seen.has(key)) return;
    if (key !== undefined) seen.add(key);
    lines.push(`${level}: ${message}`);
  };
  return {
    info: (message) => add('info', message),
    warn: (message, key) => add('warn', message, key),
    error: (message, key) => add('error', message, key),
  };
}

/** The file of a resolution that must be one. */
export function fileOf(resolution: Resolution<FileEntry>): FileEntry {
  if (resolution.kind !== 'file') throw new Error(`not a file: ${JSON.stringify(resolution)}`);
  return resolution.resource.identity;
}

/** A turn of the event loop: what was put off to its end is done. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits, turn by turn, for what has no event; a claim that never comes true is the test's time-out. */
export async function until(claim: () => boolean): Promise<void> {
  while (!claim()) await turn();
}

/** The bytes of an open file. */
export function bytesOf(file: FileEntry): string {
  const bytes = Buffer.alloc(file.size);
  return bytes.toString('utf8', 0, readSync(file.file.fd, bytes, 0, file.size, 0));
}

/** Descriptors of this process that lead beneath a directory (Linux). */
export function descriptorsBeneath(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const place = readlinkSync(`/proc/self/fd/${fd}`);
      return place.startsWith(`${directory}/`) ? [place] : [];
    } catch {
      return [];
    }
  });
}

/** Directories that this process watches (Linux; proc_pid_fdinfo(5)). */
export function watches(): number {
  return readdirSync('/proc/self/fdinfo').reduce((sum, fd) => {
    try {
      const lines = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/^inotify wd:/gm);
      return sum + (lines?.length ?? 0);
    } catch {
      return sum;
    }
  }, 0);
}
