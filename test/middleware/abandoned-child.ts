// Makes a hundred mounts, asks every other one, forgets all and collects garbage until their descriptors are closed.
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Middleware, zcserve } from '../../src/middleware/middleware.ts';

const [root = '.'] = process.argv.slice(2);
const descriptors = () => readdirSync('/proc/self/fd').length;

async function answers(serve: Middleware): Promise<boolean> {
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/large.bin`;
  const { length } = Buffer.from(await (await fetch(url)).arrayBuffer());
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return length === 100_000;
}

// What the process has once for all mounts, as the engine thread that sends, is there before.
const first = zcserve(root);
await answers(first);
first.close();
const before = descriptors();

let mounts: Middleware[] = Array.from({ length: 100 }, () => zcserve(root));
let served = 0;
for (const [n, serve] of mounts.entries()) if (n % 2 === 0 && (await answers(serve))) served++;
const held = descriptors();
mounts = [];
// Finalizers run between turns. Where nothing is given back, the test's own time limit ends this.
while (descriptors() > before + 3) {
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
}
process.send?.({ before, held, after: descriptors(), served }, () => process.exit(0));
