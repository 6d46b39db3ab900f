// An app with a file server beside it, that blocks its event loop on demand. Root and milliseconds as arguments.
import { createInterface } from 'node:readline';
import { createServer } from '../../src/server/server.ts';

const [root = '.', blockMs] = process.argv.slice(2);
const server = await createServer({ root, port: 0, grace: 0 });
process.stdout.write(`${server.port}\n`);

for await (const line of createInterface(process.stdin)) {
  if (line !== 'block') continue;
  process.stdout.write('blocked\n');
  // Synchronous: no timer, no callback runs before it ends.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(blockMs));
  process.stdout.write('unblocked\n');
}
await server.close();
