// The process of the background clients: each downloads one file after the other until SIGTERM.
// Prints "running" after the first bytes and "received N" (bytes) at the end.
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropFromPageCache } from '../page-cache.ts';
import type { BackgroundTask } from './background.ts';

const task = JSON.parse(process.argv[2] ?? '') as BackgroundTask;
const agent = new Agent({ keepAlive: true, maxSockets: task.clients });
let received = 0;

// The measured clients share these cores and go first.
setPriority(19);

process.once('SIGTERM', () => {
  process.stdout.write(`received ${received}\n`, () => process.exit(0));
});

for (let client = 0; client < task.clients; client += 1) void downloadForever(client);

async function downloadForever(first: number): Promise<void> {
  for (let turn = first; ; turn += task.clients) {
    const index = turn % task.paths.length;
    const file = task.evict[index];
    if (file !== undefined) await dropFromPageCache(file);
    await download(task.paths[index] ?? '/');
  }
}

async function download(path: string): Promise<void> {
  const [response] = (await once(get(new URL(path, task.url), { agent }), 'response')) as [
    IncomingMessage,
  ];
  const began = performance.now();
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (received === 0) process.stdout.write('running\n');
    received += chunk.length;
    bytes += chunk.length;
    if (task.bytesPerSecond === undefined) continue;
    const early = (bytes / task.bytesPerSecond) * 1000 - (performance.now() - began);
    if (early >= 1) await sleep(early);
  }
}
