// Confined opening without the addon: open by path, then ask where the opened file is.
import {
  type BigIntStats,
  close,
  constants,
  promises as fs,
  fstat,
  open,
  realpathSync,
  statSync,
} from 'node:fs';
import { join, sep } from 'node:path';
import { promisify } from 'node:util';
import type { Symlinks } from '../addon/files.ts';
import { readDirectory } from './directory.ts';
import type { OpenFile } from './entry.ts';
import { codeOf } from './errno.ts';
import { isMadeUp } from './made-up.ts';
import { isBeneath, type Places, placesFor } from './place.ts';
import { type Found, type Root, versionOfStamp } from './root.ts';

const openFd = promisify(open);
const closeFd = promisify(close);
const fstatFd = promisify(fstat);

// O_NONBLOCK: opening a FIFO does not wait for a writer (fifo(7)). Both are undefined on Windows.
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * Whatever a link or a rename does meanwhile, the decision is about the file that was opened: its own
 * path must lie beneath the root (`inside`) or be the very path asked for (`none`). `descriptors`: where the system
 * tells of them. Throws an Error with `code`.
 */
export function openRootByPath(path: string, symlinks: Symlinks, descriptors?: string): Root {
  const place = realpathSync(path);
  return rootAt(path, place, statSync(within(place), { bigint: true }), symlinks, descriptors);
}

/** The same off the JavaScript thread. Rejects with an Error with `code`. */
export async function findRootByPath(
  path: string,
  symlinks: Symlinks,
  descriptors?: string,
): Promise<Root> {
  const place = await fs.realpath(path);
  const stat = await fs.stat(within(place), { bigint: true });
  return rootAt(path, place, stat, symlinks, descriptors);
}

/** A directory by a path that nobody can follow without permission to enter it; ENOTDIR for anything else. */
function within(directory: string): string {
  return `${directory}${sep}.`;
}

/** `root`: the real path of what `path` names. */
function rootAt(
  path: string,
  root: string,
  stat: BigIntStats,
  symlinks: Symlinks,
  descriptors?: string,
): Root {
  if (!stat.isDirectory()) {
    throw Object.assign(new Error(`ENOTDIR: not a directory, '${path}'`), { code: 'ENOTDIR' });
  }
  const places = placesFor(root, descriptors);
  const openAll = (paths: readonly string[]) =>
    Promise.all(paths.map((one) => openBeneath({ root, symlinks, places }, one)));
  return {
    native: undefined,
    openNow: () => undefined,
    isSame: () => false,
    open: openAll,
    read: (directory, below, dotfiles, maxEntries) =>
      readDirectory({
        place: places.directory(join(root, below), directory.fd),
        path: below,
        dotfiles,
        maxEntries,
        follow: symlinks === 'none' ? undefined : openAll,
      }),
    names: async (paths) => paths.map(() => undefined),
    async look() {
      try {
        const place = await fs.realpath(path);
        const now = await fs.stat(within(place), { bigint: true });
        if (place === root && now.dev === stat.dev && now.ino === stat.ino) return { kind: 'same' };
        return { kind: 'moved', root: rootAt(path, place, now, symlinks, descriptors) };
      } catch (error) {
        return { kind: 'error', errno: codeOf(error) };
      }
    },
    close: () => {},
  };
}

interface Confinement {
  readonly root: string;
  readonly symlinks: Symlinks;
  readonly places: Places;
}

/** A path whose file is replaced again and again is given up. */
const MAX_ATTEMPTS = 5;

async function openBeneath(confinement: Confinement, path: string): Promise<Found> {
  if (!isPlain(path)) return { type: 'error', errno: 'EXDEV' };
  const name = path === '' ? confinement.root : join(confinement.root, path);
  for (let attempt = 1; ; attempt++) {
    const found = await openOnce(confinement, name);
    const isReplaced = found.type === 'error' && found.errno === 'EAGAIN';
    if (!isReplaced || attempt === MAX_ATTEMPTS) return found;
  }
}

async function openOnce(confinement: Confinement, name: string): Promise<Found> {
  let fd: number;
  try {
    fd = await openDescriptor(name);
  } catch (error) {
    const errno = codeOf(error);
    // open(2): a socket, or a device without a driver.
    return errno === 'ENXIO' ? { type: 'other' } : { type: 'error', errno };
  }
  const file = new PathOpenFile(fd);
  try {
    const found = await examine(confinement, name, file);
    if (found.type === 'other' || found.type === 'error') file.close();
    return found;
  } catch (error) {
    file.close();
    return { type: 'error', errno: codeOf(error) };
  }
}

/** Descriptors that are being closed count until they are. */
async function openDescriptor(name: string): Promise<number> {
  try {
    return await openFd(name, FLAGS);
  } catch (error) {
    if (closings.size === 0 || codeOf(error) !== 'EMFILE') throw error;
    await Promise.all(closings);
    return openFd(name, FLAGS);
  }
}

async function examine(
  { root, symlinks, places }: Confinement,
  name: string,
  file: OpenFile,
): Promise<Found> {
  const stat = await fstatFd(file.fd, { bigint: true });
  if (symlinks !== 'follow') {
    const place = await places.of(name, {
      fd: file.fd,
      dev: stat.dev,
      ino: stat.ino,
      nlink: stat.nlink,
    });
    if (symlinks === 'none' && place !== name) return { type: 'error', errno: 'ELOOP' };
    if (!isBeneath(root, place)) return { type: 'error', errno: 'EXDEV' };
  }
  const version = versionOfStamp(stat);
  const mtimeMs = Number(stat.mtimeNs) / 1e6;
  if (stat.isDirectory()) return { type: 'directory', file, mtimeMs, version };
  if (!stat.isFile()) return { type: 'other' };
  if (await isMadeUp(name, stat.dev)) return { type: 'error', errno: 'EOPNOTSUPP' };
  // Only `read` is possible without the addon, and every file system can read.
  return { type: 'file', file, size: Number(stat.size), mtimeMs, version, trusted: true };
}

/** No component that climbs, and on Windows no separator or drive letter in disguise. */
function isPlain(path: string): boolean {
  if (sep === '\\' && /[\\:]/.test(path)) return false;
  return !path.split('/').includes('..');
}

/** A file that somebody has opened by its path. */
export class PathOpenFile implements OpenFile {
  readonly fd: number;
  readonly native = undefined;
  #open = true;

  constructor(fd: number) {
    this.fd = fd;
  }

  // In libuv's pool: closing the last descriptor of a large deleted file frees its blocks (seconds).
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const closing: Promise<unknown> = closeFd(this.fd)
      .catch(() => {})
      .finally(() => closings.delete(closing));
    closings.add(closing);
  }
}

/** Of the whole process, as its descriptors are. */
const closings = new Set<Promise<unknown>>();
