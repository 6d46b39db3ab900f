// The process of the steady load: a Load as JSON in its argument, a LoadResult as JSON on stdout.
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load, LoadResult } from './load.ts';

const load = JSON.parse(process.argv[2] ?? '') as Load;
const rate = load.rate ?? 1000;
const histogram = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
let bytes = 0;
let errors = 0;
let answers = 0;

const cpuBefore = process.cpuUsage();
// The first half second warms this process up; its latencies don't count.
const WARM_UP_MS = 500;
const began = performance.now();
const counted = began + WARM_UP_MS;
const end = counted + load.seconds * 1000;
await Promise.all(Array.from({ length: load.connections }, (_, index) => keepAsking(index)));
const cpu = process.cpuUsage(cpuBefore);
const result: LoadResult = {
  seconds: (performance.now() - began) / 1000,
  requests: answers,
  bytes,
  latency: {
    p50: histogram.percentile(50),
    p99: histogram.percentile(99),
    p999: histogram.percentile(99.9),
    max: histogram.max,
  },
  errors,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
  startSeconds: (cpuBefore.user + cpuBefore.system) / 1e6,
};
process.stdout.write(JSON.stringify(result), () => process.exit(0));

/**
 * One connection's requests. Each is due an interval after the one before; when an answer comes so
 * late that the next request is overdue, that one's latency counts from when it was due (no
 * coordinated omission). When the timer is late, it counts from when it was sent.
 */
async function keepAsking(index: number): Promise<void> {
  const interval = (load.connections / rate) * 1000;
  const agent = new Agent({ keepAlive: load.keepAlive, maxSockets: 1 });
  let due = began + (interval * index) / load.connections;
  for (let turn = index; due < end; turn += 1) {
    const wait = due - performance.now();
    if (wait > 0) {
      await sleep(wait);
      due = performance.now();
    }
    await ask(turn, agent);
    const took = performance.now() - due;
    if (due >= counted) histogram.record(Math.max(1, Math.round(took * 1000)));
    due += interval;
  }
  agent.destroy();
}

async function ask(turn: number, agent: Agent): Promise<void> {
  const { path, headers } = load.requests[turn % load.requests.length] ?? {
    path: '/',
    headers: {},
  };
  const request = get(new URL(path, load.url), { agent, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode === load.status) answers += 1;
  else errors += 1;
  for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length;
}
