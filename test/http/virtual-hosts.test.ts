// Virtual hosts on every carrier: who is answered from which site, and that nothing of one is ever another's.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Answer, type Connection, connect, requestBytes } from '../support/client.ts';
import { WAYS } from '../support/releases.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { type Carrier, onEveryCarrier, type Serve, speaksHttp1 } from './carriers.ts';
import { MATCHES, NAMES } from './host-matches.ts';

/** Above `sendfileMin` and `mmapMax`. */
const LARGE = 100_000;

/** The same paths everywhere, and one length: only the bytes tell whose they are. */
const site = (name: string) => ({
  'index.html': `<p>${name}`,
  'small.txt': name,
  'large.bin': pattern(LARGE, name.charCodeAt(0)),
  'deep/page.html': `deep ${name}`,
  [`deep/${name}.txt`]: name,
  '404.html': `nothing in ${name}`,
});

t.setTimeout(180_000);

onEveryCarrier(t, async (t, serve, carrier) => {
  await t.test('the site goes by the authority', (t) => matched(t, serve, carrier));
  await t.test('the same path of two hosts is never mixed', (t) => unmixed(t, serve, carrier));
  await t.test('what a host leaves out is as for all', (t) => inherited(t, serve));
  await t.test('the root of each host lives by itself', (t) => replaced(t, serve));
  await t.test('a change in one of them is seen', (t) => changed(t, serve));
  await t.test('one budget of open files for all', (t) => bounded(t, serve));
});

async function ask(connection: Connection, host: string, target: string, fields = {}) {
  const head = { fields: { connection: 'keep-alive', host, ...fields } };
  await connection.send(requestBytes(target, head));
  return connection.read();
}

const text = ({ body }: Answer) => body.toString();

async function matched(t: Test, serve: Serve, carrier: Carrier): Promise<void> {
  const roots = [...NAMES, []].map((_, i) => makeTree(t, { 'who.txt': String(i) }));
  const hosts = NAMES.map((names, i) => [names.join(', '), { root: roots[i + 1] ?? '' }] as const);
  const { address } = await serve({ root: roots[0], hosts: Object.fromEntries(hosts) });
  const connection = await connect(address);
  t.teardown(() => connection.close());
  // Planned first, then prepared: both go by the same names.
  for (let turn = 0; turn < 3; turn++) {
    for (const [authority, host] of MATCHES) {
      t.equal(text(await ask(connection, authority, '/who.txt')), String(host), authority);
    }
  }
  if (!speaksHttp1(carrier) || carrier.transport === 'uws') return;
  // RFC 9112 §3.2.2
  const absolute = 'http://www.example.org:80/who.txt';
  t.equal(text(await ask(connection, 'example.org', absolute)), '2', 'absolute-form wins');
  const old = await connect(address);
  await old.send('GET /who.txt HTTP/1.0\r\n\r\n');
  t.equal(text(await old.read()), '0', 'an old client that names none');
  await connection.send('GET /who.txt HTTP/1.1\r\nHost:\r\n\r\n');
  t.equal(text(await connection.read()), '0', 'an empty one');
}

async function unmixed(t: Test, serve: Serve, { transport }: Carrier): Promise<void> {
  const names = ['A', 'B', 'C'];
  const [A = '', B = '', C = ''] = names.map((name) => makeTree(t, site(name)));
  const origin = await serve({
    root: A,
    hosts: { 'b.example': { root: B }, '*.b.example': { root: C } },
  });
  const hostOf: Readonly<Record<string, string>> = { A: 'a', B: 'b.example', C: 'c.b.example' };
  const connection = await connect(origin.address);
  t.teardown(() => connection.close());
  const etags = new Map<string, string>();
  // As often as it takes until it is cached, kept, prepared; and what is missing has its one answer.
  for (let turn = 0; turn < 8; turn++) {
    for (const name of names) {
      const get = (target: string, fields = {}) =>
        ask(connection, hostOf[name] ?? '', target, fields);
      t.equal(text(await get('/')), `<p>${name}`, `/ of ${name}`);
      const small = await get('/small.txt');
      t.equal(text(small), name);
      etags.set(name, small.field('etag') ?? '');
      t.ok((await get('/large.bin')).body.equals(pattern(LARGE, name.charCodeAt(0))), name);
      const part = await get('/large.bin', { range: 'bytes=5-9' });
      t.ok(part.body.equals(pattern(LARGE, name.charCodeAt(0)).subarray(5, 10)), `part ${name}`);
      t.equal(text(await get('/deep/page.html')), `deep ${name}`);
      for (const other of names) {
        const { status, body } = await get(`/deep/${other}.txt`);
        t.equal(status, other === name ? 200 : 404, `${other}.txt of ${name}`);
        t.equal(body.toString(), other === name ? name : `nothing in ${name}`);
        const known = etags.get(other);
        if (known === undefined) continue;
        const again = await get('/small.txt', { 'if-none-match': known });
        t.equal(again.status, other === name ? 304 : 200, `the tag of ${other} for ${name}`);
      }
      t.equal(text(await get(`/none-${turn}.html`)), `nothing in ${name}`);
    }
  }
  // All at once, in one write: on one connection each has its own.
  const all = Array.from({ length: 60 }, (_, i) => names[i % 3] ?? '');
  if (transport !== 'uws') {
    const bytes = all.map((name) =>
      requestBytes('/small.txt', {
        fields: { host: hostOf[name] ?? '', connection: 'keep-alive' },
      }),
    );
    await connection.send(Buffer.concat(bytes));
    const got: string[] = [];
    for (const _ of all) got.push(text(await connection.read()));
    t.same(got, all, 'pipelined, or as streams of one connection');
  }
  if (transport === 'native') {
    const { hot, opened } = await origin.stats();
    t.ok(hot + opened > 200, `${hot} hot, ${opened} opened`);
  }
}

