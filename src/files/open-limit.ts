// How many descriptors the process may have.
import { readFileSync } from 'node:fs';

/** RLIMIT_NOFILE (getrlimit(2)), read from proc(5); undefined where there is no /proc or no limit. */
export function openFileLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
