// A listed directory as an archive, on every carrier: all that its listings show, and nothing else; whole, or seen to be cut.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import zlib from 'node:zlib';
import bcryptjs from 'bcryptjs';
import t, { type Test } from 'tap';
import { MAX_ARCHIVES, MAX_DEPTH, MAX_ENTRIES } from '../../src/archive/archives.ts';
import { FORMATS } from '../../src/archive/formats.ts';
import type { ArchiveFormat } from '../../src/plan/types.ts';
import { until } from '../faults/process.ts';
import { type Answer, connect, request, requestBytes } from '../support/client.ts';
import { makeTree, type Node, pattern, plant } from '../support/tree.ts';
import { type Carrier, type Origin, onEveryCarrier, type Serve } from './carriers.ts';

const OLD = new Date('2001-02-03T04:05:06Z');
const LONG = `long/${'n'.repeat(120)}/${'ü'.repeat(100)}/${'x'.repeat(200)}.txt`;

/** What is to be found in an archive of `all/`. */
const SHOWN: Readonly<Record<string, string | Buffer>> = {
  'a.txt': 'a',
  'empty.txt': '',
  'large.bin': pattern(1_000_001),
  'text.txt': 'the same over and over, '.repeat(5000),
  'späß\nund 🦊 "so" <weiter>.txt': 'odd',
  [LONG]: 'far away',
  'sub/b.txt': 'b',
  'sub/c:d.txt': 'c',
  'site/index.html': 'a page',
  'link.txt': 'a',
  'links/b.txt': 'b',
  'links/c:d.txt': 'c',
};
const EMPTY = ['nothing', 'sub/nothing'];

const nodes: Record<string, Node> = {
  ...Object.fromEntries(Object.entries(SHOWN).map(([path, text]) => [`all/${path}`, { text }])),
  'all/a.txt': { text: 'a', mtime: OLD },
  'all/link.txt': { link: 'a.txt' },
  'all/links': { link: 'sub' },
  'all/links/b.txt': '',
  'all/site/unlisted.txt': 'only its page is shown',
  'all/.hidden': 'hidden',
  'all/out': { link: '/etc/passwd' },
  'all/nowhere': { link: 'nowhere' },
  'all/fifo': { fifo: true },
  'all/sub/back': { link: '..' },
  'outside.txt': 'not below it',
};
for (const path of Object.keys(nodes)) if (path.startsWith('all/links/')) delete nodes[path];
for (const path of EMPTY) nodes[`all/${path}`] = { directory: true };
const root = makeTree(t, nodes);

const all = { root, listing: true, archive: 'all' } as const;

/** Every file below a directory with its bytes, every empty directory with nothing; by names relative to it. */
function treeIn(directory: string): Record<string, string | null> {
  const tree: Record<string, string | null> = {};
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const path = join(directory, name);
    if (!statSync(path).isDirectory()) tree[name] = readFileSync(path, 'latin1');
    else if (readdirSync(path).length === 0) tree[name] = null;
  }
  return tree;
}

const UNZIP =
  'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])';

function unpack(t: Test, format: ArchiveFormat, body: Buffer): Record<string, string | null> {
  const directory = makeTree(t, { 'archive.bin': body, 'out/all': { directory: true } });
  const out = join(directory, 'out');
  const packed = join(directory, 'archive.bin');
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Buffer) => Buffer };
  if (format === 'tar.zst') writeFileSync(packed, zstdDecompressSync?.(body) ?? '');
  const [program, ...args] =
    format === 'zip'
      ? ['python3', '-c', UNZIP, packed, out]
      : ['tar', format === 'tar.gz' ? '-xzf' : '-xf', packed, '-C', out];
  const { status, stderr } = spawnSync(program ?? '', args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  t.equal(status, 0, stderr);
  return treeIn(join(out, 'all'));
}

const EXPECTED = {
  ...Object.fromEntries(
    Object.entries(SHOWN).map(([path, text]) => [path, Buffer.from(text).toString('latin1')]),
  ),
  ...Object.fromEntries(EMPTY.map((path) => [path, null])),
  'links/nothing': null,
};

