// Hono without a connection to answer on (app.request(), other servers than Node's): the same answers, as Responses.
import { once } from 'node:events';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Hono } from 'hono';
import t from 'tap';
import { zcserve } from '../../src/middleware/hono.ts';
import { openFetchExchange } from '../../src/transport/node/fetch-response.ts';
import { makeTree, pattern } from '../support/tree.ts';

const mtime = new Date('2024-01-02T03:04:05Z');
const LARGE = 4 * 2 ** 20;

const root = makeTree(t, {
  'index.html': { text: '<p>home', mtime },
  'small.txt': { text: 'small', mtime },
  'middle.bin': { size: 131_072, mtime },
  'large.bin': { size: LARGE, mtime },
  'shrinking.bin': { size: LARGE, mtime },
  'dir/index.html': '<p>dir',
});

const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

const app = new Hono();
app.use(async (c, next) => {
  c.header('X-Host', 'yes');
  c.header('Vary', 'Origin');
  await next();
  c.header('X-Late', 'yes');
});
app.use('/lost/*', async (c, next) => {
  c.status(404);
  await next();
});
app.use(
  '/lost/*',
  zcserve(root, { rewriteRequestPath: () => '/index.html', precompressed: ['gzip'] }),
);
app.use('*', zcserve(root, { setHeaders: (res) => void res.setHeader('X-Set', 'yes') }));
app.notFound((c) => c.text('none', 404));

t.test('a file, with the fields of everybody', async (t) => {
  for (let round = 0; round < 3; round++) {
    const answer = await app.request('/small.txt');
    t.equal(answer.status, 200);
    t.equal(await answer.text(), 'small');
    t.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
    t.equal(answer.headers.get('content-length'), '5');
    t.equal(answer.headers.get('last-modified'), mtime.toUTCString());
    for (const name of ['x-host', 'x-late', 'x-set'])
      t.equal(answer.headers.get(name), 'yes', name);
  }
});

t.test('every size, byte for byte', async (t) => {
  for (let round = 0; round < 3; round++) {
    for (const [name, size] of [['middle.bin', 131_072] as const, ['large.bin', LARGE] as const]) {
      const bytes = await bytesOf(await app.request(`/${name}`));
      t.ok(pattern(size).equals(bytes), name);
    }
  }
});

t.test('ranges, conditions, HEAD, redirects, misses', async (t) => {
  const range = await app.request('/small.txt', { headers: { range: 'bytes=1-2' } });
  t.equal(range.status, 206);
  t.equal(await range.text(), 'ma');
  const etag = range.headers.get('etag') ?? '';
  const current = await app.request('/small.txt', { headers: { 'if-none-match': etag } });
  t.equal(current.status, 304);
  t.equal(current.body, null);
  const head = await app.request('/small.txt', { method: 'HEAD' });
  t.equal(head.headers.get('content-length'), '5');
  t.equal(await head.text(), '');
  const parts = await app.request('/large.bin', { headers: { range: 'bytes=0-0,9-9' } });
  t.match(parts.headers.get('content-type'), /^multipart\/byteranges/);
  t.equal((await bytesOf(parts)).length, Number(parts.headers.get('content-length')));
  t.equal((await app.request('/dir')).headers.get('location'), './dir/');
  t.equal(await (await app.request('/none')).text(), 'none');
  t.equal((await app.request('/small.txt', { method: 'POST' })).status, 404);
});

t.test('a status that was set, and fields that are joined', async (t) => {
  const page = await app.request('/lost/page', { headers: { 'if-none-match': '*' } });
  t.equal(page.status, 404);
  t.equal(await page.text(), '<p>home');
  t.match(page.headers.get('vary'), /Origin/);
});

t.test('a file that shrinks is not whole', async (t) => {
  const cut = await app.request('/shrinking.bin');
  truncateSync(join(root, 'shrinking.bin'), 1);
  await t.rejects(bytesOf(cut));
});

t.test('a reader that goes away ends the exchange', async (t) => {
  const { outgoing, response } = openFetchExchange(new Request('http://localhost/'));
  outgoing.writeHead(200);
  await (await response).body?.cancel();
  await once(outgoing, 'close');
  t.ok(outgoing.destroyed);
});

t.test('what is written waits for the reader', async (t) => {
  const { outgoing, response } = openFetchExchange(new Request('http://localhost/'));
  outgoing.writeHead(200);
  const chunk = Buffer.alloc(2 ** 20);
  t.equal(outgoing.write(chunk), false);
  const read = bytesOf(await response);
  await once(outgoing, 'drain');
  outgoing.end(Buffer.from('last'));
  t.equal((await read).length, chunk.length + 4);
});
