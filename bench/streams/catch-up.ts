// Catching up: a stream from an offset to its end, beside the same range of a file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Pinning, run } from '../process.ts';
import { number, withSpread } from '../report/format.ts';
import { table } from '../report/table.ts';
import { figure } from '../results.ts';
import type { RunningServer } from '../servers/server.ts';
import { MIB } from '../site.ts';
import { canTrace, countWhile } from '../syscalls.ts';
import { readUsage } from '../usage.ts';
import { create } from './appends.ts';
import { append } from './check.ts';
import { PREFIX } from './servers.ts';

const CHILD = fileURLToPath(new URL('read-child.ts', import.meta.url));
const FILE = 'same.bin';
const TYPE = 'application/octet-stream';

/** What a reader is told, as JSON in its argument. */
export interface Reading {
  readonly url: string;
  /** Of a stream. */
  readonly offset?: string;
  /** Of a file, as a field. */
  readonly range?: string;
}

/** What can be read of one server, all the same bytes. */
export interface Readable {
  readonly name: string;
  readonly reading: Reading;
  /** That come. */
  readonly bytes: number;
}

/** Fills a stream with `mib` MiB, and the file beside it where files are served; both are read from their first quarter on. */
export async function prepare(
  server: RunningServer,
  name: string,
  { mib, root }: { readonly mib: number; readonly root: string | undefined },
): Promise<readonly Readable[]> {
  const url = new URL(`${PREFIX}/catch-up`, server.url);
  await create(url, TYPE);
  const part = new Uint8Array(MIB).map((_, at) => at % 251);
  const skipped = Math.floor(mib / 4);
  let offset = '';
  for (let i = 0; i < mib; i++) {
    const next = await append(url, part, TYPE);
    if (i + 1 === skipped) offset = next;
  }
  const bytes = (mib - skipped) * MIB;
  const stream = { name: `${name}: stream`, reading: { url: url.href, offset }, bytes };
  if (root === undefined) return [stream];
  writeFileSync(join(root, FILE), Buffer.alloc(mib * MIB, part));
  const reading = { url: new URL(FILE, server.url).href, range: `bytes=${skipped * MIB}-` };
  return [stream, { name: `${name}: range of a file`, reading, bytes }];
}

export interface ReadSample {
  /** Server CPU time of a MiB, microseconds. */
  readonly cpu: number;
  readonly mibPerSecond: number;
}

export async function measureRead(
  server: RunningServer,
  readable: Readable,
  pinning: Pinning | undefined,
): Promise<ReadSample> {
  const before = readUsage(server.pid);
  const began = performance.now();
  await read(readable, pinning);
  const seconds = (performance.now() - began) / 1000;
  const mib = readable.bytes / MIB;
  return {
    cpu: (readUsage(server.pid).cpuNs - before.cpuNs) / 1000 / mib,
    mibPerSecond: mib / seconds,
  };
}

/** System calls of a MiB by name, those that are many. */
export async function traceRead(
  server: RunningServer,
  readable: Readable,
  pinning: Pinning | undefined,
): Promise<string> {
  if (!canTrace()) return '–';
  const counts = await countWhile(server, async () => {
    await read(readable, pinning);
    return readable.bytes / MIB;
  });
  const often = Object.entries(counts ?? {}).filter(([, count]) => count >= 0.05);
  return often
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 4)
    .map(([name, count]) => `${name} ${number(count)}`)
    .join(', ');
}

async function read({ reading, bytes }: Readable, pinning: Pinning | undefined): Promise<void> {
  const came = await run({
    program: process.execPath,
    args: ['--import=tsx', CHILD, JSON.stringify(reading)],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    cores: pinning?.client,
  });
  if (Number(came) !== bytes) throw new Error(`${reading.url}: ${came.trim()} of ${bytes} bytes`);
}

export function tellReads(
  rows: ReadonlyMap<string, { readonly samples: readonly ReadSample[]; readonly calls: string }>,
): string {
  return table(
    ['catching up', 'server CPU µs/MiB', 'MiB/s', 'system calls of a MiB'],
    [...rows].map(([name, { samples, calls }]) => [
      ...[name, withSpread(figure(samples, ({ cpu }) => cpu))],
      ...[withSpread(figure(samples, ({ mibPerSecond }) => mibPerSecond)), calls],
    ]),
  );
}
