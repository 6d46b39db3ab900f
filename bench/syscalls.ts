// System calls per request: strace(1) counts them in a short run of their own, never a timed one.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countRequests, loadOf, type Turn } from './measure.ts';
import { type Child, isInstalled, start } from './process.ts';
import type { RunningServer } from './servers/server.ts';
import { processTree } from './usage.ts';

export function canTrace(): boolean {
  return isInstalled('strace');
}

type Counts = Readonly<Record<string, number>>;

/**
 * Calls per request by name. A traced server is slower and finds more requests ready per wake-up
 * than an untraced one; its counts are a lower bound. Undefined when strace may not attach.
 */
export async function countSyscalls(
  server: RunningServer,
  turn: Turn,
): Promise<Counts | undefined> {
  return await countWhile(server, async () => {
    const load = loadOf(server, { ...turn, seconds: 1 });
    const { requests, bytes } = await turn.generator.run(load);
    return countRequests(turn.scenario, requests, bytes);
  });
}

/** Calls by name while `work` goes on, divided by what that resolves to. */
export async function countWhile(
  server: RunningServer,
  work: () => Promise<number>,
): Promise<Counts | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'zcserve-strace-'));
  const output = join(directory, 'counts');
  try {
    const pids = processTree(server.pid).flatMap((pid) => ['-p', `${pid}`]);
    const strace = start({ program: 'strace', args: ['-f', '-c', '-o', output, ...pids] });
    if (!(await attached(strace))) return undefined;
    const share = await work();
    strace.process.kill('SIGINT');
    await strace.end;
    return perShare(await readFile(output, 'utf8'), share);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function attached(strace: Child): Promise<boolean> {
  return new Promise((resolve) => {
    strace.process.stderr?.on('data', () => {
      if (strace.stderr().includes('attached')) resolve(true);
    });
    void strace.end.then(() => resolve(false));
  });
}

// "% time  seconds  usecs/call  calls  [errors]  syscall"
const LINE = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$/gm;

function perShare(table: string, share: number): Counts {
  const counts: Record<string, number> = {};
  for (const [, calls, name] of table.matchAll(LINE)) {
    if (name === undefined || name === 'total') continue;
    counts[name] = Number(calls) / share;
  }
  return counts;
}