async function inherited(t: Test, serve: Serve): Promise<void> {
  const [A = '', B = '', C = ''] = ['A', 'B', 'C'].map((name) => makeTree(t, site(name)));
  const { address } = await serve({
    root: A,
    cacheControl: 'max-age=1',
    headers: { '**': { 'X-All': 'yes' } },
    cleanUrls: true,
    hosts: {
      'b.example': { root: B },
      'c.example': {
        root: C,
        cacheControl: 'max-age=2',
        headers: {},
        cleanUrls: false,
        redirects: [{ from: '/moved', to: '/small.txt' }],
        errorPages: false,
      },
    },
  });
  const connection = await connect(address);
  t.teardown(() => connection.close());
  for (let turn = 0; turn < 4; turn++) {
    for (const host of ['a.example', 'b.example']) {
      const found = await ask(connection, host, '/small.txt');
      t.equal(found.field('cache-control'), 'max-age=1', host);
      t.equal(found.field('x-all'), 'yes', host);
      t.equal((await ask(connection, host, '/deep/page')).status, 200, host);
      t.equal((await ask(connection, host, '/moved')).status, 404, host);
    }
    const found = await ask(connection, 'c.example', '/small.txt');
    t.equal(found.field('cache-control'), 'max-age=2');
    t.equal(found.field('x-all'), undefined);
    const missed = await ask(connection, 'c.example', '/deep/page');
    t.equal(missed.status, 404);
    t.notMatch(text(missed), 'nothing in', 'no page of its own');
    const moved = await ask(connection, 'c.example', '/moved');
    t.equal(moved.field('location'), '/small.txt');
  }
}

async function replaced(t: Test, serve: Serve): Promise<void> {
  const [way] = WAYS;
  if (way === undefined) return;
  const [one, two] = [way.start(t, site('A')), way.start(t, site('B'))];
  const hosts = { 'b.example': { root: two.root } };
  const { address, host } = await serve({ root: one.root, hosts, revalidate: 0, watch: false });
  const connection = await connect(address);
  t.teardown(() => connection.close());
  const seen = async (a: string, b: string) => {
    for (let turn = 0; turn < 4; turn++) {
      t.equal(text(await ask(connection, 'a.example', '/small.txt')), a);
      t.equal(text(await ask(connection, 'b.example', '/small.txt')), b);
      t.equal(text(await ask(connection, 'a.example', '/none')), `nothing in ${a}`);
      t.equal(text(await ask(connection, 'b.example', '/none')), `nothing in ${b}`);
    }
  };
  await seen('A', 'B');
  two.deploy(site('C'));
  await seen('A', 'C');
  one.deploy(site('D'));
  await seen('D', 'C');
  two.remove();
  t.equal((await ask(connection, 'b.example', '/small.txt')).status, 404);
  t.equal(text(await ask(connection, 'a.example', '/small.txt')), 'D');
  const said = () => host.lines.filter((line) => line.includes('b.example: '));
  while (said().length === 0) await setTimeout(5);
}

async function changed(t: Test, serve: Serve): Promise<void> {
  const [A, B] = ['A', 'B'].map((name) => makeTree(t, site(name))) as [string, string];
  const { address } = await serve({
    root: A,
    revalidate: '1h',
    hosts: { 'b.example': { root: B } },
  });
  const connection = await connect(address);
  t.teardown(() => connection.close());
  const get = async (host: string) => text(await ask(connection, host, '/small.txt'));
  for (let i = 0; i < 4; i++) {
    t.equal(await get('a.example'), 'A');
    t.equal(await get('b.example'), 'B');
  }
  writeFileSync(join(B, 'small.txt'), 'new');
  // An event has no time: that it never comes is the test's time-out.
  while ((await get('b.example')) !== 'new') await setTimeout(5);
  t.equal(await get('a.example'), 'A', 'that of the other is as it was');
}

async function bounded(t: Test, serve: Serve): Promise<void> {
  const many = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`${i}.bin`, { size: 70_000 }] as const),
  );
  const [A, B] = [makeTree(t, many), makeTree(t, many)];
  const maxOpenFiles = 16;
  const origin = await serve({
    root: A,
    maxOpenFiles,
    mmapMinUses: 1,
    hosts: { 'b.example': { root: B } },
  });
  const connection = await connect(origin.address);
  t.teardown(() => connection.close());
  for (const host of ['a.example', 'b.example', 'a.example']) {
    for (const name of Object.keys(many)) await ask(connection, host, `/${name}`);
  }
  const { files } = await origin.stats();
  t.ok(files.descriptors > 0 && files.descriptors <= maxOpenFiles, JSON.stringify(files));
}
