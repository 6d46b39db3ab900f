// Basic authentication on every carrier: whoever is not let in learns nothing, in whatever way it asks and whatever was
// answered before. RFC 7617.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bcryptjs from 'bcryptjs';
import t, { type Test } from 'tap';
import { until } from '../faults/process.ts';
import { type Address, connect, request, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrier, type Serve } from './carriers.ts';

const root = makeTree(t, {
  'index.html': 'home',
  'free.txt': 'free',
  'private.html': 'a secret page',
  'private-too.txt': 'a secret',
  'private/a.txt': 'a secret',
  'private/b.txt': 'b secret',
  'private/index.html': 'a secret index',
  'private/app.0123abcd.js': 'a secret script',
  'private/404.html': 'a secret miss',
  'private/deep/c.txt': 'a secret',
  'private/deep/large.bin': { size: 200_000 },
  'other/d.txt': 'free',
  'other/e.txt': 'free',
  'staff/list.txt': 'names',
  'staff/boss.txt': 'a name',
});
const folder = makeTree(t, {});
const hashOf = (password: string) => bcryptjs.hashSync(password, 4);
const file = (name: string, users: Readonly<Record<string, string>>) => {
  const path = join(folder, name);
  const lines = Object.entries(users).map(([user, password]) => `${user}:${hashOf(password)}\n`);
  // As editors and htpasswd do it: never half a file.
  writeFileSync(`${path}.new`, lines.join(''));
  renameSync(`${path}.new`, path);
  return path;
};
const users = file('users', { ann: 'secret', bob: 'other' });

const as = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const ann = as('ann', 'secret');

/** Spellings that a file below /private may be asked by. */
const SPELLINGS = [
  '/private/a.txt',
  '/private/a.txt?query',
  '/private/none',
  '/private/deep/none/none',
  '/private/',
  '/private',
  '/private.html',
  '/private-too.txt',
  '/%70rivate/a.txt',
  '/%70%72ivate/%61.txt',
  '//private/a.txt',
  '/./private/a.txt',
  '/other/../private/a.txt',
  '/other/%2e%2e/private/a.txt',
  '/private//a.txt',
  '/private/deep/../a.txt',
  '/PRIVATE/a.txt',
  '/Private/a.txt',
  '/pr%C4%B1vate/a.txt',
  '/pri%E2%80%8Bvate/a.txt',
  '/moved/a.txt',
];

async function checkClosed(t: Test, serve: Serve): Promise<void> {
  const { address, stats } = await serve({
    root,
    auth: { '/private': users },
    rewrites: [{ from: '/moved/*', to: '/private/*' }],
    redirects: [{ from: '/private/old', to: '/private/a.txt' }],
    immutableHashed: true,
    cdn: '1m',
    cleanUrls: true,
    mmapMinUses: 2,
  });
  const first = await request(address, '/private/a.txt');
  const { status, body } = first;
  t.equal(status, 401);
  t.equal(first.field('www-authenticate'), 'Basic realm="/private", charset="UTF-8"');
  t.equal(first.field('cache-control'), 'no-store');
  for (const name of ['etag', 'last-modified', 'location', 'accept-ranges']) {
    t.equal(first.field(name), undefined, `no ${name}`);
  }

  const checkRefused = async (how: string) => {
    const connection = await connect(address);
    for (const target of [...SPELLINGS, '/private/old']) {
      for (const wrong of [{}, as('ann', 'wrong'), as('nobody', 'secret')]) {
        const fields = { connection: 'keep-alive', ...wrong };
        await connection.send(requestBytes(target, { fields }));
        const refused = await connection.read();
        if (refused.status !== 401 || !refused.body.equals(body)) {
          t.fail(`${how}: ${target}: ${refused.status} ${refused.body}`);
        }
      }
    }
    connection.close();
  };
  await checkRefused('before');
  // Asked for over and over, so that all that may be repeated is prepared, and directories are known.
  const connection = await connect(address);
  const targets = ['/free.txt', '/none', '/other/d.txt', '/other/e.txt', '/other/none'];
  for (const target of [...targets, ...SPELLINGS, ...targets, ...SPELLINGS, ...SPELLINGS]) {
    const isFree = targets.includes(target);
    const fields = { connection: 'keep-alive', ...(isFree ? {} : ann) };
    await connection.send(requestBytes(target, { fields }));
    const answer = await connection.read();
    if (answer.status === 401) t.fail(`${target} for its user`);
    const control = answer.field('cache-control') ?? '';
    if (!isFree && !/private|no-store/.test(control)) t.fail(`${target}: Cache-Control ${control}`);
    const isForCdn = answer.field('cdn-cache-control') !== undefined;
    if (isForCdn !== (isFree && answer.status === 200)) t.fail(`${target}: for a CDN: ${isForCdn}`);
    if (isFree && /private/.test(control)) t.fail(`${target}: Cache-Control ${control}`);
  }
  connection.close();
  await checkRefused('after');

  const asked = await request(address, '/private/a.txt', { fields: ann });
  t.equal(asked.body.toString(), 'a secret', 'its users see it');
  const etag = asked.field('etag') ?? '';
  const cached = await request(address, '/private/a.txt', { fields: { 'if-none-match': etag } });
  t.equal(cached.status, 401, 'a validator opens nothing');
  const fresh = await request(address, '/private/a.txt', {
    fields: { ...ann, 'if-none-match': etag },
  });
  t.match([fresh.status, fresh.field('cache-control')], [304, 'private']);
  const large = await request(address, '/private/deep/large.bin', { fields: ann });
  t.equal(large.body.length, 200_000);
  const script = await request(address, '/private/app.0123abcd.js', { fields: ann });
  t.equal(script.field('cache-control'), 'private, max-age=31536000, immutable');

  const head = await request(address, '/private/a.txt', { method: 'HEAD' });
  t.match([head.status, head.body.length], [401, 0]);
  t.equal((await request(address, '/private/a.txt', { method: 'POST' })).status, 401);
  t.equal(
    (await request(address, '/private/a.txt', { method: 'OPTIONS' })).status,
    204,
    'preflights',
  );
  t.equal((await request(address, '/private%2Fa.txt')).status, 400, 'names no file');
  t.equal((await stats()).truncated, 0);
}

