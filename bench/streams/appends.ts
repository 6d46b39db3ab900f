// Appends: how many are acknowledged, how soon, and what each costs the server.
import { fileURLToPath } from 'node:url';
import { type Pinning, run } from '../process.ts';
import { number, withSpread } from '../report/format.ts';
import { table } from '../report/table.ts';
import { figure } from '../results.ts';
import type { RunningServer } from '../servers/server.ts';
import { machineBusySeconds, readUsage } from '../usage.ts';
import { PREFIX } from './servers.ts';

const CHILD = fileURLToPath(new URL('writers-child.ts', import.meta.url));

/** What the process of the writers is told, as JSON in its argument. */
export interface Writing {
  readonly port: number;
  readonly writers: number;
  /** Streams, to be shared by them. */
  readonly paths: readonly string[];
  readonly type: string;
  /** Of one append; ASCII. */
  readonly body: string;
  readonly seconds: number;
}

/** What it prints. */
export interface Written {
  readonly appends: number;
  /** Answered with anything but success. */
  readonly refused: number;
  readonly seconds: number;
  /** Of an append, microseconds. */
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly cpuSeconds: number;
}

interface Case {
  readonly title: string;
  readonly writers: number;
  readonly streams: number;
  /** Messages of an append. */
  readonly messages: number;
}

const MESSAGE_BYTES = 100;
const BATCH = 100;

export const CASES: readonly Case[] = [
  ...[1, 16, 64, 256].map((writers) => ({
    ...{ title: `${writers} at once`, writers, streams: 1, messages: 1 },
  })),
  { title: '64, a stream each', writers: 64, streams: 64, messages: 1 },
  { title: `16, ${BATCH} messages each`, writers: 16, streams: 1, messages: BATCH },
];

/** One timed turn. */
export interface AppendSample extends Written {
  /** Server CPU time of an append, microseconds. */
  readonly cpu: number;
  /** Cores that were busy with anything else. */
  readonly otherBusy: number;
}

/** Its streams are new. */
export async function measureAppends(
  server: RunningServer,
  { writers, streams, messages }: Case,
  { pinning, seconds }: { readonly pinning: Pinning | undefined; readonly seconds: number },
): Promise<AppendSample> {
  const type = messages === 1 ? 'application/octet-stream' : 'application/json';
  const made = Math.random().toString(36).slice(2);
  const paths = Array.from({ length: streams }, (_, at) => `${PREFIX}/${made}-${at}`);
  for (const path of paths) await create(new URL(path, server.url), type);
  const message = messages === 1 ? 'm'.repeat(MESSAGE_BYTES) : `"${'m'.repeat(MESSAGE_BYTES - 2)}"`;
  const body = messages === 1 ? message : `[${Array(messages).fill(message).join()}]`;
  const task: Writing = { port: Number(server.url.port), writers, paths, type, body, seconds };
  const machineBefore = machineBusySeconds();
  const before = readUsage(server.pid);
  const began = performance.now();
  const child = await run({
    program: process.execPath,
    args: ['--import=tsx', CHILD, JSON.stringify(task)],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    cores: pinning?.client,
  });
  const cpuNs = readUsage(server.pid).cpuNs - before.cpuNs;
  const written = JSON.parse(child) as Written;
  const others = machineBusySeconds() - machineBefore - cpuNs / 1e9 - written.cpuSeconds;
  return {
    ...written,
    cpu: cpuNs / 1000 / written.appends,
    otherBusy: (Math.max(0, others) * 1000) / (performance.now() - began),
  };
}

export async function create(url: URL, type: string): Promise<void> {
  const { status } = await fetch(url, { method: 'PUT', headers: { 'Content-Type': type } });
  if (status !== 201) throw new Error(`${url}: ${status} to PUT`);
}

/** By server, by case. */
export type AppendRows = ReadonlyMap<string, ReadonlyArray<readonly AppendSample[]>>;

export function tellAppends(rows: AppendRows): string {
  const tableOf = (title: string, cell: (samples: readonly AppendSample[]) => string) =>
    table(
      [title, ...CASES.map((each) => each.title)],
      [...rows].map(([name, cases]) => [name, ...cases.map(cell)]),
    );
  const refused = [...rows].map(([name, cases]) => {
    const count = cases.flat().reduce((sum, sample) => sum + sample.refused, 0);
    return count === 0 ? '' : `${name}: ${count} appends were refused\n`;
  });
  const of = (pick: (sample: AppendSample) => number) => (samples: readonly AppendSample[]) =>
    withSpread(figure(samples, pick));
  const ms = (us: number) => number(us / 1000);
  return [
    tableOf(
      'appends/s',
      of(({ appends, seconds }) => appends / seconds),
    ),
    tableOf(
      'server CPU µs/append',
      of(({ cpu }) => cpu),
    ),
    tableOf('ms to the acknowledgement: p50, p99', (samples) => {
      const [p50, p99] = (['p50', 'p99'] as const).map((each) =>
        figure(samples, ({ latency }) => latency[each]),
      );
      return `${ms(p50?.median ?? Number.NaN)}, ${ms(p99?.median ?? Number.NaN)}`;
    }),
    refused.join(''),
  ].join('\n\n');
}
