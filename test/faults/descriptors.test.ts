// A server that has no descriptor left: what is open is served, what is not waits or is told so, and it recovers.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { CARRIERS, type Carrier, missing, startOrigin } from '../http/carriers.ts';
import { type Host, startHost } from '../http/host.ts';
import { type Address, type Answer, connect, request, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { descriptorsOf, until } from './process.ts';

const SIZE = 200_000;
const CLIENTS = 50;
const KEEP = { fields: { connection: 'keep-alive' } };

/** More than leaves at once (transfers.ts): the rest needs a descriptor. */
const LARGE = 3_000_000;
const SEVERAL = 'bytes=0-999999,2000000-2999999';

/** What is asked for once is kept open. */
const KEPT = { mmapMinUses: 1 };
/** Looking whether the file has changed would open it again. */
const UNSEEN = { ...KEPT, revalidate: 3_600_000 };

const noTool = spawnSync('prlimit', ['--version']).status !== 0 && 'needs prlimit (util-linux)';

// A TLS handshake would wait for the accept.
for (const carrier of CARRIERS.filter(({ tls }) => !tls)) {
  t.test(carrier.name, { skip: noTool || (missing(carrier) ?? false) }, async (t) => {
    await exhaust(t, carrier, startHost(t, carrier));
    await t.test('a large file that is open is sent to its end', async (t) => {
      const host = startHost(t, carrier);
      const root = makeTree(t, { 'large.bin': { size: LARGE } });
      const origin = await startOrigin(carrier, host, { root, ...UNSEEN });
      await sendWithout(t, origin.address, host.pid);
      const { byStrategy } = await origin.stats();
      const tallies = Object.values(byStrategy);
      t.equal(
        tallies.reduce((sum, { responses }) => sum + responses, 0),
        3,
        'each answer is counted once',
      );
    });
  });
}

t.test('middleware sends a large file that is open to its end', { skip: noTool }, async (t) => {
  const program = fileURLToPath(new URL('../middleware/leak-child.ts', import.meta.url));
  const root = makeTree(t, { 'large.bin': { size: LARGE } });
  const child = fork(program, [root, JSON.stringify(UNSEEN)], { execArgv: ['--import=tsx'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [port] = await once(child, 'message');
  await sendWithout(t, { port }, child.pid ?? 0);
});

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

/** The process has opened the file and sent none of it, when no descriptor is left. */
async function sendWithout(t: Test, address: Address, pid: number): Promise<void> {
  const connection = await connect(address);
  await connection.send(requestBytes('/large.bin', { ...KEEP, method: 'HEAD' }));
  await connection.read('HEAD');
  leave(t, pid, 3);
  await connection.send(requestBytes('/large.bin', KEEP));
  t.ok((await connection.read()).body.equals(pattern(LARGE)), 'every byte');
  const fields = { ...KEEP.fields, range: SEVERAL };
  await connection.send(requestBytes('/large.bin', { fields }));
  const parts = await connection.read();
  t.equal(parts.status, 206);
  t.ok(parts.body.length > 2_000_000, 'every part');
  connection.close();
}

/** Sets how many descriptors the process may have. */
function leave(t: Test, pid: number, files: number): void {
  const { status } = spawnSync('prlimit', [`--pid=${pid}`, `--nofile=${files}:`]);
  t.equal(status, 0, `RLIMIT_NOFILE is ${files}`);
}

async function exhaust(t: Test, carrier: Carrier, host: Host): Promise<void> {
  const root = makeTree(t, { 'known.bin': { size: SIZE }, 'new.bin': { size: SIZE } });
  const origin = await startOrigin(carrier, host, { root, strategy: 'read', ...KEPT });
  const friend = await connect(origin.address);
  const ask = async (name: string): Promise<Answer> => {
    await friend.send(requestBytes(`/${name}`, KEEP));
    return friend.read();
  };
  await ask('known.bin');

  const limit = (files: number) => leave(t, host.pid, files);
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
