// Many that follow one stream: how soon each has what is appended, and what they cost while nothing is.

import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COMPILER, compile } from '../compile.ts';
import { isInstalled, type Pinning, start } from '../process.ts';
import { number, withSpread } from '../report/format.ts';
import { table } from '../report/table.ts';
import { figure } from '../results.ts';
import { type RunningServer, untilPrinted } from '../servers/server.ts';
import { KIB } from '../site.ts';
import { readUsage, residentMemory } from '../usage.ts';
import { create } from './appends.ts';
import { append } from './check.ts';
import { PREFIX } from './servers.ts';

const SOURCE = fileURLToPath(new URL('tails.c', import.meta.url));

export const MODES = ['sse', 'long-poll'] as const;
export type Mode = (typeof MODES)[number];

/** Of one server and way. */
export interface TailSample {
  /** Bytes of the process for each tail. */
  readonly memory: number;
  /** Share of a core while nothing is appended. */
  readonly idleBusy: number;
  /** Server CPU time of a message to one tail, microseconds. */
  readonly cpu: number;
  /** From the append to a tail, microseconds, each of an append. */
  readonly medians: readonly number[];
  readonly p99s: readonly number[];
}

export function missingTails(): string | undefined {
  return isInstalled(COMPILER) ? undefined : 'needs a C compiler: apt-get install gcc libc6-dev';
}

/** The server should be a new one: later tails find memory that was used before. */
export async function measureTails(
  server: RunningServer,
  mode: Mode,
  {
    tails,
    messages,
    idle,
    pinning,
  }: {
    readonly tails: number;
    readonly messages: number;
    /** Seconds in which nothing is appended. */
    readonly idle: number;
    readonly pinning: Pinning | undefined;
  },
): Promise<TailSample> {
  const url = new URL(`${PREFIX}/tailed`, server.url);
  await create(url, 'text/plain');
  const offset = await append(url, 'the first;', 'text/plain');
  const memory = residentMemory(server.pid);
  const child = start({
    program: compile(SOURCE),
    args: [server.url.port, tails, messages, mode, url.pathname, offset, idle].map(String),
    cores: pinning?.client,
  });
  await untilPrinted(child, () => (child.stdout().includes('ready') ? true : undefined));
  const third = (idle * 1000) / 3;
  // Polls are not answered: there is nothing else that tells when the server has them.
  await sleep(third);
  const here = residentMemory(server.pid) - memory;
  const quiet = readUsage(server.pid).cpuNs;
  await sleep(third);
  const before = readUsage(server.pid).cpuNs;
  await child.end;
  if (child.process.exitCode !== 0) throw new Error(`tails ${child.ended()}: ${child.stderr()}`);
  const lines = child.stdout().trim().split('\n').slice(1);
  const times = lines.map((line) => line.split(' ').map(Number));
  return {
    memory: here / tails,
    idleBusy: (before - quiet) / 1e6 / third,
    cpu: (readUsage(server.pid).cpuNs - before) / 1000 / (tails * times.length),
    medians: times.map(([median = Number.NaN]) => median),
    p99s: times.map(([, p99 = Number.NaN]) => p99),
  };
}

export function tellTails(rows: ReadonlyMap<string, TailSample>, tails: number): string {
  const ms = (values: readonly number[]) => withSpread(figure(values, (us) => us / 1000));
  return table(
    [
      ...[`${tails} tails of one stream`, 'ms to a tail, median', 'p99', 'server CPU µs/message'],
      ...['KiB/tail', 'CPU while idle, % of a core'],
    ],
    [...rows].map(([name, { memory, idleBusy, cpu, medians, p99s }]) => [
      ...[name, ms(medians), ms(p99s), number(cpu)],
      ...[number(memory / KIB), number(idleBusy * 100)],
    ]),
  );
}
