// What a load generator is given and what it gives back; and which one a scenario uses.
import type { BenchRequest } from '../request.ts';
import type { Scenario } from '../scenario.ts';

export type GeneratorName = 'wrk' | 'h2load' | 'autocannon' | 'steady' | 'resuming';

export interface Load {
  readonly url: URL;
  /** Sent in turn on each connection; by wrk over all connections. */
  readonly requests: readonly BenchRequest[];
  /** Indices of `requests` in the order of asking, for wrk; undefined = one after the other. */
  readonly order?: readonly number[];
  /** Each is asked for once, over all connections, and that is all; wrk's alone. */
  readonly once: boolean;
  readonly connections: number;
  /** Requests in flight on each connection: pipelined, or as streams. */
  readonly pipelining: number;
  readonly keepAlive: boolean;
  /** Requests per second over all connections; undefined = closed loop, as many as possible. */
  readonly rate: number | undefined;
  readonly seconds: number;
  /** The status that every answer must have; others are errors. */
  readonly status: number;
  /** A taskset(1) core list for the generator, and how many cores that is. */
  readonly cores: string | undefined;
  readonly coreCount: number;
}

/** Microseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface LoadResult {
  readonly seconds: number;
  /** Complete answers with the right status. */
  readonly requests: number;
  /** Bytes received, heads and incomplete answers included. */
  readonly bytes: number;
  readonly latency: Latency;
  readonly errors: number;
  /** CPU time that the generator itself used, in seconds. */
  readonly cpuSeconds: number;
  /** What it used before, to get ready. */
  readonly startSeconds?: number;
}

export interface Generator {
  readonly name: GeneratorName;
  run(load: Load): Promise<LoadResult>;
}

/** The generators that this machine has. */
export type Generators = Readonly<Partial<Record<GeneratorName, Generator>>>;

/**
 * wrk where it is installed: it needs a tenth of autocannon's CPU per request, so that the server
 * is the limit. The steady load where the offered rate is fixed. For HTTP/2 h2load, and nothing else.
 */
export function chooseGenerator(scenario: Scenario, generators: Generators): GeneratorName {
  if (scenario.generator !== undefined) return scenario.generator;
  if (scenario.rate !== undefined) return 'steady';
  if (scenario.protocol === 'http2') return 'h2load';
  return generators.wrk === undefined ? 'autocannon' : 'wrk';
}
