// A server that has no descriptor left: what is open is served, what is not waits or is told so, and it recovers.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/native.ts';
import { CARRIERS, type Carrier, missing, startOrigin } from '../http/carriers.ts';
import { type Host, startHost } from '../http/host.ts';
import { type Answer, connect, request, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { descriptorsOf, until } from './process.ts';

const SIZE = 200_000;
const CLIENTS = 50;
const KEEP = { fields: { connection: 'keep-alive' } };

const noTool = spawnSync('prlimit', ['--version']).status !== 0 && 'needs prlimit (util-linux)';

// A TLS handshake would wait for the accept.
for (const carrier of CARRIERS.filter(({ tls }) => !tls)) {
  t.test(carrier.name, { skip: noTool || (missing(carrier) ?? false) }, async (t) => {
    await exhaust(t, carrier, startHost(t, carrier));
  });
}

const reason = noTool || (loadNative().addon === undefined && 'no addon');
t.test(
  'an engine that finds no descriptor says so, and is made once there are some',
  {
    skip: reason,
  },
  async (t) => {
    const program = fileURLToPath(new URL('./engine-child.ts', import.meta.url));
    const args = ['--import=tsx', program, makeTree(t)];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    t.equal(stderr, '');
    t.same(JSON.parse(stdout), { refused: 20, codes: ['EMFILE'], made: true });
  },
);

async function exhaust(t: Test, carrier: Carrier, host: Host): Promise<void> {
  const root = makeTree(t, { 'known.bin': { size: SIZE }, 'new.bin': { size: SIZE } });
  const origin = await startOrigin(carrier, host, { root, strategy: 'read' });
  const friend = await connect(origin.address);
  const ask = async (name: string): Promise<Answer> => {
    await friend.send(requestBytes(`/${name}`, KEEP));
    return friend.read();
  };
  await ask('known.bin');

  const limit = (files: number) => {
    const { status } = spawnSync('prlimit', [`--pid=${host.pid}`, `--nofile=${files}:`]);
    t.equal(status, 0, `RLIMIT_NOFILE is ${files}`);
  };
  // No number is left: what is closed now cannot be opened again.
  limit(3);
  t.ok((await ask('known.bin')).body.equals(pattern(SIZE)), 'an open file is served');
  const fresh = await ask('new.bin');
  t.equal(fresh.status, 503, 'a file that must be opened is refused for now');

  const strangers = await Promise.all(
    Array.from({ length: CLIENTS }, () => connect(origin.address)),
  );
  const waiting = strangers.map(async (stranger) => {
    await stranger.send(requestBytes('/known.bin'));
    return (await stranger.read()).body.equals(pattern(SIZE));
  });
  const answered = Promise.all(waiting.map((answer) => answer.catch(() => false)));
  if (carrier.name === 'native') {
    await until(async () => host.lines.some((line) => line.includes('cannot accept')));
    t.equal(host.lines.filter((line) => line.includes('cannot accept')).length, 1, 'said once');
  }
  t.ok([200, 503].includes((await ask('known.bin')).status), 'who is here is answered');

  limit(4096);
  const served = (await answered).filter(Boolean).length;
  // libuv and uSockets close or drop clients that they cannot accept; ours wait in the backlog.
  if (carrier.name === 'native') t.equal(served, CLIENTS, 'who waited is served');
  t.ok((await request(origin.address, '/known.bin')).body.equals(pattern(SIZE)), 'it recovers');
  t.ok((await ask('new.bin')).body.equals(pattern(SIZE)));
  t.comment(`${served} of ${CLIENTS} who came without descriptors were served in the end`);
  for (const connection of [friend, ...strangers]) connection.close();
  await until(async () => (await origin.stats()).connections === 0);
  t.comment(`${descriptorsOf(host.pid)} descriptors at rest`);
}
