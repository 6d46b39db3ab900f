// The root is a path: when it names another directory, that one is served; when it names none, nothing is found.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import type { OptionsInput } from '../../src/options/options.ts';
import { type Connection, connect, request, requestBytes } from '../support/client.ts';
import { WAYS, type Way } from '../support/releases.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { type Carrier, onEveryCarrier, type Serve } from './carriers.ts';

/** Above `sendfileMin` and `mmapMax`. */
const LARGE = 100_000;

const release = (name: string) => ({
  'a.txt': name,
  'large.bin': pattern(LARGE, name.charCodeAt(0)),
  'coded.txt': `${name} `.repeat(100),
  'coded.txt.gz': gzipSync(`${name} `.repeat(100)),
  '404.html': `nothing in ${name}`,
  [`only-${name}.txt`]: name,
});

/** Each request looks: what the next answer is is no matter of time. */
const EACH: OptionsInput = { revalidate: 0, watch: false };

const NAMESPACE = ['--mount', '--propagation', 'private'];
const NAMESPACES = spawnSync('unshare', [...NAMESPACE, 'true']).status === 0;

// Six carriers in one file.
t.setTimeout(120_000);

onEveryCarrier(t, async (t, serve, carrier) => {
  for (const way of WAYS) {
    await t.test(`${way.name}: the next request sees it`, (t) => replaced(t, serve, way));
  }
  await t.test('a watcher sees it at once', (t) => watched(t, serve));
  await t.test('a deleted root has no listing', (t) => unlisted(t, serve));
  await t.test('a start needs a root', async (t) => {
    await t.rejects(serve({ root: join(makeTree(t), 'nowhere') }), /no such directory/);
  });
  if (!carrier.tls) {
    const skip = NAMESPACES ? false : 'no mount namespace here';
    await t.test('a mount over it is seen, and its end', { skip }, async (t) =>
      mounted(t, carrier),
    );
  }
  if (carrier.name === 'native') {
    await t.test('busy JavaScript does not keep the old one alive', (t) => blocked(t, serve));
  }
});

async function ask(connection: Connection, target: string, fields = {}) {
  await connection.send(requestBytes(target, { fields: { connection: 'keep-alive', ...fields } }));
  return connection.read();
}

async function replaced(t: Test, serve: Serve, way: Way): Promise<void> {
  const site = way.start(t, release('A'));
  const { address, host } = await serve({ root: site.root, ...EACH });
  const connection = await connect(address);
  t.teardown(() => connection.close());
  const gzip = { 'accept-encoding': 'gzip' };
  const seen = async (name: string, other: string) => {
    // As often as it takes until it is prepared, cached, hot: whatever remembers must forget.
    for (let turn = 0; turn < 3; turn++) {
      t.equal((await ask(connection, '/a.txt')).body.toString(), name);
      const large = await ask(connection, '/large.bin');
      t.ok(large.body.equals(pattern(LARGE, name.charCodeAt(0))), `large.bin of ${name}`);
      const coded = await ask(connection, '/coded.txt', gzip);
      t.ok(coded.body.equals(gzipSync(`${name} `.repeat(100))), `coded.txt.gz of ${name}`);
      t.equal((await ask(connection, `/only-${name}.txt`)).status, 200);
      const miss = await ask(connection, `/only-${other}.txt`);
      t.equal(miss.status, 404);
      t.equal(miss.body.toString(), `nothing in ${name}`);
    }
  };
  await seen('A', 'B');
  const before = host.lines.length;
  site.deploy(release('B'));
  await seen('B', 'A');
  const said = () => host.lines.slice(before).filter((line) => line.includes(site.root));
  while (said().length === 0) await setTimeout(5);
  t.equal(said().length, 1, 'one line says it');
  site.remove();
  for (const target of ['/a.txt', '/', '/only-A.txt', '/only-B.txt', '/a.txt']) {
    t.equal((await ask(connection, target)).status, 404, `${target} is gone`);
  }
  site.deploy(release('A'));
  await seen('A', 'B');
}

async function watched(t: Test, serve: Serve): Promise<void> {
  for (const way of WAYS.filter(({ name }) => !name.includes('above'))) {
    const site = way.start(t, release('A'));
    const { address } = await serve({ root: site.root, revalidate: '1h' });
    for (let i = 0; i < 4; i++) {
      t.equal((await request(address, '/a.txt')).body.toString(), 'A', way.name);
    }
    for (const name of ['B', 'C']) {
      site.deploy(release(name));
      // An event has no time: that it never comes is the test's time-out.
      while ((await request(address, '/a.txt')).body.toString() !== name) await setTimeout(5);
    }
  }
}

async function unlisted(t: Test, serve: Serve): Promise<void> {
  const root = join(makeTree(t, { 'site/a.txt': 'A' }), 'site');
  const { address } = await serve({ root, listing: true, ...EACH });
  t.equal((await request(address, '/')).status, 200);
  rmSync(root, { recursive: true });
  t.equal((await request(address, '/')).status, 404);
}

function mounted(t: Test, { addon, transport }: Carrier): void {
  const place = makeTree(t, { 'root/a.txt': 'below', 'other/a.txt': 'above' });
  const script = fileURLToPath(new URL('./live-root-mount.ts', import.meta.url));
  const node = [process.execPath, '--import=tsx', script, place, transport];
  const { stdout, stderr } = spawnSync('unshare', [...NAMESPACE, ...node], {
    encoding: 'utf8',
    env: { ...process.env, ZCSERVE_NO_ADDON: addon ? '' : '1' },
  });
  const times = (what: string) => Array<string>(4).fill(what);
  const served = [...times('below'), ...times('above'), ...times('below')];
  t.equal(stdout.trim(), served.join(' '), stderr);
}

async function blocked(t: Test, serve: Serve): Promise<void> {
  const [link] = WAYS;
  if (link === undefined) return;
  const site = link.start(t, release('A'));
  const origin = await serve({ root: site.root, ...EACH });
  const connection = await connect(origin.address);
  t.teardown(() => connection.close());
  for (;;) {
    const { hot } = await origin.stats();
    await ask(connection, '/a.txt');
    if ((await origin.stats()).hot > hot) break;
  }
  const file = join(makeTree(t), 'blocked');
  const over = origin.host.block(file);
  while (!existsSync(file)) await setTimeout(5);
  t.equal((await ask(connection, '/a.txt')).body.toString(), 'A', 'hot while JavaScript is busy');
  site.deploy(release('B'));
  const answer = ask(connection, '/a.txt');
  rmSync(file);
  await over;
  t.equal((await answer).body.toString(), 'B');
}
