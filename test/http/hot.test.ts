// Hot answers stay in the engine: no JavaScript runs for them, and they are the answers that it would give.
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { type Answer, type Connection, connect, request, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { CARRIERS, type Carrier, missing, type Origin, startOrigin } from './carriers.ts';
import { validatorsOf } from './cases.ts';
import { startHost } from './host.ts';

const [native] = CARRIERS;
const reason = native && missing(native);
if (native === undefined || reason !== undefined) {
  t.plan(0, `no native engine: ${reason}`);
  process.exit();
}
const carrier = native;

const SMALL = pattern(1000);
const LARGE = pattern(300_000);
const OLD = new Date('2001-01-01T00:00:00Z');
const text = 'a { color: red }\n'.repeat(300);
const NODES = {
  'small.bin': { size: 1000, mtime: OLD },
  'medium.bin': { size: 60_000, mtime: OLD },
  'large.bin': { size: 300_000, mtime: OLD },
  'empty.txt': '',
  'page/index.html': '<p>page',
  'style.css': { text, mtime: OLD },
  'style.css.br': brotliCompressSync(text),
  'style.css.gz': gzipSync(text),
};

async function start(
  t: Test,
  options = {},
  on = carrier,
): Promise<Origin & { readonly root: string }> {
  const root = makeTree(t, NODES);
  // Freshness is not what is tested here: an entry that is checked again does not leave the engine.
  const origin = await startOrigin(on, startHost(t, on), { root, ...options });
  return { ...origin, root };
}

type Fields = Readonly<Record<string, string>>;

async function ask(connection: Connection, target: string, method = 'GET', fields: Fields = {}) {
  await connection.send(
    requestBytes(target, { method, fields: { connection: 'keep-alive', ...fields } }),
  );
  return connection.read(method);
}

/** Asks until the engine answers without JavaScript. */
async function heat(origin: Origin, connection: Connection, target: string, fields: Fields = {}) {
  for (;;) {
    const { hot } = await origin.stats();
    await ask(connection, target, 'GET', fields);
    if ((await origin.stats()).hot > hot) return;
  }
}

t.test('what runs no JavaScript', async (t) => {
  const origin = await start(t);
  const connection = await connect(origin.address);
  t.teardown(() => connection.close());
  const { etag } = await validatorsOf(origin.address, '/small.bin');
  const gzip = { 'accept-encoding': 'gzip, deflate' };
  const br = { 'accept-encoding': 'gzip, deflate, br, zstd' };
  const gzipEtag = (await validatorsOf(origin.address, '/style.css', gzip)).etag;
  const rows: ReadonlyArray<
    readonly [title: string, target: string, method: string, fields: Fields, status: number]
  > = [
    ['a small file', '/small.bin', 'GET', {}, 200],
    ['HEAD', '/small.bin', 'HEAD', {}, 200],
    ['304 by ETag', '/small.bin', 'GET', { 'if-none-match': etag }, 304],
    ['HEAD, 304 by ETag', '/small.bin', 'HEAD', { 'if-none-match': etag }, 304],
    ['another query', '/small.bin?v=2', 'GET', {}, 200],
    [
      'fields that do not matter',
      '/small.bin',
      'GET',
      { 'user-agent': 'x', cookie: 'a=1', accept: 'image/*', referer: 'http://a/' },
      200,
    ],
    ['Accept-Encoding where there is no variant', '/small.bin', 'GET', br, 200],
    ['a medium file', '/medium.bin', 'GET', {}, 200],
    ['a large file', '/large.bin', 'GET', {}, 200],
    ['a large file, HEAD', '/large.bin', 'HEAD', {}, 200],
    ['a range', '/large.bin', 'GET', { range: 'bytes=0-99' }, 206],
    ['several ranges', '/large.bin', 'GET', { range: 'bytes=0-9,20-29' }, 206],
    ['an empty file', '/empty.txt', 'GET', {}, 200],
    ['an index', '/page/', 'GET', {}, 200],
    ['the gzip variant', '/style.css', 'GET', gzip, 200],
    ['the gzip variant, HEAD', '/style.css', 'HEAD', gzip, 200],
    ['the gzip variant, 304', '/style.css', 'GET', { ...gzip, 'if-none-match': gzipEtag }, 304],
    ['the br variant', '/style.css', 'GET', br, 200],
    ['identity beside variants', '/style.css', 'GET', {}, 200],
  ];
  for (const [title, target, method, fields, status] of rows) {
    const { 'if-none-match': _, ...warming } = fields as { 'if-none-match'?: string };
    await heat(origin, connection, target, warming as Fields);
    const before = await origin.stats();
    for (let i = 0; i < 20; i++)
      t.equal((await ask(connection, target, method, fields)).status, status);
    const after = await origin.stats();
    t.same([after.hot - before.hot, after.planned - before.planned], [20, 0], title);
  }
});

t.test('what must be judged in JavaScript is', async (t) => {
  const origin = await start(t);
  const connection = await connect(origin.address);
  t.teardown(() => connection.close());
  const { etag } = await validatorsOf(origin.address, '/small.bin');
  await heat(origin, connection, '/small.bin');
  const rows: ReadonlyArray<readonly [title: string, fields: Fields, status: number]> = [
    ['a list of ETags', { 'if-none-match': `"x", ${etag}` }, 304],
    ['If-None-Match: *', { 'if-none-match': '*' }, 304],
    ['If-Match', { 'if-match': '"x"' }, 412],
    ['If-Unmodified-Since', { 'if-unmodified-since': 'Mon, 01 Jan 1990 00:00:00 GMT' }, 412],
    ['If-Match beside the right If-None-Match', { 'if-match': '"x"', 'if-none-match': etag }, 412],
    ['a range', { range: 'bytes=1-2' }, 206],
    ['a range beside the right If-None-Match', { range: 'bytes=1-2', 'if-none-match': etag }, 304],
    ['a range out of reach', { range: 'bytes=5000-' }, 416],
    ['If-Range', { range: 'bytes=1-2', 'if-range': '"x"' }, 200],
  ];
  for (const [title, fields, status] of rows) {
    const { hot } = await origin.stats();
    t.equal((await ask(connection, '/small.bin', 'GET', fields)).status, status, title);
    t.equal((await origin.stats()).hot, hot, `${title}: planned`);
  }
  for (const [method, status] of [
    ['OPTIONS', 204],
    ['POST', 405],
  ] as const) {
    t.equal((await ask(connection, '/small.bin', method)).status, status, method);
  }
  const raw = (lines: string) => `GET /small.bin HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
  await connection.send(raw(`If-None-Match: "x"\r\nIf-None-Match: ${etag}\r\n`));
  t.equal((await connection.read()).status, 304, 'an ETag on the second of two lines');
});

for (const on of CARRIERS.filter(({ name }) => name === 'native' || name === 'h2')) {
  t.test(`any one range of a hot file is the answer that JavaScript would give: ${on.name}`, (t) =>
    slicesAreAnswers(t, on),
  );
}

async function slicesAreAnswers(t: Test, on: Carrier): Promise<void> {
  const origin = await start(t, { serverTiming: true }, on);
  const connection = await connect(origin.address);
  t.teardown(() => connection.close());
  const sizes = { '/small.bin': 1000, '/large.bin': 300_000, '/style.css': text.length } as const;
  const etags = new Map<string, string>();
  for (const target of Object.keys(sizes)) {
    await heat(origin, connection, target);
    await heat(origin, connection, target, { range: 'bytes=1-2' });
    etags.set(target, (await validatorsOf(origin.address, target)).etag);
  }
  const position = fc.oneof(
    ...[fc.nat(1000), fc.nat(6000), fc.nat(310_000), fc.constant(32_767), fc.maxSafeNat()],
  );
  const digits = position.map(String);
  const range = fc.oneof(
    fc.tuple(digits, digits).map(([first, last]) => `${first}-${last}`),
    fc.tuple(digits, fc.nat(70_000)).map(([first, more]) => `${first}-${Number(first) + more}`),
    fc.tuple(fc.nat(1000), fc.nat(70_000)).map(([first, more]) => `${first}-${first + more}`),
    digits.map((first) => `${first}-`),
    digits.map((length) => `-${length}`),
    fc.constantFrom('-', '-0', '0-0', '00-007', '1-2,3-4', '1 -2', '+1-2', '1-2-3', '1e1-', ''),
    fc.constant('0-99999999999999999999999'),
  );
  const unit = fc.constantFrom(
    'bytes=',
    'bytes=',
    'bytes=',
    'Bytes=',
    'bytes =',
    'items=',
    'bytes',
  );
  const ifRange = fc.constantFrom(
    undefined,
    undefined,
    'etag',
    '"x"',
    'Mon, 01 Jan 2001 00:00:00 GMT',
  );
  const targets = fc.constantFrom(...(Object.keys(sizes) as (keyof typeof sizes)[]));
  let hot = 0;
  await fc.assert(
    fc.asyncProperty(targets, unit, range, ifRange, async (target, unit, range, ifRange) => {
      const value = ifRange === 'etag' ? etags.get(target) : ifRange;
      const fields = { range: unit + range, ...(value === undefined ? {} : { 'if-range': value }) };
      const before = await origin.stats();
      const answer = await ask(connection, target, 'GET', fields);
      hot += (await origin.stats()).hot - before.hot;
      // A precondition that always holds, and that is judged in JavaScript.
      const wanted = await ask(connection, target, 'GET', { ...fields, 'if-match': '*' });
      const comparable = ({ status, lines, body }: Answer) =>
        JSON.stringify([
          status,
          lines.filter(([name]) => !/^date$/i.test(name)),
          body.toString('base64'),
        ]);
      if (comparable(answer) !== comparable(wanted)) {
        throw new Error(`${target} ${JSON.stringify(fields)}: ${answer.status}, ${wanted.status}`);
      }
    }),
    { numRuns: 500 },
  );
  t.ok(hot > 40, `${hot} of 500 ran no JavaScript`);
}

t.test('a hot file is served while the JavaScript thread is blocked', async (t) => {
  const origin = await start(t);
  const connection = await connect(origin.address);
  const other = await connect(origin.address);
  t.teardown(() => {
    connection.close();
    other.close();
  });
  await heat(origin, connection, '/small.bin');
  await heat(origin, connection, '/large.bin');
  const file = join(makeTree(t), 'blocked');
  const unblocked = origin.host.block(file);
  while (!existsSync(file)) await new Promise((resolve) => setImmediate(resolve));

  const order: string[] = [];
  await other.send(requestBytes('/page/index.html', { fields: { connection: 'keep-alive' } }));
  const planned = other.read().then(() => order.push('planned'));
  const until = performance.now() + 3000;
  let answers = 0;
  while (performance.now() < until) {
    const target = answers % 50 === 0 ? '/large.bin' : '/small.bin';
    const { body } = await ask(connection, target);
    if (!body.equals(target === '/large.bin' ? LARGE : SMALL)) t.fail('another body');
    answers++;
  }
  order.push(`${answers > 100 ? 'many' : answers} hot`);
  rmSync(file);
  await Promise.all([unblocked, planned]);
  t.same(order, ['many hot', 'planned'], 'for 3 s, while one that needs JavaScript waited');
});

t.test('a hot file that changes is not served from memory any more', async (t) => {
  const origin = await start(t, { revalidate: 0, watch: false });
  const connection = await connect(origin.address);
  t.teardown(() => connection.close());
  for (let version = 0; version < 10; version++) {
    await heat(origin, connection, '/small.bin');
    const next = pattern(1000 + version, version + 1);
    writeFileSync(join(origin.root, 'new'), next);
    renameSync(join(origin.root, 'new'), join(origin.root, 'small.bin'));
    const { body } = await ask(connection, '/small.bin');
    t.ok(body.equals(next), `version ${version + 1} at once`);
  }
  rmSync(join(origin.root, 'small.bin'));
  t.equal((await ask(connection, '/small.bin')).status, 404, 'and gone at once');
});

t.test('Server-Timing tells the strategy and reason that stats() counts', async (t) => {
  const forced = ['mmap', 'sendfile', 'read'] as const;
  const origins = [await start(t, { serverTiming: true })];
  for (const strategy of forced)
    origins.push(await start(t, { serverTiming: true, strategy, mmapMinUses: 1 }));
  for (const origin of origins) {
    const told = new Map<string, number>();
    for (const target of [
      '/small.bin',
      '/medium.bin',
      '/large.bin',
      '/style.css',
      '/small.bin',
      '/small.bin',
      '/large.bin',
    ]) {
      const answer = await request(origin.address, target);
      const [, key = 'none'] =
        /^zc;desc="([a-z]+:[a-z-]+)",/.exec(answer.field('server-timing') ?? '') ?? [];
      told.set(key, (told.get(key) ?? 0) + 1);
    }
    const { byStrategy } = await settled(origin, 7);
    const counted = Object.entries(byStrategy).map(
      ([key, { responses }]) => [key, responses] as const,
    );
    t.same(new Map(counted.sort()), new Map([...told].sort()), [...told.keys()].join(', '));
  }
});

/** The counters, when they have seen as many answers. */
async function settled(origin: Origin, responses: number) {
  for (;;) {
    const stats = await origin.stats();
    const seen = Object.values(stats.byStrategy).reduce((sum, tally) => sum + tally.responses, 0);
    if (seen >= responses) return stats;
  }
}
