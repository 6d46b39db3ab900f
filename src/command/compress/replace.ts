// Siblings are replaced whole: written beside their place under a name that no server takes for anything, and renamed.
import {
  type BigIntStats,
  closeSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isRunning } from '../pid-file.ts';

/** By the process that writes it. A file is written in one go, in the moment before it is renamed. */
const UNFINISHED = /^\.zcserve-(?<pid>[1-9]\d*)\.part$/;

/** Has a run left it that was killed? */
export function isLeftover(name: string): boolean {
  return UNFINISHED.test(name);
}

/** Removes what no running process writes. Process numbers come again: what lies for a minute is nobody's. */
export function removeLeftover(place: string): void {
  const pid = Number(UNFINISHED.exec(basename(place))?.groups?.pid);
  const age = Date.now() - statSync(place).mtimeMs;
  if (pid !== process.pid && age < 60_000 && isRunning(pid)) return;
  rmSync(place, { force: true });
}

/** As the file `like`: its mode, owner and time. Throws, and then what was at the place is there as it was. */
export function replace(place: string, bytes: Uint8Array, like: BigIntStats): void {
  const unfinished = join(dirname(place), `.zcserve-${process.pid}.part`);
  const file = openSync(unfinished, 'wx', 0o600);
  try {
    try {
      writeFileSync(file, bytes);
      asFarAsAllowed(() => fchownSync(file, Number(like.uid), Number(like.gid)));
      asFarAsAllowed(() => fchmodSync(file, Number(like.mode) & 0o777));
      futimesSync(file, ...timesOf(like));
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, place);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** Its content is right, and is not to be taken for an older file's. */
export function touch(place: string, like: BigIntStats): void {
  utimesSync(place, ...timesOf(like));
}

/** Another user's file, or a file system that knows neither owners nor modes. */
function asFarAsAllowed(change: () => void): void {
  try {
    change();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EINVAL'].includes(code)) throw error;
  }
}

/** Seconds. A number has a fourth of a microsecond here, and never falls below the whole second. */
function timesOf({ atimeNs, mtimeNs }: BigIntStats): [access: number, modification: number] {
  return [Number(atimeNs) / 1e9, Number(mtimeNs) / 1e9];
}
