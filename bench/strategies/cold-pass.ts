// First requests: each file is asked for once, by a server that has not seen it, from the disk.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropFromPageCache } from '../page-cache.ts';
import type { Pinning } from '../process.ts';
import { type Figure, figure } from '../results.ts';
import type { RunningServer, ServerKind } from '../servers/server.ts';
import { type Asset, prepareSite, sizeName } from '../site.ts';
import { readUsage } from '../usage.ts';

export interface ColdRow {
  readonly server: string;
  readonly size: number;
  /** Server CPU time per request in microseconds, over the rounds. */
  readonly cpu: Figure;
  /** Time to the last byte in microseconds, mean of a round's files. */
  readonly latency: Figure;
}

const FILES = 4;

interface ColdPlan {
  readonly servers: readonly ServerKind[];
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly root: string;
  readonly pinning: Pinning | undefined;
}

export async function measureCold(plan: ColdPlan): Promise<readonly ColdRow[]> {
  await prepareSite(plan.root, plan.sizes.flatMap(filesOf));
  const present = plan.servers.filter((kind) => kind.missing() === undefined);
  const turns = new Map<string, { cpu: number; latency: number }[]>();
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const kind of present) {
      const server = await startFresh(kind, plan);
      if (server === undefined) continue;
      for (const size of plan.sizes) {
        const key = keyOf(kind.name, size);
        turns.set(key, [...(turns.get(key) ?? []), await firstRequests(server, plan.root, size)]);
      }
      await server.stop();
    }
  }
  return present.flatMap(({ name }) =>
    plan.sizes.flatMap((size): ColdRow[] => {
      const found = turns.get(keyOf(name, size));
      if (found === undefined) return [];
      return [
        {
          server: name,
          size,
          cpu: figure(found, ({ cpu }) => cpu),
          latency: figure(found, ({ latency }) => latency),
        },
      ];
    }),
  );
}

function filesOf(size: number): readonly Asset[] {
  return Array.from({ length: FILES }, (_, index) => ({
    path: `/first/${sizeName(size)}-${index}.bin`,
    size,
    content: 'noise',
  }));
}

function keyOf(server: string, size: number): string {
  return `${server} ${size}`;
}

/** Undefined when it does not start; the warm rows say why. */
async function startFresh(kind: ServerKind, plan: ColdPlan): Promise<RunningServer | undefined> {
  const work = await mkdtemp(join(tmpdir(), 'zcserve-cold-'));
  try {
    return await kind.start({ root: plan.root, work, cores: plan.pinning?.server });
  } catch {
    return undefined;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function firstRequests(
  server: RunningServer,
  root: string,
  size: number,
): Promise<{ readonly cpu: number; readonly latency: number }> {
  const files = filesOf(size);
  for (const { path } of files) await dropFromPageCache(join(root, path));
  const before = readUsage(server.pid);
  const began = performance.now();
  for (const { path } of files) {
    const response = await fetch(new URL(path, server.url));
    for await (const _ of response.body ?? []) {
      // Only the time of the last byte counts.
    }
  }
  const milliseconds = performance.now() - began;
  const cpuNs = readUsage(server.pid).cpuNs - before.cpuNs;
  return {
    cpu: cpuNs / 1000 / files.length,
    latency: (milliseconds * 1000) / files.length,
  };
}
