// The process of the writers: each appends the same bytes to its stream as soon as the append before is acknowledged.
// Prints what came of it as JSON.
import { createHistogram } from 'node:perf_hooks';
import { answerOf, open } from '../load/asking.ts';
import type { Writing, Written } from './appends.ts';

const task = JSON.parse(process.argv[2] ?? '') as Writing;

const latencies = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
const before = process.cpuUsage();
const began = performance.now();
const end = began + task.seconds * 1000;
let appends = 0;
let refused = 0;
await Promise.all(Array.from({ length: task.writers }, (_, at) => write(at)));
const used = process.cpuUsage(before);
const written: Written = {
  appends,
  refused,
  seconds: (performance.now() - began) / 1000,
  latency: { p50: latencies.percentile(50), p99: latencies.percentile(99) },
  cpuSeconds: (used.user + used.system) / 1e6,
};
process.stdout.write(JSON.stringify(written), () => process.exit(0));

async function write(at: number): Promise<void> {
  const socket = await open(task.port);
  const path = task.paths[at % task.paths.length];
  const fields = `Host: 127.0.0.1\r\nContent-Type: ${task.type}\r\nContent-Length: ${task.body.length}`;
  const request = `POST ${path} HTTP/1.1\r\n${fields}\r\n\r\n${task.body}`;
  while (performance.now() < end) {
    const sent = performance.now();
    const head = await answerOf(socket, request);
    if (!/^HTTP\/1\.1 20[04] /.test(head)) {
      refused++;
      continue;
    }
    latencies.record(Math.max(1, Math.round((performance.now() - sent) * 1000)));
    appends++;
  }
  socket.destroy();
}
