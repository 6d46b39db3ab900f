// h2load as the load generator for HTTP/2: one C thread per client core, closed loop.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CIPHER, GROUP } from '../certificate.ts';
import { firstLine, isInstalled, run } from '../process.ts';
import type { Generator, Latency, Load, LoadResult } from './load.ts';

export const H2LOAD_MISSING = 'needs h2load: apt-get install nghttp2-client';

export function findH2load(): Generator | undefined {
  return isInstalled('h2load') ? { name: 'h2load', run: runH2load } : undefined;
}

export function h2loadVersion(): string {
  return firstLine('h2load', ['--version']).replace(' ', ', ');
}

/** h2load 1.52 goes on for ever with a connection that comes about after its time is over. */
const LATE_SECONDS = 5;
const LATE = 'a connection came about after the turn';

// The shell's times are the only word on the CPU time of h2load. timeout(1) ends with 124 where it had to.
const TIMED = `"$@"; status=$?; times; [ $status != 124 ] || echo ${LATE} >&2; exit $status`;

async function runH2load(load: Load): Promise<LoadResult> {
  const directory = await mkdtemp(join(tmpdir(), 'zcserve-h2load-'));
  try {
    const log = join(directory, 'log');
    const threads = Math.min(load.coreCount, load.connections);
    const output = await run({
      program: 'sh',
      args: [
        ...['-c', TIMED, 'sh', 'timeout', '--foreground', `${load.seconds + LATE_SECONDS}`],
        ...['h2load', '-t', `${threads}`, '-c', `${load.connections}`],
        ...['-m', `${load.pipelining}`, '-D', `${load.seconds}`, `--log-file=${log}`],
        ...['--npn-list=h2', `--tls13-ciphers=${CIPHER}`, `--groups=${GROUP}`],
        ...load.requests.map(({ path }) => new URL(path, load.url).href),
      ],
      cores: load.cores,
    });
    return {
      ...readH2load(output, load.status),
      seconds: load.seconds,
      latency: latencyOf(await readFile(log, 'latin1')),
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** What it prints, and the shell's times(1) after it: the second line of that is its children's. */
export function readH2load(
  output: string,
  status: number,
): Pick<LoadResult, 'requests' | 'bytes' | 'errors' | 'cpuSeconds'> {
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const [succeeded, failed] = [number(/ (\d+) succeeded/), number(/ (\d+) failed/)];
  // Answers of 400 and more are among the failed. (The status codes count those that have only begun.)
  const right = status < 400 ? succeeded : failed - number(/ (\d+) errored/);
  const cpu = output.trim().split('\n').at(-1) ?? '';
  return {
    requests: right,
    bytes: number(/traffic: \S+ \((\d+)\) total/),
    errors: succeeded + failed - right,
    cpuSeconds: [...cpu.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
      (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
      0,
    ),
  };
}

/** Its log has a line for each answer: when it was asked for, status, and microseconds to its end. */
export function latencyOf(log: string): Latency {
  const sorted = Float64Array.from(log.trim().split('\n'), (line) =>
    Number(line.slice(line.lastIndexOf('\t') + 1)),
  ).sort();
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}