async function checkUsers(t: Test, serve: Serve): Promise<void> {
  const staff = file('staff', { ann: 'secret' });
  const { address } = await serve({
    root,
    auth: [`/staff=${staff}`, `/staff/boss=${users}`],
    cacheControl: 'public, max-age=60',
  });
  const statusOf = async (target: string, fields: object) =>
    (await request(address, target, { fields: { ...fields } })).status;
  t.equal(await statusOf('/staff/list.txt', ann), 200);
  t.equal(await statusOf('/staff/list.txt', as('bob', 'other')), 401, 'a prefix has its own users');
  t.equal(await statusOf('/staff/boss.txt', as('bob', 'other')), 200, 'the longest counts');
  t.equal(await statusOf('/free.txt', {}), 200, 'the rest is free');
  const answer = await request(address, '/staff/list.txt', { fields: ann });
  t.equal(answer.field('cache-control'), 'public, max-age=60', "the operator's own word");
}

/** However its requests come. */
async function checkChange(t: Test, serve: Serve): Promise<void> {
  const changing = file('changing', { ann: 'secret' });
  const { address } = await serve({ root, auth: { '/staff/': changing } });
  const statusOf = async (target: string, fields: object) =>
    (await request(address, target, { fields: { ...fields } })).status;
  t.equal(await statusOf('/staff/list.txt', ann), 200);
  file('changing', { ann: 'changed', eve: 'new' });
  await until(async () => (await statusOf('/staff/list.txt', as('ann', 'changed'))) === 200);
  t.equal(await statusOf('/staff/list.txt', ann), 401, 'a password that was changed');
  t.equal(await statusOf('/staff/list.txt', as('eve', 'new')), 200, 'a user that came');
  writeFileSync(changing, 'ann:plain\n');
  for (let i = 0; i < 3; i++) t.equal(await statusOf('/staff/list.txt', as('eve', 'new')), 200);
}

async function checkFlood(t: Test, serve: Serve): Promise<void> {
  const slow = join(folder, 'slow');
  writeFileSync(slow, `ann:${bcryptjs.hashSync('secret', 8)}\n`);
  const { address } = await serve({ root, auth: { '/private': slow } });
  t.equal((await request(address, '/private/a.txt', { fields: ann })).status, 200);
  const ask = async (at: Address, target: string, fields: object) =>
    (await request(at, target, { fields: { ...fields } })).status;
  const flood = Array.from({ length: 40 }, (_, i) =>
    ask(address, '/private/a.txt', as('ann', `${i}`)),
  );
  const others = Promise.all([
    ask(address, '/free.txt', {}),
    ask(address, '/private/a.txt', ann),
    ask(address, '/other/d.txt', {}),
  ]);
  t.same(
    await Promise.race([others, Promise.all(flood)]),
    [200, 200, 200],
    'others pass meanwhile',
  );
  const counts = new Map<number, number>();
  for (const status of await Promise.all(flood)) counts.set(status, (counts.get(status) ?? 0) + 1);
  t.ok((counts.get(503) ?? 0) > 0 && (counts.get(401) ?? 0) >= 32, 'no more than 32 wait');
  t.equal(counts.size, 2);
}

onEveryCarrier(t, async (t, serve, { name }) => {
  await t.test('who is not let in learns nothing', (t) => checkClosed(t, serve));
  await t.test('who is let in', (t) => checkUsers(t, serve));
  if (name !== 'native') return;
  await t.test('a file of users that changes', (t) => checkChange(t, serve));
  await t.test('a flood of wrong passwords', (t) => checkFlood(t, serve));
});

t.test('a file that cannot be used ends the start', async (t) => {
  const { createServer } = await import('../../src/server/server.ts');
  const bad = join(folder, 'bad');
  writeFileSync(bad, '# users\nann:$apr1$hN9zP5Yz$7oLm5tQxPtvBmVYWcZCeC/\n');
  const refused: ReadonlyArray<readonly [object, RegExp]> = [
    [{ '/private': bad }, /^option auth: \/private=.*bad: line 2: this kind of hash is not known/],
    [{ '/private': join(folder, 'none') }, /^option auth: \/private=.*: no such file/],
    [{ '/private': join(root, 'free.txt') }, /^option auth: .*free.txt would be served itself/],
    [{ '/../private': users }, /^option auth: .*no path begins with that/],
    [{ private: users }, /^option auth: .* expected a path prefix/],
  ];
  for (const [auth, message] of refused) {
    await t.rejects(createServer({ root, port: 0, auth: auth as Record<string, string> }), {
      message,
    });
  }
});
