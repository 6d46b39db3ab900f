// The command ends on signals while a disk does not answer (shim.c): exit joins libuv's threads, and they read.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { requestBytes } from '../support/client.ts';
import { type Running, startCommand } from '../support/command.ts';
import { makeTree } from '../support/tree.ts';
import { buildShim } from './shim.ts';

/** By sendfile where there is one, and by read. */
const STUCK = { 'a.stuck': { size: 1_000_000 }, 'b.stuck': { size: 20_000 } };

const built = buildShim(t);
const native = loadNative();

for (const { name, transport, addon } of [
  { name: 'native', transport: 'native', addon: true },
  { name: 'http1', transport: 'http1', addon: true },
  { name: 'http1 alone', transport: 'http1', addon: false },
]) {
  const reason = built.library === undefined ? built.reason : undefined;
  const skip = reason ?? (addon && native.addon === undefined ? native.reason : false);
  t.test(name, { skip }, async (t) => {
    const start = (t: Test, grace: string) => startStuck(t, transport, addon, grace);
    await t.test('one signal: within the grace, and a little', async (t) => {
      const { running } = await start(t, '1s');
      running.process.kill('SIGTERM');
      t.ok(ended(await running.ended), 'it ends');
    });
    await t.test('a second signal does not wait', async (t) => {
      const { running } = await start(t, '1h');
      running.process.kill('SIGTERM');
      await refuses(running.port);
      running.process.kill('SIGTERM');
      t.ok(ended(await running.ended), 'it ends');
    });
  });
}

/** By itself, or, where there is no _exit to call, by SIGKILL. */
function ended({ code, signal }: Awaited<Running['ended']>): boolean {
  return code === 0 || code === 143 || signal === 'SIGKILL';
}

async function startStuck(t: Test, transport: string, addon: boolean, grace: string) {
  const root = makeTree(t, STUCK);
  const running = await startCommand(
    t,
    [root, `--transport=${transport}`, `--grace=${grace}`, '--threads=1'],
    { env: { LD_PRELOAD: built.library ?? '', ZCSERVE_NO_ADDON: addon ? '' : '1' } },
  );
  for (const name of Object.keys(STUCK)) {
    writeFileSync(join(root, `${name}.gate`), '');
    const socket = dial(running.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(requestBytes(`/${name}`));
    t.teardown(() => socket.destroy());
  }
  await served(running.port);
  return { running };
}

/** Another request is answered: those before it have been read. */
async function served(port: number): Promise<void> {
  const socket = dial(port, '127.0.0.1');
  socket.write(requestBytes('/'));
  await once(socket, 'data');
  socket.destroy();
}

/** The first signal has been seen when nobody is accepted any more. */
async function refuses(port: number): Promise<void> {
  for (;;) {
    const socket = dial(port, '127.0.0.1');
    const refused = await Promise.race([
      once(socket, 'connect').then(() => false),
      once(socket, 'error').then(() => true),
    ]).catch(() => true);
    socket.destroy();
    if (refused) return;
  }
}
