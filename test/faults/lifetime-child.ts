// A process that starts, ends and forgets servers in the way it is told, and prints what is left of them.
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { createServer, type Server } from '../../src/server/server.ts';
import { connect, request, requestBytes } from '../support/client.ts';
import { descriptorsOf, mappingsOf } from './process.ts';

const [way = '', root = '', count = '1'] = process.argv.slice(2);
const rounds = Number(count);

const start = (): Promise<Server> => createServer({ root, port: 0, logLevel: 'silent', grace: 0 });

async function get(server: Server, name: string): Promise<number> {
  return (await request({ port: server.port }, `/${name}`)).body.length;
}

/** A client that has asked for more than socket buffers hold, and reads nothing. */
async function asker(server: Server): Promise<void> {
  const { socket, send } = await connect({ port: server.port });
  socket.removeAllListeners('data');
  socket.pause();
  await send(requestBytes('/large.bin'));
  socket.unref();
}

const left = () => ({
  descriptors: descriptorsOf(process.pid),
  mappings: mappingsOf(process.pid, root),
});
const threads = () => readdirSync('/proc/self/task').length;

/** Looks, 10 ms apart, at what is still being given back. */
const PATIENCE = 100;

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  /** Each server answers before it is closed. */
  async restart() {
    const one = async () => {
      const server = await start();
      await get(server, 'small.bin');
      await server.close();
    };
    for (let i = 0; i < 20; i++) await one();
    const before = { ...left(), threads: threads() };
    for (let i = 0; i < rounds; i++) await one();
    const after = () => ({ ...left(), threads: threads() });
    // The last engine's thread may be giving back what is its own.
    for (let i = 0; i < PATIENCE && after().descriptors > before.descriptors; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return { before, after: after() };
  },

  async two() {
    const [a, b] = await Promise.all([start(), start()]);
    const first = [await get(a, 'small.bin'), await get(b, 'small.bin')];
    await a.close();
    const second = await get(b, 'large.bin');
    await b.close();
    return { bytes: [...first, second] };
  },

  async closeBusy() {
    for (let i = 0; i < rounds; i++) {
      const server = await start();
      await Promise.all(Array.from({ length: 4 }, () => asker(server)));
      while (server.stats().transfers < 4) await new Promise((resolve) => setImmediate(resolve));
      await server.close();
    }
    return {};
  },

  async exit() {
    const server = await start();
    await Promise.all(Array.from({ length: 4 }, () => asker(server)));
    while (server.stats().transfers < 4) await new Promise((resolve) => setImmediate(resolve));
    // Work of every kind is in flight: an open, a snapshot, transfers.
    void get(server, 'small.bin');
    process.exit(7);
  },

  /** Evictions, with collections at any moment. */
  async collect() {
    const server = await createServer({
      root,
      port: 0,
      logLevel: 'silent',
      cacheSize: 65_536,
      mmapMinUses: 1,
      maxOpenFiles: 16,
    });
    let bytes = 0;
    for (let i = 0; i < rounds; i++) {
      bytes += await get(server, `many/${i % 40}.bin`);
      if (i % 5 === 0) globalThis.gc?.();
    }
    const { files } = server.stats();
    await server.close();
    return { bytes, cached: files.memory.bytes };
  },

  async workers() {
    for (let i = 0; i < rounds; i++) {
      // Every other worker is ended while its server runs.
      const close = i % 2 === 0;
      const workerData = { root, close };
      const worker = new Worker(new URL('./lifetime-worker.mjs', import.meta.url), { workerData });
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      const failed = new Promise<never>((_, reject) => worker.once('error', reject));
      const said = new Promise<number>((resolve) => worker.once('message', resolve));
      const bytes = await Promise.race([said, failed]);
      if (bytes !== 1000) throw new Error(`${bytes} bytes`);
      if (!close) await worker.terminate();
      await ended;
    }
    return { threads: threads() };
  },
};

const run = ways[way];
if (run === undefined) throw new Error(`no way ${way}`);
console.log(JSON.stringify(await run()));
