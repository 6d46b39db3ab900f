// Nothing outside the root is served, whatever changes while it is looked up, and nothing that is no file blocks.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { onEveryCarrier, type Serve } from '../http/carriers.ts';
import { connect, request, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { isLong, times } from './effort.ts';

const INSIDE = 'inside the root';
const OUTSIDE = 'OUTSIDE THE ROOT';

onEveryCarrier(t, async (t, serve, carrier) => {
  // Carriers open files in one of two ways: by the addon, or component by component.
  const races = isLong || carrier.name === 'native' || carrier.name === 'http1 alone';
  for (const symlinks of races ? (['inside', 'none'] as const) : []) {
    await t.test(`links that come and go, symlinks=${symlinks}`, (t) => race(t, serve, symlinks));
  }
  await t.test('what is no file is not found and does not block', (t) => strange(t, serve));
  if (carrier.tls) return;
  await t.test('no target climbs out', (t) => climb(t, serve));
});

async function race(t: Test, serve: Serve, symlinks: 'inside' | 'none'): Promise<void> {
  const outside = makeTree(t, { 'directory/file.txt': OUTSIDE, 'file.txt': OUTSIDE });
  const root = makeTree(t, { 'directory/file.txt': INSIDE, 'file.txt': INSIDE });
  const origin = await serve({ root, symlinks, revalidate: 0, logLevel: 'silent' });
  const turns = times(10_000, 50_000);
  const script = fileURLToPath(new URL('./flip.ts', import.meta.url));
  const flipper = fork(script, [root, outside, String(turns)], { execArgv: ['--import=tsx'] });
  let flipping = true;
  const ended = once(flipper, 'exit').then(() => {
    flipping = false;
  });
  t.teardown(() => flipper.kill('SIGKILL'));
  const statuses = new Map<number, number>();
  let escapes = 0;
  const ask = async () => {
    const connection = await connect(origin.address);
    while (flipping) {
      for (const target of ['/directory/file.txt', '/file.txt', '/directory/']) {
        await connection.send(requestBytes(target, { fields: { connection: 'keep-alive' } }));
        const { status, body } = await connection.read();
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (body.includes(OUTSIDE)) escapes++;
      }
    }
    connection.close();
  };
  await Promise.all([ask(), ask(), ask(), ended]);
  t.equal(escapes, 0, 'no escape');
  t.ok((statuses.get(200) ?? 0) > 0, 'the files are served between');
  const seen = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
  t.comment(`${turns} flips, ${escapes} escapes; ${seen}`);
}

async function strange(t: Test, serve: Serve): Promise<void> {
  const root = makeTree(t, {
    'good.txt': INSIDE,
    pipe: { fifo: true },
    environment: { link: '/proc/self/environ' },
    root: { link: '/proc/self/root' },
    memory: { link: '/proc/self/mem' },
    zero: { link: '/dev/zero' },
    loop: { link: 'loop' },
  });
  const names = ['pipe', 'environment', 'root/etc/passwd', 'memory', 'zero', 'loop', 'socket'];
  // Only root may make one, and not everywhere.
  if (spawnSync('mknod', [join(root, 'device'), 'c', '1', '5']).status === 0) names.push('device');
  const socket = createServer().listen(join(root, 'socket'));
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  const { address } = await serve({ root, logLevel: 'silent' });
  for (const name of names) {
    const { status } = await request(address, `/${name}`);
    t.ok([403, 404].includes(status), `${name}: ${status}`);
  }
  t.equal((await request(address, '/good.txt')).body.toString(), INSIDE);
}

async function climb(t: Test, serve: Serve): Promise<void> {
  const outer = makeTree(t, { 'secret.txt': OUTSIDE, 'root/good.txt': INSIDE });
  const { address } = await serve({ root: join(outer, 'root'), logLevel: 'silent' });
  const ups = [
    '..',
    '%2e%2e',
    '%2E.',
    '.%2e',
    '..%2f',
    '..%5c',
    '..\\',
    '%c0%ae%c0%ae',
    '..;',
    '....//',
    '..%00',
  ];
  let tried = 0;
  for (const up of ups) {
    for (const target of [
      `/${up}/secret.txt`,
      `/good.txt/${up}/${up}/secret.txt`,
      `//${up}/secret.txt`,
      `/./${up}/secret.txt`,
      `/${up}${up}/secret.txt`,
      `/${up}/root/../secret.txt`,
    ]) {
      const { status, body } = await request(address, target).catch(() => ({
        status: 0,
        body: '',
      }));
      tried++;
      if (status === 200 || body.includes(OUTSIDE)) t.fail(`${target}: ${status}`);
    }
  }
  t.comment(`${tried} targets, none climbed out`);
}
