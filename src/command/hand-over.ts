// A new process of this program in the place of this one: it gets the listening sockets, and says when it listens.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Held } from '../server/listeners.ts';
import { FIRST } from './activation.ts';
import { type Handed, READY, VARIABLE } from './inheritance.ts';

/**
 * Starts the program that stands there now, as this process was started. Resolves to its number when it listens; rejects with
 * an Error where it does not get so far, or `signal` says that it is not to.
 */
export async function handOver(
  held: readonly Held[],
  activated: number,
  signal: AbortSignal,
): Promise<number> {
  if (held.some(({ descriptors }) => descriptors.length === 0)) {
    throw new Error('a listener cannot be shared: the carrier, or node without the addon, has it');
  }
  const descriptors = held.flatMap((one) => one.descriptors);
  let next = FIRST;
  const sockets = held.map(({ keys, descriptors }) => ({
    keys,
    descriptors: descriptors.map(() => next++),
  }));
  const handed: Handed = { from: process.pid, sockets, activated, ready: next };
  const args = [...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, [VARIABLE]: JSON.stringify(handed) },
    stdio: ['inherit', 'inherit', 'inherit', ...descriptors, 'pipe'],
    argv0: process.argv0,
  });
  await once(child, 'spawn');
  const stop = () => void child.kill();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await whenReady(child, child.stdio[next] as Readable);
  } finally {
    signal.removeEventListener('abort', stop);
    child.unref();
  }
}

/** The pipe ends with the process, or when it has said so. */
async function whenReady(child: ChildProcess, pipe: Readable): Promise<number> {
  let told = '';
  for await (const chunk of pipe) told += chunk;
  if (told === READY) return child.pid ?? 0;
  const { exitCode, signalCode } = child;
  if (exitCode === null && signalCode === null) await once(child, 'exit');
  throw new Error(`the new process has ended (${child.signalCode ?? child.exitCode})`);
}
