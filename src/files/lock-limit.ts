// How much memory the process may lock: RLIMIT_MEMLOCK (getrlimit(2)), read from proc(5).
import { readFileSync } from 'node:fs';

export interface LockLimit {
  /** Bytes, Infinity without a limit. The soft one is raised to the hard one where that is needed. */
  readonly soft: number;
  readonly hard: number;
}

/** Undefined where there is no /proc. */
export function lockLimit(): LockLimit | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const [, soft, hard] = /^Max locked memory\s+(\S+)\s+(\S+)/m.exec(limits) ?? [];
    return soft === undefined || hard === undefined
      ? undefined
      : { soft: bytesIn(soft), hard: bytesIn(hard) };
  } catch {
    return undefined;
  }
}

function bytesIn(text: string): number {
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}
