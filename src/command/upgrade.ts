// `zcserve upgrade`: the running server starts the program that stands there now, which takes its place.
import { statSync } from 'node:fs';
import { OptionError, StartError } from '../options/table.ts';
import { isRunning, pidIn } from './pid-file.ts';

/** How often the file is looked at, and for how long, milliseconds. */
const LOOK_MS = 50;
const PATIENCE_MS = 30_000;

/** Resolves when another process has taken the place of that in the file. Rejects with a StartError. */
export async function upgrade(pidFile: string | undefined): Promise<void> {
  if (pidFile === undefined) {
    throw new OptionError(
      (call) => `upgrade needs ${call('pidFile')}, as the running server has it`,
    );
  }
  const old = pidIn(pidFile) || undefined;
  if (old === undefined || !isRunning(old)) {
    throw new StartError((call) => `${call('pidFile')}: ${pidFile}: no process is running`);
  }
  const since = timeOf(pidFile);
  ask(old);
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const isConfirmed = timeOf(pidFile) !== since;
    const now = pidIn(pidFile);
    if (now && now !== old) {
      return console.log(`zcserve: process ${now} has taken the place of ${old}`);
    }
    if (!isRunning(old)) throw new StartError(`process ${old} has ended`);
    if (performance.now() > deadline || isConfirmed) {
      throw new StartError(`process ${old} goes on: its log says why`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** When it was written, or confirmed. */
function timeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

function ask(pid: number): void {
  try {
    process.kill(pid, 'SIGUSR2');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'EPERM' ? 'it is another user’s' : (cause as Error).message;
    throw new StartError(`process ${pid} cannot be asked: ${why}`, { cause });
  }
}