const TYPES = { tar: 'x-tar', 'tar.gz': 'gzip', 'tar.zst': 'zstd', zip: 'zip' } as const;

/** For a whole one, that it is cut off. */
async function cut(t: Test, reading: Promise<Answer>): Promise<void> {
  await t.rejects(reading, /closed/);
}

/** With the addon and without it; to the others it is all one what their feeds are made of. */
const both = ({ name }: Carrier) => name === 'native' || name === 'http1 alone';

onEveryCarrier(t, async (t, serve, carrier) => {
  await roundTrips(t, serve, both(carrier) ? FORMATS : ['tar']);
  if (both(carrier)) await refusals(t, serve);
  await troubles(t, serve);
});

async function roundTrips(t: Test, serve: Serve, formats: readonly ArchiveFormat[]): Promise<void> {
  const { address } = await serve(all);
  for (const format of formats) {
    const target = `/all/?archive=${format}`;
    const got = await request(address, target);
    t.equal(got.status, 200, target);
    t.equal(got.field('content-type'), `application/${TYPES[format]}`);
    t.equal(got.field('content-disposition'), `attachment; filename="all.${format}"`);
    t.equal(got.field('cache-control'), 'no-store');
    for (const name of ['etag', 'last-modified', 'content-length', 'accept-ranges']) {
      t.equal(got.field(name), undefined, name);
    }
    t.same(unpack(t, format, got.body), EXPECTED, format);
    const head = await request(address, target, { method: 'HEAD' });
    t.equal(head.status, 200);
    t.equal(head.field('content-disposition'), got.field('content-disposition'));
    const part = await request(address, target, { fields: { range: 'bytes=0-1' } });
    t.equal(part.status, 200, 'it has no ranges');
  }
  const page = await request(address, '/all/');
  for (const format of FORMATS) {
    t.match(page.body.toString(), `<a href="?archive=${format}" rel="nofollow" download>`);
  }
  const json = await request(address, '/all/', { fields: { accept: 'application/json' } });
  const links = Object.fromEntries(FORMATS.map((format) => [format, `?archive=${format}`]));
  t.same(JSON.parse(json.body.toString()).archives, links);
}

async function refusals(t: Test, serve: Serve): Promise<void> {
  const some = await serve({ ...all, archive: ['zip'] });
  const asked = async ({ address }: Origin, target: string, fields = {}) =>
    (await request(address, target, { fields })).status;
  t.equal(await asked(some, '/all/?archive=zip'), 200);
  for (const format of ['tar', 'rar', '']) {
    t.equal(await asked(some, `/all/?archive=${format}`), 404, `"${format}" is not offered`);
  }
  t.equal(await asked(some, '/all/?archive=zip', { 'if-match': '"a"' }), 412);
  t.equal(await asked(some, '/none/?archive=zip'), 404);
  const page = await request(some.address, '/all/site/?archive=zip');
  t.equal(page.body.toString(), 'a page', 'what is not listed is not to be had');
  const without = await serve({ root, listing: true });
  const listed = await request(without.address, '/all/?archive=zip');
  t.match(listed.field('content-type'), /html/);
  t.notMatch(listed.body.toString(), 'archive=');
  const hidden = await serve({ ...all, dotfiles: 'allow', symlinks: 'none' });
  const { body } = await request(hidden.address, '/all/?archive=tar');
  const names = Object.keys(unpack(t, 'tar', body));
  t.ok(names.includes('.hidden') && !names.includes('link.txt'), 'by the policies of the site');

  const small = await serve({ ...all, archiveMaxSize: 1_000_000 });
  t.equal(await asked(small, '/all/?archive=tar'), 403, 'too large');
  t.equal(await asked(small, '/all/nothing/?archive=tar'), 200);
  await until(() => small.host.lines.some((line) => line.includes('/all/ is too large for')));
  await some.close();
}

