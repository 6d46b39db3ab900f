// What Linux tells of a process that runs servers, and waiting for what must come.
import { readdirSync, readFileSync } from 'node:fs';

/** Open descriptors. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Mappings of our memory cache, or of files beneath the root; the others are malloc's and V8's. */
export function mappingsOf(pid: number, root: string): number {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  return lines.filter((line) => line.includes('memfd:zcserve') || line.includes(root)).length;
}

/** Resident memory, bytes. */
export function residentOf(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kib) * 1024;
}

/** Asks again until it is so; what never comes ends in the test's timeout. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
