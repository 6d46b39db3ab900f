// The results of a run: their form on disk, and the medians that are read from them.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GeneratorName, Latency } from './load/load.ts';
import type { Machine } from './machine.ts';
import { writeRaw } from './raw.ts';
import type { Tag } from './servers/server.ts';

/** One turn of one server in one scenario. Per-request figures are of the server's process tree. */
export interface Sample {
  readonly seconds: number;
  /** Complete answers; for bodies of 1 MiB and more, received bytes ÷ body size. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly latency: Latency;
  readonly errors: number;
  /** Server CPU time per request in microseconds, and its parts. */
  readonly cpu: number;
  readonly cpuUser: number;
  readonly cpuSystem: number;
  /** The generator's CPU time per request in microseconds. */
  readonly clientCpu: number;
  /** Context switches per request. */
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
  readonly peakMemory: number;
  /** Resident when the turn was over; runs before 2026-11-26 did not look. */
  readonly memoryAfter?: number;
  /** Share of the wall time that the server and the generator were on a CPU; 1 = one core. */
  readonly serverBusy: number;
  readonly clientBusy: number;
  /** Cores that were busy with anything else: other programs disturb a measurement. */
  readonly otherBusy: number;
  /** Bytes per second that the background clients received. */
  readonly backgroundBytesPerSecond?: number;
}

export type Outcome =
  | { readonly kind: 'measured'; readonly samples: readonly Sample[] }
  /** The server is not installed, not built, or has not started. */
  | { readonly kind: 'absent'; readonly reason: string }
  /** The server does not offer what the scenario asks for. */
  | { readonly kind: 'not-offered'; readonly reason: string }
  /** It gave a wrong answer or died. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface Row {
  readonly scenario: string;
  readonly server: string;
  readonly generator: GeneratorName;
  readonly outcome: Outcome;
  /** System calls per request by name, from a separate short run under strace(1). */
  readonly syscalls?: Readonly<Record<string, number>>;
}

export interface ScenarioInfo {
  readonly name: string;
  readonly title: string;
  readonly group: string;
  readonly connections: number;
  /** The clients fix the load, so throughput and CPU per request are no figures of the server's. */
  readonly latencyOnly: boolean;
}

export interface ServerInfo {
  readonly name: string;
  readonly tags: readonly Tag[];
  readonly version: string;
  readonly note?: string;
}

export interface Run {
  /** ISO 8601, start of the run. */
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  readonly generators: Readonly<Partial<Record<GeneratorName, string>>>;
  readonly rounds: number;
  readonly seconds: number;
  readonly pinned: boolean;
  /** Ended by Ctrl-C: rows are missing. */
  readonly interrupted: boolean;
  readonly scenarios: readonly ScenarioInfo[];
  readonly servers: readonly ServerInfo[];
  readonly rows: readonly Row[];
}

/** A figure over the turns of a row. */
export interface Figure {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function figure<T>(samples: readonly T[], pick: (sample: T) => number): Figure {
  const values = samples.map(pick).sort((a, b) => a - b);
  const at = (index: number): number => values[index] ?? Number.NaN;
  const middle = (values.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    low: at(0),
    high: at(values.length - 1),
  };
}

const BUSY = 0.9;

/** True when the generator was the limit: the server had time left, the generator had not. */
export function isClientBound(samples: readonly Sample[]): boolean {
  const server = figure(samples, (sample) => sample.serverBusy).median;
  const client = figure(samples, (sample) => sample.clientBusy).median;
  return server < BUSY && client >= BUSY;
}

const DISTURBED = 0.15;

/** True when other programs took so much CPU time that the row should be measured again. */
export function isDisturbed(samples: readonly Sample[]): boolean {
  return figure(samples, (sample) => sample.otherBusy).median >= DISTURBED;
}

/** What a reader must know of a row: "client-bound, disturbed", or nothing. */
export function marksOf(samples: readonly Sample[]): string {
  const marks = [
    ...(isClientBound(samples) ? ['client-bound'] : []),
    ...(isDisturbed(samples) ? ['disturbed'] : []),
  ];
  return marks.join(', ');
}

/** "2025-04-01T09-30-00", from an ISO date; fit for a file name. */
export function fileStem(date: string): string {
  return date.slice(0, 19).replaceAll(':', '-');
}

/** Writes a run's raw results, whole or not at all, and returns the path. */
export function saveRun(directory: string, name: string, run: Run): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${fileStem(run.date)}-${name}.json.gz`);
  writeRaw(path, run);
  return path;
}
