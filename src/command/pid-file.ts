// The file with the number of the process, for whoever sends it signals. It is there when the server listens.
import {
  constants,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { StartError } from '../options/table.ts';
import { isAllowed } from './user.ts';

export interface PidFile {
  /** Throws a StartError. */
  write(): void;
  /** If it is still ours. Never throws. */
  remove(): void;
  /** May this user remove it? */
  isRemovable(): boolean;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such directory',
  ENOTDIR: 'no such directory',
  EISDIR: 'is a directory',
  EACCES: 'no permission',
};

/**
 * Throws a StartError where the file is a running process's, or cannot be written. `before`: a process whose place this one
 * takes.
 */
export function claimPidFile(file: string, before?: number): PidFile {
  refuseOthers(file, before);
  const own = `${process.pid}\n`;
  return {
    write() {
      refuseOthers(file, before);
      const unfinished = `${file}.${process.pid}`;
      try {
        writeFileSync(unfinished, own, { flag: 'wx', mode: 0o644 });
        renameSync(unfinished, file);
      } catch (error) {
        rmSync(unfinished, { force: true });
        throw cannotWrite(file, error);
      }
    },
    remove() {
      try {
        if (readFileSync(file, 'utf8') === own) unlinkSync(file);
      } catch {
        // It stays behind, and the next start replaces it.
      }
    },
    isRemovable: () => isAllowed(dirname(file), constants.W_OK | constants.X_OK),
  };
}

/** Tells whoever waits for another number in it that there will be none (upgrade.ts). Never throws. */
export function confirmPidFile(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Another user's now: then he waits for nothing.
  }
}

/** Whatever else is in the file was somebody's, and a number that no process has is of one that could not clear away. */
function refuseOthers(file: string, before: number | undefined): void {
  const pid = pidIn(file);
  if (pid === undefined) return;
  if (Number.isNaN(pid)) throw refused(file, 'holds something else than a process');
  if (pid !== process.pid && pid !== before && isRunning(pid))
    throw refused(file, `process ${pid} is running`);
}

/** Undefined where nothing is in it, NaN where that is no number of a process. Throws a StartError. */
export function pidIn(file: string): number | undefined {
  const content = contentOf(file).trim();
  if (content === '') return undefined;
  return /^[1-9]\d{0,9}$/.test(content) ? Number(content) : Number.NaN;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw cannotWrite(file, error);
  }
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function cannotWrite(file: string, cause: unknown): StartError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return refused(file, REASONS[code ?? ''] ?? message, cause);
}

function refused(file: string, reason: string, cause?: unknown): StartError {
  return new StartError((call) => `${call('pidFile')}: ${file}: ${reason}`, { cause });
}
