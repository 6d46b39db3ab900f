// The process of the resuming load: a connection for each request, each with the session ticket of an earlier one.
// A Load as JSON in its argument, a LoadResult as JSON on stdout.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { createHistogram } from 'node:perf_hooks';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { clientTls } from '../certificate.ts';
import type { Load, LoadResult } from './load.ts';

const load = JSON.parse(process.argv[2] ?? '') as Load;
const histogram = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
// The agent keeps the last ticket of a server and offers it by itself. One context serves all: making one costs more
// than a handshake.
const agent = new Agent({ keepAlive: false, secureContext: createSecureContext(clientTls()) });
let bytes = 0;
let errors = 0;
let answers = 0;

await ask(0);
bytes = errors = answers = 0;
histogram.reset();
const cpuBefore = process.cpuUsage();
const began = performance.now();
const end = began + load.seconds * 1000;
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

async function keepAsking(index: number): Promise<void> {
  for (let turn = index; performance.now() < end; turn += 1) await ask(turn);
}

/** A connection whose session is not resumed is an error: its handshake was another one. */
async function ask(turn: number): Promise<void> {
  const { path, headers } = load.requests[turn % load.requests.length] ?? {
    path: '/',
    headers: {},
  };
  const asked = performance.now();
  const request = get(new URL(path, load.url), { agent, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const resumed = (response.socket as TLSSocket).isSessionReused();
  for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length;
  histogram.record(Math.max(1, Math.round((performance.now() - asked) * 1000)));
  if (resumed && response.statusCode === load.status) answers += 1;
  else errors += 1;
}
