// HTTP/1.1 on node:http: its syntax, its order and its limits, on raw sockets.
import t, { type Test } from 'tap';
import type { Handler } from '../../src/site/answer.ts';
import { createHttp1Transport } from '../../src/transport/node/http1.ts';
import { connect, requestBytes } from '../support/client.ts';
import { pattern } from '../support/tree.ts';
import { answer, LARGE, LIMITS, makeSite, memoryLog, SMALL } from './fixtures.ts';
import { listenOn, onLoopback } from './listen.ts';

async function serve(t: Test, handler: Handler, limits = LIMITS) {
  const log = memoryLog();
  const transport = createHttp1Transport({ handler, reach: 'memory', limits, log, common: [] });
  const port = await listenOn(t, transport);
  t.teardown(() => transport.close(0));
  return { transport, log, address: { port } };
}

t.test('request syntax gets the answers of RFC 9110 and RFC 9112', async (t) => {
  const { handler } = await makeSite(t, 'read');
  const echo: Handler = (request, reach) =>
    request.target === '/bytes'
      ? handler(request, reach)
      : answer(200, ['X-Target', request.target, 'Content-Length', '0'], { kind: 'none' });
  const { address } = await serve(t, echo);
  const host = 'Host: a\r\n';
  const long = 'a'.repeat(LIMITS.maxHeaderSize);
  const rows: ReadonlyArray<
    readonly [title: string, bytes: string, statuses: readonly number[], closed: boolean]
  > = [
    ['no Host in HTTP/1.1', 'GET / HTTP/1.1\r\n\r\n', [400], true],
    ['two Hosts', `GET / HTTP/1.1\r\n${host}${host}\r\n`, [400], true],
    ['a Host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', [400], true],
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', [200], false],
    ['an IPv6 Host', 'GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n', [200], false],
    ['no Host in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', [200], true],
    [
      'both Content-Length and Transfer-Encoding',
      `GET / HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      [400],
      true,
    ],
    [
      'two Content-Lengths',
      `GET / HTTP/1.1\r\n${host}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
      [400],
      true,
    ],
    [
      'a body, then a request',
      `GET /a HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n${host}\r\n`,
      [200, 200],
      false,
    ],
    [
      'a chunked body, then a request',
      `GET /a HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\n${host}\r\n`,
      [200, 200],
      false,
    ],
    [
      'a body over the limit',
      `GET /a HTTP/1.1\r\n${host}Content-Length: 999999\r\n\r\nabc`,
      [200],
      true,
    ],
    [
      'Expect: 100-continue',
      `GET /a HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`,
      [200],
      true,
    ],
    ['another expectation', `GET /a HTTP/1.1\r\n${host}Expect: x\r\n\r\n`, [200], false],
    ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${host}\r\n`, [200], false],
    ['absolute-form', `GET http://a/x HTTP/1.1\r\n${host}\r\n`, [200], false],
    ['CONNECT', `CONNECT a:80 HTTP/1.1\r\n${host}\r\n`, [200], true],
    [
      'an upgrade',
      `GET / HTTP/1.1\r\n${host}Connection: upgrade\r\nUpgrade: x\r\n\r\n`,
      [200],
      false,
    ],
    ['a head over the limit', `GET / HTTP/1.1\r\n${host}X: ${long}\r\n\r\n`, [431], true],
    ['101 fields', `GET / HTTP/1.1\r\n${host}${'X: y\r\n'.repeat(100)}\r\n`, [431], true],
    ['HTTP/3.0', `GET / HTTP/3.0\r\n${host}\r\n`, [505], true],
    ['no HTTP', 'hello\r\n\r\n', [400], true],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', [400], true],
    ['a folded line', `GET / HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n`, [400], true],
    ['a bare LF', 'GET / HTTP/1.1\nHost: a\n\n', [400], true],
    [
      'pipelining, then an error',
      `GET /bytes HTTP/1.1\r\n${host}\r\nGET /a HTTP/1.1\r\n${host}\r\n\0`,
      [200, 200, 400],
      true,
    ],
    ['Connection: close', `GET /a HTTP/1.1\r\n${host}Connection: close\r\n\r\n`, [200], true],
  ];
  for (const [title, bytes, statuses, closed] of rows) {
    const connection = await connect(address);
    await connection.send(bytes);
    const got: number[] = [];
    for (const _ of statuses) got.push((await connection.read()).status);
    t.same(got, statuses, title);
    if (closed) {
      t.equal((await connection.rest()).length, 0, `${title}: closed`);
    } else {
      await connection.send(requestBytes('/bytes'));
      t.equal((await connection.read()).body.toString(), 'hello', `${title}: still open`);
    }
    connection.close();
  }
});

t.test('a request one byte at a time is one request', async (t) => {
  const { handler } = await makeSite(t, 'read');
  const { address, transport } = await serve(t, handler);
  const connection = await connect(address);
  t.teardown(() => connection.close());
  for (const byte of requestBytes('/bytes')) await connection.send(Buffer.of(byte));
  t.equal((await connection.read()).body.toString(), 'hello');
  t.equal(transport.stats().planned, 1);
});

t.test('a head that does not arrive in time gets 408', async (t) => {
  const { handler } = await makeSite(t, 'read');
  const { address } = await serve(t, handler, { ...LIMITS, headerTimeoutMs: 50 });
  const connection = await connect(address);
  await connection.send('GET / HT');
  t.equal((await connection.read()).status, 408);
  t.equal((await connection.rest()).length, 0);
});

t.test('pipelined requests are answered in order', async (t) => {
  const { handler } = await makeSite(t, 'read');
  const { address } = await serve(t, handler);
  const targets = ['/small', '/large', '/none', '/cached', '/later', '/bytes'];
  const connection = await connect(address);
  t.teardown(() => connection.close());
  const keep = { fields: { connection: 'keep-alive' } };
  await connection.send(Buffer.concat(targets.map((target) => requestBytes(target, keep))));
  const lengths = [];
  for (const _ of targets) lengths.push((await connection.read()).body.length);
  t.same(lengths, [SMALL, LARGE, 0, SMALL, SMALL, 5]);
});

t.test('a client that has half-closed gets its whole response', async (t) => {
  const { handler } = await makeSite(t, 'read');
  const { address } = await serve(t, handler);
  const connection = await connect(address);
  await connection.send(requestBytes('/large', { fields: { connection: 'keep-alive' } }));
  connection.end();
  t.ok((await connection.read()).body.equals(pattern(LARGE)));
  t.equal((await connection.rest()).length, 0, 'then closed');
});

t.test('a taken port is an error with its code', async (t) => {
  const { handler } = await makeSite(t, 'read');
  const { address } = await serve(t, handler);
  const second = createHttp1Transport({
    handler,
    reach: 'memory',
    limits: LIMITS,
    log: memoryLog(),
    common: [],
  });
  await t.rejects(second.listen(onLoopback(address.port)), { code: 'EADDRINUSE' });
});
