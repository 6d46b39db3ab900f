// What the load processes of our own have in common: the request whose turn it is, and the count of what came back.
import { createHistogram } from 'node:perf_hooks';
import type { BenchRequest } from '../request.ts';
import type { Load, LoadResult } from './load.ts';

/** The load that this process was started with, as JSON in its argument. */
export const load = JSON.parse(process.argv[2] ?? '') as Load;

export function requestOf(turn: number): BenchRequest {
  return load.requests[turn % load.requests.length] ?? { path: '/', headers: {} };
}

const histogram = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
const counted = { bytes: 0, errors: 0, answers: 0 };

/** The body is read to its end; `isRight` says whether the answer counts. */
export async function countAnswer(body: AsyncIterable<Buffer>, isRight: boolean): Promise<void> {
  for await (const chunk of body) counted.bytes += chunk.length;
  if (isRight) counted.answers += 1;
  else counted.errors += 1;
}

export function recordLatency(milliseconds: number): void {
  histogram.record(Math.max(1, Math.round(milliseconds * 1000)));
}

/** From nothing on, runs `work` on each connection, and prints what came of it as JSON; then the process ends. */
export async function measure(
  work: (index: number, began: number) => Promise<void>,
): Promise<void> {
  Object.assign(counted, { bytes: 0, errors: 0, answers: 0 });
  histogram.reset();
  const before = process.cpuUsage();
  const began = performance.now();
  await Promise.all(Array.from({ length: load.connections }, (_, index) => work(index, began)));
  const used = process.cpuUsage(before);
  const result: LoadResult = {
    seconds: (performance.now() - began) / 1000,
    requests: counted.answers,
    bytes: counted.bytes,
    latency: {
      p50: histogram.percentile(50),
      p99: histogram.percentile(99),
      p999: histogram.percentile(99.9),
      max: histogram.max,
    },
    errors: counted.errors,
    cpuSeconds: (used.user + used.system) / 1e6,
    startSeconds: (before.user + before.system) / 1e6,
  };
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}