async function troubles(t: Test, serve: Serve): Promise<void> {
  const HUGE = 2 ** 26;
  const tree = makeTree(t, { 'd/huge.bin': { sparse: HUGE }, 'e/a.txt': 'a' });
  const { address, stats } = await serve({ root: tree, listing: true, archive: 'all' });
  const open = async () => {
    const connection = await connect(address);
    connection.pause();
    await connection.send(requestBytes('/d/?archive=tar'));
    return connection;
  };
  const sending = async (count: number) => {
    while ((await stats()).transfers !== count)
      await new Promise((resolve) => setImmediate(resolve));
  };
  const clients = await Promise.all(Array.from({ length: MAX_ARCHIVES }, open));
  await sending(MAX_ARCHIVES);
  const busy = await request(address, '/e/?archive=zip');
  t.equal(busy.status, 503, 'there are as many as there may be');
  t.equal(busy.field('retry-after'), '1');
  const [first, ...others] = clients;
  for (const client of others) client.close();
  await sending(1);
  // Their files are closed, a moment after they have gone.
  let again = await request(address, '/e/?archive=zip');
  while (again.status === 503) again = await request(address, '/e/?archive=zip');
  t.equal(again.status, 200, 'who has left makes room');
  truncateSync(join(tree, 'd/huge.bin'), HUGE / 2);
  first?.resume();
  await cut(t, first?.read() ?? Promise.resolve({} as Answer));
  await sending(0);
  t.equal((await stats()).truncated, 1);
}

t.test('what a client may not see is in no archive', async (t) => {
  const tree = makeTree(t, {
    'free/a.txt': 'a',
    'free/secret/b.txt': 'b',
    'free/secret.txt': 'c',
    'free/moved/d.txt': 'd',
    'free/led.txt': 'e',
  });
  const users = join(makeTree(t, { users: `ann:${bcryptjs.hashSync('pw', 4)}\n` }), 'users');
  const options = {
    root: tree,
    listing: true,
    archive: ['tar'],
    auth: { '/free/secret': users },
    redirects: [
      { from: '/free/moved/*', to: '/' },
      { from: '/free/moved', to: '/' },
    ],
    rewrites: [{ from: '/free/led.txt', to: '/free/a.txt' }],
  } as const;
  onEveryCarrier(
    t,
    async (t, serve) => {
      const { address } = await serve(options);
      const names = async (target: string, fields = {}) => {
        const { status, body } = await request(address, target, { fields });
        t.equal(status, 200);
        const listed = spawnSync('tar', ['-tf', '-'], { input: body, encoding: 'utf8' });
        return listed.stdout.trim().split('\n').toSorted();
      };
      t.same(await names('/free/?archive=tar'), ['free/a.txt']);
      const authorization = `Basic ${Buffer.from('ann:pw').toString('base64')}`;
      t.same(await names('/free/?archive=tar', { authorization }), ['free/a.txt']);
      t.same(await names('/free/secret/?archive=tar', { authorization }), ['secret/b.txt']);
      t.equal((await request(address, '/free/secret/?archive=tar')).status, 401);
    },
    both,
  );
});

t.test('bounds of a directory', async (t) => {
  const tree = makeTree(t, { 'many/a': '', 'deep/a': '' });
  for (let i = 0; i < MAX_ENTRIES; i++) writeFileSync(join(tree, 'many', String(i)), '');
  plant(join(tree, `deep/${'d/'.repeat(MAX_DEPTH)}a`), '');
  onEveryCarrier(
    t,
    async (t, serve) => {
      const { address, host } = await serve({ root: tree, listing: true, archive: ['zip'] });
      for (const [target, why] of [
        ['/many/', 'too many entries'],
        ['/deep/', 'too deep'],
      ] as const) {
        t.equal((await request(address, `${target}?archive=zip`)).status, 403, why);
        await until(() => host.lines.some((line) => line.includes(`${target} is ${why}`)));
      }
      t.equal((await request(address, '/deep/d/?archive=zip')).status, 200, 'at the bound');
    },
    ({ name }) => name === 'native',
  );
});
