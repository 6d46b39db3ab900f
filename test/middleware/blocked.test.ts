// Side by side: files flow from engine threads while the app's own event loop is blocked.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { connect, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';

const BLOCK_MS = 5000;
const LARGE = 32 * 2 ** 20;
const keepAlive = { fields: { connection: 'keep-alive' } };

t.test('hot and large files arrive while the loop stands still', async (t) => {
  if (!loadNative().addon) {
    t.pass('no addon here');
    return;
  }
  const mtime = new Date('2024-01-02T03:04:05Z');
  const root = makeTree(t, { hot: { size: 1000, mtime }, large: { size: LARGE, mtime } });
  const program = fileURLToPath(new URL('./blocked-child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import=tsx', program, root, String(BLOCK_MS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout as Readable)[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;

  const port = Number(await next());
  const connection = await connect({ port });
  t.teardown(() => connection.close());
  const get = async (target: string) => {
    await connection.send(requestBytes(target, keepAlive));
    return (await connection.read()).body;
  };
  // Both become hot: the engine answers them without asking.
  for (let i = 0; i < 10; i++) {
    await get('/hot');
    await get('/large');
  }

  child.stdin?.write('block\n');
  t.equal(await next(), 'blocked');
  let during = 0;
  const unblocked = next();
  let isOver = false;
  unblocked.then(() => {
    isOver = true;
  });
  while (!isOver) {
    t.ok((await get('/hot')).equals(pattern(1000)));
    t.ok((await get('/large')).equals(pattern(LARGE)));
    if (!isOver) during++;
  }
  t.equal(await unblocked, 'unblocked');
  t.ok(during > 0, `${during} large and as many hot files in ${BLOCK_MS} ms`);
  child.stdin?.end();
  await once(child, 'exit');
});
