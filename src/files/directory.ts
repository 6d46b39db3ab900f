// Reads a directory without the addon: the entries that a request could get, packed.
import { access, constants, promises as fs, lstat, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import type { ListingRun } from '../plan/types.ts';
import { isRefusedLink } from './refused-links.ts';
import { closeAll, type DirectoryRead, type Found } from './root.ts';

export interface Reading {
  /** Where the names are. */
  readonly place: string;
  /** The directory relative to the root: links are followed from there. */
  readonly path: string;
  /** Hidden names too? */
  readonly dotfiles: boolean;
  readonly maxEntries: number;
  /** Opens where links lead, as a request would; undefined = nowhere. */
  readonly follow: ((paths: readonly string[]) => Promise<readonly Found[]>) | undefined;
}

/** What a listing shows of a name. `bytes`: -1 for a directory. */
interface Shown {
  readonly name: string;
  readonly bytes: number;
  readonly mtimeMs: number;
}

/** Names per turn of libuv's pool, which others wait for too; Node's default of 32 is half as fast on 100,000 names. */
const BATCH = 256;

const lstatOf = promisify(lstat);
const accessTo = promisify(access);

/** Why a name is left out that the operator may look for: no request can have it, or its link is not followed. */
type LeftOut = 'unnameable' | 'refused';

/** Rejects with an Error that has `code`. */
export async function readDirectory(reading: Reading): Promise<DirectoryRead> {
  const runs: ListingRun[] = [];
  const left = { unnameable: 0, refused: 0 };
  let count = 0;
  let names: string[] = [];
  const lookAtAll = async () => {
    const shown: Shown[] = [];
    for (const one of await Promise.all(names.map((name) => look(reading, name)))) {
      if (typeof one === 'string') left[one]++;
      else if (one !== undefined) shown.push(one);
    }
    names = [];
    runs.push(pack(shown));
    count += shown.length;
    if (count > reading.maxEntries) throw Object.assign(new Error('EFBIG'), { code: 'EFBIG' });
  };
  for await (const { name } of await fs.opendir(reading.place, { bufferSize: BATCH })) {
    if (!reading.dotfiles && name.startsWith('.')) continue;
    names.push(name);
    if (names.length === BATCH) await lookAtAll();
  }
  await lookAtAll();
  return { kind: 'contents', count, runs, sorted: false, ...left };
}

/** Undefined for what a request would not get: special files, unreadable ones, links that lead nowhere. */
async function look(reading: Reading, name: string): Promise<Shown | LeftOut | undefined> {
  // It has no place in a request path (http/target.ts), so a link to the name could not be followed.
  if (name.includes('\\')) return 'unnameable';
  const place = `${reading.place}/${name}`;
  try {
    const stat = await lstatOf(place);
    if (stat.isSymbolicLink()) return await follow(reading, name);
    if (!isReadableByAll(stat)) await accessTo(place, constants.R_OK);
    const { mtimeMs } = stat;
    if (stat.isDirectory()) return { name, bytes: -1, mtimeMs };
    return stat.isFile() ? { name, bytes: stat.size, mtimeMs } : undefined;
  } catch {
    // Node reads U+FFFD in names that are not UTF-8, and then there is no file of that name.
    return name.includes('\ufffd') ? 'unnameable' : undefined;
  }
}

function isReadableByAll({ mode }: Stats): boolean {
  return (mode & 0o444) === 0o444;
}

async function follow(
  { path, follow }: Reading,
  name: string,
): Promise<Shown | LeftOut | undefined> {
  if (follow === undefined) return 'refused';
  const found = await follow([path === '' ? name : `${path}/${name}`]);
  closeAll(found);
  const [one] = found;
  if (isRefusedLink(one)) return 'refused';
  if (one?.type === 'file') return { name, bytes: one.size, mtimeMs: one.mtimeMs };
  return one?.type === 'directory' ? { name, bytes: -1, mtimeMs: one.mtimeMs } : undefined;
}

function pack(shown: readonly Shown[]): ListingRun {
  return {
    names: Buffer.from(shown.map(({ name }) => `${name}\0`).join('')),
    numbers: Float64Array.from(shown.flatMap(({ bytes, mtimeMs }) => [bytes, mtimeMs])),
  };
}
