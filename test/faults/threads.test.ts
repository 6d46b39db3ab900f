// A system that has no room for more threads: the engine has fewer, or the server is node:http's, and it is said.
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import { type Host, startHost } from '../http/host.ts';
import { connect, request, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { until } from './process.ts';
import { buildShim } from './shim.ts';

const SIZE = 1_000_000;
const THREADS = 4;
/** So many that every engine thread has clients: the kernel spreads them. */
const CLIENTS = 64;

const built = buildShim(t, 'threads.c');
const disk = buildShim(t);
const native = loadNative();
const skip =
  (built.library === undefined && built.reason) || (native.addon === undefined && native.reason);

function startCrowded(t: Test, room: number): Host {
  return startHost(t, {
    addon: true,
    env: { LD_PRELOAD: `${built.library} ${disk.library}`, ROOM: String(room) },
  });
}

function site(t: Test): OptionsInput {
  return { root: makeTree(t, { 'small.txt': 'hello', 'large.bin': { size: SIZE } }) };
}

t.test('room for no thread: node:http serves, and one line says why', { skip }, async (t) => {
  const host = startCrowded(t, 0);
  const { port, transport, close } = await host.start({ ...site(t), transport: 'auto' });
  t.equal(transport, 'http1');
  const said = () => host.lines.filter((line) => line.includes('no better transport'));
  await until(async () => said().length > 0);
  t.equal((await request({ port }, '/small.txt')).body.toString(), 'hello');
  await close();
  t.match(said(), [/no room for an engine thread \(EAGAIN\)/]);
  t.equal(host.lines.length, 1, 'nothing else is said');
});

t.test('an engine that was asked for by name is an error', { skip }, async (t) => {
  const host = startCrowded(t, 0);
  await t.rejects(host.start({ ...site(t), transport: 'native' }), {
    message:
      'transport native is not available here: the system has no room for an engine thread (EAGAIN)',
  });
});

t.test(
  'room for some engine threads: these serve, and share all connections',
  { skip },
  async (t) => {
    const host = startCrowded(t, 2);
    const options = { ...site(t), transport: 'native', threads: THREADS } as const;
    const server = await host.start({ ...options, maxConnections: CLIENTS * 2 });
    t.match(host.lines, [/2 of 4 engine threads: the system has no room for more/]);
    const clients = await Promise.all(
      Array.from({ length: CLIENTS }, () => connect({ port: server.port })),
    );
    for (const client of clients) {
      await client.send(requestBytes('/large.bin', { fields: { connection: 'keep-alive' } }));
      const { status, body } = await client.read();
      if (status !== 200 || !body.equals(pattern(SIZE))) t.fail(`an answer is wrong: ${status}`);
    }
    t.equal((await server.stats()).connections, CLIENTS);
    for (const client of clients) client.close();
    await server.close();
  },
);

t.test(
  'room for the engine threads only: they wait for the disk themselves',
  { skip },
  async (t) => {
    const root = makeTree(t, { 'cold.far': { size: SIZE } });
    for (const strategy of ['read', 'sendfile'] as const) {
      const host = startCrowded(t, 1);
      const options = { root, transport: 'native', threads: 1, strategy } as const;
      const { port, close } = await host.start(options);
      t.ok((await request({ port }, '/cold.far')).body.equals(pattern(SIZE)), strategy);
      await close();
    }
  },
);
