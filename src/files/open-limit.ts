// How many files may be open, and how many are kept open where nobody has said so.
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

/** RLIMIT_NOFILE (getrlimit(2)), read from proc(5); undefined where there is no /proc or no limit. */
export function openFileLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** What a file that is kept takes of memory with all that is known of it, but for its bytes: measured, 10 to 12 KiB. */
const FILE_BYTES = 12 * 1024;
/** Of the memory that there is, for what is known of files. */
const MEMORY_SHARE = 1 / 64;
const MIN_FILES = 4096;
const MAX_FILES = 65_536;

/** Memory that the process may use, bytes: the machine's, or its control group's where that is less. */
function memoryLimit(): number {
  // Not in Node before 20.12. 0: it has no limit, or none that is known.
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Descriptors for files, of `limit` (sockets need some too: half of it is theirs), where `memory` bytes may be used. */
export function keptFiles(
  wanted: number | 'auto',
  limit = openFileLimit() ?? Number.POSITIVE_INFINITY,
  memory = memoryLimit(),
): number {
  const room = Math.floor((memory * MEMORY_SHARE) / FILE_BYTES);
  const files = wanted === 'auto' ? Math.min(Math.max(room, MIN_FILES), MAX_FILES) : wanted;
  return Math.max(8, Math.min(files, Math.floor(limit / 2)));
}
