// A node:http server with the middleware, that measures itself on demand once it is at rest. Root and options (JSON)
// as arguments.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { zcserve } from '../../src/middleware/middleware.ts';

export interface Usage {
  readonly descriptors: number;
  /** Of the cache and of served files; the heap's own come and go. */
  readonly mappings: number;
  readonly rss: number;
  readonly transfers: number;
  readonly connections: number;
  readonly openFiles: number;
}

const [root = '.', options = '{}'] = process.argv.slice(2);
const serve = zcserve(root, JSON.parse(options));
const server = createServer(serve);
let connections = 0;
server.on('connection', (socket) => {
  connections++;
  socket.once('close', () => connections--);
});

/** When every connection is closed and the collector has been twice: finalizers run in between. */
async function atRest(): Promise<void> {
  while (connections > 0 || serve.stats().transfers > 0) await nextTurn();
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await nextTurn();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

process.on('message', async () => {
  await atRest();
  const usage: Usage = {
    descriptors: readdirSync('/proc/self/fd').length,
    mappings: readFileSync('/proc/self/maps', 'utf8')
      .split('\n')
      .filter((line) => line.includes('memfd:') || line.includes(root)).length,
    rss: process.memoryUsage.rss(),
    transfers: serve.stats().transfers,
    connections,
    openFiles: serve.stats().files.descriptors,
  };
  process.send?.(usage);
});

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
