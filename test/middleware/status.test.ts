// A status that the host has set makes a file the page of that status: no conditions, no ranges, on every host.
import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import fastify from 'fastify';
import t from 'tap';
import { zcserve as fastifyZcserve } from '../../src/middleware/fastify.ts';
import { zcserve } from '../../src/middleware/middleware.ts';
import { asPage } from '../../src/plan/page.ts';
import { request } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { HOSTS, MISS, SET_STATUS } from './hosts.ts';

const mtime = new Date('2024-01-02T03:04:05Z');
const PAGE = '<p>nothing here';
const LARGE = 700_000;

const root = makeTree(t, {
  '404.html': { text: PAGE, mtime },
  'dir/index.html': { text: '<p>dir', mtime },
  'bare/file.txt': 'x',
  'large.bin': { size: LARGE, mtime },
});

interface Row {
  readonly title: string;
  readonly set: number;
  readonly target?: string;
  readonly method?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly status?: number;
  readonly body?: string;
}

const ROWS: readonly Row[] = [
  { title: 'a page', set: 404 },
  { title: 'another error', set: 503 },
  { title: 'a status below 300', set: 201 },
  { title: 'If-None-Match: *', set: 404, fields: { 'if-none-match': '*' } },
  { title: 'If-Modified-Since', set: 404, fields: { 'if-modified-since': mtime.toUTCString() } },
  { title: 'If-Match', set: 404, fields: { 'if-match': '"other"' } },
  { title: 'a range', set: 404, fields: { range: 'bytes=0-1' } },
  { title: 'an unsatisfiable range', set: 500, fields: { range: 'bytes=99-' } },
  { title: 'HEAD', set: 404, method: 'HEAD', body: '' },
  { title: 'a status without content', set: 204, body: '' },
  { title: 'a miss', set: 503, target: '/none', status: 404, body: MISS },
  { title: 'a directory without its slash', set: 404, target: '/dir', status: 301 },
];

for (const host of HOSTS) {
  t.test(host.name, async (t) => {
    const address = await host.start(t, root, { maxAge: '1d', listing: true });
    for (const row of ROWS) {
      const { title, set, target = '/404.html', method = 'GET', status = set, body = PAGE } = row;
      const fields = { ...row.fields, [SET_STATUS]: String(set) };
      const answer = await request(address, target, { method, fields });
      t.equal(answer.status, status, title);
      if (status === 301) continue;
      t.equal(answer.body.toString(), body, `${title}: body`);
      if (body === MISS) continue;
      for (const name of ['etag', 'last-modified', 'accept-ranges', 'content-range']) {
        t.equal(answer.field(name), undefined, `${title}: no ${name}`);
      }
      t.equal(answer.field('cache-control'), 'no-store', `${title}: is not stored`);
      const length = set === 204 ? undefined : String(PAGE.length);
      t.equal(answer.field('content-length'), length, `${title}: Content-Length`);
    }

    const large = { fields: { [SET_STATUS]: '404', range: 'bytes=0-9' } };
    for (let round = 0; round < 3; round++) {
      const answer = await request(address, '/large.bin', large);
      t.equal(answer.status, 404);
      t.ok(answer.body.equals(pattern(LARGE)), 'whole, however it is sent');
    }

    const listed = await request(address, '/bare/', { fields: { [SET_STATUS]: '404' } });
    t.equal(listed.status, 404, 'a listing');
    t.match(listed.body.toString(), 'file.txt');

    const etag = (await request(address, '/404.html')).field('etag') ?? '';
    const known = { 'if-none-match': etag, [SET_STATUS]: '200' };
    const current = await request(address, '/404.html', { fields: known });
    t.equal(current.status, 304, '200 is what a file has anyway');
  });
}

t.test("HTTP/2's compatibility API", async (t) => {
  const serve = zcserve(root);
  t.teardown(serve.close);
  const server = createHttp2Server((req, res) => {
    res.statusCode = 404;
    serve(req as never, res as never);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.teardown(() => session.destroy());
  const stream = session.request({ ':path': '/404.html', 'if-none-match': '*' });
  const [[headers], body] = await Promise.all([once(stream, 'response'), buffer(stream)]);
  t.equal(headers[':status'], 404);
  t.equal(body.toString(), PAGE);
});

t.test('Fastify: reply.sendFile as the page of an error, whatever the method', async (t) => {
  const app = fastify();
  t.teardown(() => app.close());
  await app.register(fastifyZcserve, { root, prefix: '/files' });
  app.setNotFoundHandler((_request, reply) => reply.code(404).sendFile('404.html'));
  app.setErrorHandler((_error, _request, reply) => reply.code(503).sendFile('404.html'));
  app.post('/form', (_request, reply) => reply.sendFile('404.html'));
  app.get('/broken', () => {
    throw new Error('mine');
  });
  app.get('/download', (_request, reply) => reply.download('none.txt'));

  const missing = await app.inject({ url: '/none', headers: { 'if-none-match': '*' } });
  t.equal(missing.statusCode, 404);
  t.equal(missing.body, PAGE);
  t.equal((await app.inject({ method: 'POST', url: '/none' })).statusCode, 404);
  t.equal((await app.inject({ method: 'POST', url: '/none' })).body, PAGE);
  t.equal((await app.inject('/broken')).statusCode, 503, 'of the error handler');
  t.equal((await app.inject('/broken')).body, PAGE);

  const conditional = { 'if-none-match': '*', range: 'bytes=0-0' };
  const posted = await app.inject({ method: 'POST', url: '/form', headers: conditional });
  t.equal(posted.statusCode, 200, 'conditions and ranges are for GET');
  t.equal(posted.body, PAGE);
  t.equal((await app.inject('/download')).headers['content-disposition'], undefined, 'a miss');
});

t.test('a page without content has no fields of it', (t) => {
  const fields = ['Content-Type', 'text/html', 'Content-Length', '3', 'ETag', '"a"', 'X-A', 'b'];
  const body = { kind: 'bytes', bytes: Buffer.from('abc') } as const;
  const whole = { status: 200, fields, body, close: false, memo: undefined };
  for (const status of [204, 205, 304]) {
    const page = asPage(whole, status);
    t.same(page.fields, ['X-A', 'b', 'Cache-Control', 'no-store']);
    t.equal(page.body.kind, 'none');
  }
  t.equal(asPage(whole, 404).body, body);
  t.end();
});
