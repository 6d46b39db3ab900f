// How much of a server's CPU time is copying of bytes: perf(1) samples which function runs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findWrk } from '../load/wrk.ts';
import { loadOf, type Turn } from '../measure.ts';
import { findPinning, isInstalled, run, start } from '../process.ts';
import { get } from '../scenarios.ts';
import type { ServerKind } from '../servers/server.ts';
import { prepareSite, sized } from '../site.ts';
import { processTree } from '../usage.ts';

export interface CopyShare {
  readonly server: string;
  readonly size: number;
  /** Share of the server's samples in copying functions; 1 = all. */
  readonly share: number;
}

/** The kernel's and the C library's functions that copy a body's bytes. */
const COPYING = /copy_(to|from|user|page)|_copy|rep_movs|memcpy|memmove/;

/** Empty where perf or wrk is missing, or perf may not see the kernel's symbols. */
export async function measureCopies(
  servers: readonly ServerKind[],
  size: number,
  root: string,
): Promise<readonly CopyShare[]> {
  const wrk = findWrk();
  if (wrk === undefined || !isInstalled('perf')) return [];
  await prepareSite(root, [sized(size)]);
  const turn: Turn = {
    scenario: get(size),
    asked: { requests: [{ path: sized(size).path, headers: {} }], once: false },
    generator: wrk,
    root,
    pinning: findPinning(),
    seconds: 1,
  };
  const rows: CopyShare[] = [];
  for (const kind of servers) {
    const share = kind.missing() === undefined ? await shareOf(kind, turn) : undefined;
    if (share !== undefined) rows.push({ server: kind.name, size, share });
  }
  return rows;
}

async function shareOf(kind: ServerKind, turn: Turn): Promise<number | undefined> {
  const work = await mkdtemp(join(tmpdir(), 'zcserve-perf-'));
  try {
    const server = await kind.start({ root: turn.root, work, cores: turn.pinning?.server });
    try {
      await turn.generator.run(loadOf(server, turn));
      const data = join(work, 'perf.data');
      const pids = processTree(server.pid).join(',');
      const perf = start({
        program: 'perf',
        args: ['record', '-q', '-e', 'cpu-clock', '-F', '4999', '-p', pids, '-o', data],
      });
      await turn.generator.run(loadOf(server, turn));
      perf.process.kill('SIGINT');
      await perf.end;
      const args = ['report', '-q', '--stdio', '--no-children', '-s', 'symbol', '-i', data];
      return copyingShare(await run({ program: 'perf', args }));
    } finally {
      await server.stop();
    }
  } catch {
    return undefined;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Adds the shares of the copying functions in lines such as "  31.20%  [k] _copy_to_iter". */
function copyingShare(report: string): number | undefined {
  const lines = [...report.matchAll(/^\s*([\d.]+)%\s+\[(.)\]\s+(\S+)/gm)];
  if (!lines.some(([, , , symbol]) => symbol?.startsWith('tcp_'))) return undefined;
  return lines
    .filter(([, , , symbol]) => COPYING.test(symbol ?? ''))
    .reduce((sum, [, percent]) => sum + Number(percent) / 100, 0);
}
