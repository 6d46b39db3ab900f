// The end of the process, whatever hangs.
import { loadNative } from '../addon/load.ts';

/** How often a process without the addon looks whether its last reads are over. */
const LOOK_MS = 10;

/**
 * Ends the process as process.exit does, or after this time all the same: exit joins libuv's threads, and one that
 * waits for a disk that does not answer never comes. Without the addon that is SIGKILL's work, as there is no _exit.
 */
export async function endProcess(status: number, patienceMs: number): Promise<never> {
  const { addon } = loadNative();
  addon?.exitWithin(status, patienceMs);
  const deadline = performance.now() + patienceMs;
  while (addon === undefined && isReading()) {
    if (performance.now() >= deadline) process.kill(process.pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  process.exit(status);
}

/** Has libuv's pool a call of node:fs? Those that node --permission has refused are listed for ever. */
function isReading(): boolean {
  if (process.permission !== undefined) return false;
  return process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
}
