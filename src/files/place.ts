// Where an opened file is, without the addon: as the system tells of its descriptor, else by the path that it came by.
import { closeSync, constants, promises as fs, lstat, openSync, readlinkSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { promisify } from 'node:util';

const lstatOf = promisify(lstat);

/** An open file, and how it is told from others. */
export interface Opening {
  readonly fd: number;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly nlink: bigint;
}

export interface Places {
  /** The real path of what was opened at `name`. Rejects with EAGAIN where it was replaced since, and nobody knows. */
  of(name: string, file: Opening): Promise<string>;
  /** Where the names of an open directory are read. */
  directory(name: string, fd: number): string;
}

/** Each descriptor of this process as a link: proc(5). */
const DESCRIPTORS = '/proc/self/fd';

/**
 * By descriptor, unless that cannot be had: there may be no /proc, or no permission for it (node --permission, Deno), or
 * it may show other paths than this process sees. `root` is a real path, of which it is tried.
 */
export function placesFor(root: string, descriptors = DESCRIPTORS): Places {
  return tells(descriptors, root) ? byDescriptor(descriptors) : byPath(root);
}

function tells(descriptors: string, root: string): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const fd = openSync(root, constants.O_RDONLY);
    try {
      return readlinkSync(`${descriptors}/${fd}`) === root;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

function byDescriptor(descriptors: string): Places {
  return {
    async of(_name, { fd, nlink }) {
      // The link names the open file; of an unlinked one, with " (deleted)" after it.
      const place = await fs.readlink(`${descriptors}/${fd}`);
      return nlink === 0n ? place.replace(/ \(deleted\)$/, '') : place;
    },
    // Nobody can put another directory in its place.
    directory: (_name, fd) => `${descriptors}/${fd}`,
  };
}

/**
 * The path is looked up again, and what stands there must be what was opened. On the way from the root to it nothing may
 * have been renamed meanwhile: a directory that is a link for just a moment would lead out (rename(2) moves the ctime of
 * the directory that holds the name).
 */
function byPath(root: string): Places {
  return {
    async of(name, file) {
      const since = Date.now();
      const place = await fs.realpath(name);
      const way = directoriesTo(place, root);
      const before = await timesOf(way);
      const there = await lstatOf(place, { bigint: true });
      const after = await timesOf(way);
      const isSame = there.dev === file.dev && there.ino === file.ino;
      if (isSame && before.join() === after.join() && areSettled(before, since)) return place;
      await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
      throw Object.assign(new Error('replaced while it was opened'), { code: 'EAGAIN' });
    },
    directory: (name) => name,
  };
}

/**
 * Times move by ticks of the kernel's clock, of at most 10 ms: a later change may show the time of one just before. Counted
 * from before the first look, for the looks may take longer than that.
 */
const SETTLED_MS = 20;

function areSettled(times: readonly bigint[], since: number): boolean {
  const last = BigInt(since - SETTLED_MS) * 1_000_000n;
  return times.every((time) => time < last);
}

/** Every directory from the root to the one that holds this place; none where it is not beneath: it is refused. */
function directoriesTo(place: string, root: string): string[] {
  const directories: string[] = [];
  if (!isBeneath(root, place)) return directories;
  for (let at = place; at !== root; ) {
    at = dirname(at);
    directories.push(at);
  }
  return directories;
}

async function timesOf(directories: readonly string[]): Promise<bigint[]> {
  const stats = await Promise.all(directories.map((one) => lstatOf(one, { bigint: true })));
  return stats.map((stat) => (stat.isDirectory() ? stat.ctimeNs : NEVER));
}

/** Of a link: as a time it is never settled. */
const NEVER = 2n ** 63n;

/** Is this real path the root's, or one below it? */
export function isBeneath(root: string, place: string): boolean {
  return place === root || place.startsWith(root.endsWith(sep) ? root : root + sep);
}
