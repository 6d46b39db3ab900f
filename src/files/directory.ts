// Reads a directory without the addon: the entries that a request could get, packed.
import { access, constants, promises as fs, lstat, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import type { Contents, ListingRun } from '../plan/types.ts';
import { closeAll, type Found } from './root.ts';

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

/** Rejects with an Error that has `code`. */
export async function readDirectory(reading: Reading): Promise<Contents> {
  const runs: ListingRun[] = [];
  let count = 0;
  let names: string[] = [];
  const lookAtAll = async () => {
    const run = pack(await Promise.all(names.map((name) => look(reading, name))));
    names = [];
    runs.push(run);
    count += run.numbers.length / 2;
    if (count > reading.maxEntries) throw Object.assign(new Error('EFBIG'), { code: 'EFBIG' });
  };
  for await (const { name } of await fs.opendir(reading.place, { bufferSize: BATCH })) {
    if (!isListed(name, reading.dotfiles)) continue;
    names.push(name);
    if (names.length === BATCH) await lookAtAll();
  }
  await lookAtAll();
  return { kind: 'contents', count, runs, sorted: false };
}

/** A backslash has no place in a request path (http/target.ts), so a link to the name could not be followed. */
function isListed(name: string, dotfiles: boolean): boolean {
  return !name.includes('\\') && (dotfiles || !name.startsWith('.'));
}

/** Undefined for what a request would not get: special files, unreadable ones, links that the policy does not follow. */
async function look(reading: Reading, name: string): Promise<Shown | undefined> {
  const place = `${reading.place}/${name}`;
  try {
    const stat = await lstatOf(place);
    if (stat.isSymbolicLink()) return await follow(reading, name);
    if (!isReadableByAll(stat)) await accessTo(place, constants.R_OK);
    const { mtimeMs } = stat;
    if (stat.isDirectory()) return { name, bytes: -1, mtimeMs };
    return stat.isFile() ? { name, bytes: stat.size, mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}

function isReadableByAll({ mode }: Stats): boolean {
  return (mode & 0o444) === 0o444;
}

async function follow({ path, follow }: Reading, name: string): Promise<Shown | undefined> {
  const found = (await follow?.([path === '' ? name : `${path}/${name}`])) ?? [];
  closeAll(found);
  const [one] = found;
  if (one?.type === 'file') return { name, bytes: one.size, mtimeMs: one.mtimeMs };
  return one?.type === 'directory' ? { name, bytes: -1, mtimeMs: one.mtimeMs } : undefined;
}

function pack(looks: ReadonlyArray<Shown | undefined>): ListingRun {
  const shown = looks.filter((one) => one !== undefined);
  return {
    names: Buffer.from(shown.map(({ name }) => `${name}\0`).join('')),
    numbers: Float64Array.from(shown.flatMap(({ bytes, mtimeMs }) => [bytes, mtimeMs])),
  };
}
