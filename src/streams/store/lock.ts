// One process has a directory of streams. The kernel holds the lock where the addon is loaded, so that it ends with the
// process; else it is as good as the number of the process in the file.
import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { NativeAddon } from '../../addon/types.ts';

const NAME = '.lock';

export interface DirectoryLock {
  release(): void;
}

/** Throws an Error that has `code`: EBUSY where another process has it. */
export function lockDirectory(
  directory: string,
  addon: Pick<NativeAddon, 'lockFile'> | undefined,
): DirectoryLock {
  const file = join(directory, NAME);
  return addon === undefined ? lockByNumber(file) : lockByKernel(file, addon);
}

/** The file stays: whoever removed it might remove another's. */
function lockByKernel(file: string, addon: Pick<NativeAddon, 'lockFile'>): DirectoryLock {
  const fd = openSync(file, 'a+');
  try {
    if (!addon.lockFile(fd)) throw taken(file);
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { release: () => closeSync(fd) };
}

function lockByNumber(file: string): DirectoryLock {
  const holder = holderOf(file);
  if (holder !== undefined && holder !== process.pid && isRunning(holder)) throw taken(file);
  rmSync(file, { force: true });
  const fd = openSync(file, 'wx');
  writeSync(fd, `${process.pid}\n`);
  closeSync(fd);
  return { release: () => rmSync(file, { force: true }) };
}

function holderOf(file: string): number | undefined {
  try {
    const number = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(number) && number > 0 ? number : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function taken(file: string): Error {
  const message = `EBUSY: process ${holderOf(file) ?? 'unknown'} has the streams (${file})`;
  return Object.assign(new Error(message), { code: 'EBUSY' });
}
