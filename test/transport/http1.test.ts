// The node:http transport as a carrier: given plans in, exact bytes out, on raw sockets.
import { truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createHttp1Transport } from '../../src/transport/http1.ts';
import type { Handler } from '../../src/transport/transport.ts';
import { connect, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import {
  answer,
  fileAnswer,
  LIMITS,
  memoryLog,
  openEntry,
  tableHandler,
  until,
} from './fixtures.ts';

const SMALL = 1000;
const LARGE = 8 * 2 ** 20;

async function serve(t: Test, handler: Handler, limits = LIMITS) {
  const log = memoryLog();
  const transport = createHttp1Transport({ handler, limits, log });
  const port = await transport.listen('127.0.0.1', 0);
  t.teardown(() => transport.close(0));
  return { transport, log, address: { port } };
}

function site(t: Test) {
  const root = makeTree(t, {
    'empty.bin': '',
    'small.bin': { size: SMALL },
    'large.bin': { size: LARGE },
  });
  const cached = openEntry(t, root, 'small.bin', true);
  const small = openEntry(t, root, 'small.bin');
  const large = openEntry(t, root, 'large.bin');
  const empty = openEntry(t, root, 'empty.bin');
  const handler = tableHandler({
    '/none': () => answer(304, ['ETag', '"x"'], { kind: 'none' }),
    '/bytes': () =>
      answer(200, ['Content-Length', '5'], { kind: 'bytes', bytes: Buffer.from('hello') }),
    '/mmap': () => fileAnswer(cached, 'mmap'),
    '/mmap-range': () => fileAnswer(cached, 'mmap', { start: 1, end: 9 }),
    '/small': () => fileAnswer(small, 'read'),
    '/later': async () => fileAnswer(small, 'read'),
    '/large': () => fileAnswer(large, 'read'),
    '/large-range': () => fileAnswer(large, 'read', { start: 7, end: LARGE - 7 }),
    '/empty': () => fileAnswer(empty, 'read'),
    '/parts': () => partsOf(large, 'read'),
    '/cached-parts': () => partsOf(cached, 'mmap'),
  });
  return { root, handler, small, large, cached, empty };
}

function partsOf(file: ReturnType<typeof openEntry>, strategy: 'mmap' | 'read') {
  const parts = [
    { head: '--x\r\nA: 1\r\n\r\n', span: { start: 0, end: 10 } },
    { head: '\r\n--x\r\nA: 2\r\n\r\n', span: { start: file.size - 10, end: file.size } },
  ];
  const tail = '\r\n--x--\r\n';
  const length = parts.reduce((sum, { head }) => sum + head.length + 10, tail.length);
  return answer(206, ['Content-Length', String(length)], {
    kind: 'parts',
    strategy,
    reason: 'forced',
    file,
    parts,
    tail,
  });
}

t.test('each kind of body arrives byte for byte', async (t) => {
  const { handler, small, large, cached } = site(t);
  const { address, transport } = await serve(t, handler);
  const smallBytes = pattern(SMALL);
  const largeBytes = pattern(LARGE);
  const multipart = (bytes: Buffer) =>
    Buffer.concat([
      Buffer.from('--x\r\nA: 1\r\n\r\n'),
      bytes.subarray(0, 10),
      Buffer.from('\r\n--x\r\nA: 2\r\n\r\n'),
      bytes.subarray(-10),
      Buffer.from('\r\n--x--\r\n'),
    ]);
  const rows: ReadonlyArray<readonly [target: string, status: number, body: Buffer]> = [
    ['/none', 304, Buffer.of()],
    ['/bytes', 200, Buffer.from('hello')],
    ['/mmap', 200, smallBytes],
    ['/mmap-range', 206, smallBytes.subarray(1, 9)],
    ['/small', 200, smallBytes],
    ['/later', 200, smallBytes],
    ['/large', 200, largeBytes],
    ['/large-range', 206, largeBytes.subarray(7, -7)],
    ['/empty', 200, Buffer.of()],
    ['/parts', 206, multipart(largeBytes)],
    ['/cached-parts', 206, multipart(smallBytes)],
  ];
  const connection = await connect(address);
  t.teardown(() => connection.close());
  let bytes = 0;
  for (const [target, status, body] of rows) {
    await connection.send(requestBytes(target, { fields: { connection: 'keep-alive' } }));
    const got = await connection.read();
    t.equal(got.status, status, target);
    t.ok(got.body.equals(body), `${target}: ${body.length} bytes`);
    t.ok(got.field('date'), `${target}: Date`);
    bytes += got.body.length;
  }
  const stats = transport.stats();
  t.equal(stats.planned, rows.length);
  const sent = Object.values(stats.byStrategy);
  t.equal(
    sent.reduce((sum, tally) => sum + tally.responses, 0),
    rows.length,
  );
  t.equal(
    sent.reduce((sum, tally) => sum + tally.bytes, 0),
    bytes,
    'the counters add up to what was received',
  );
  for (const entry of [small, large, cached]) t.equal(entry.references, 1, 'released');
});

t.test('HEAD and 304 have the fields of the answer and no body', async (t) => {
  const { handler } = site(t);
  const { address } = await serve(t, handler);
  const connection = await connect(address);
  t.teardown(() => connection.close());
  for (const target of ['/bytes', '/mmap', '/small']) {
    const keep = { fields: { connection: 'keep-alive' }, method: 'HEAD' };
    await connection.send(requestBytes(target, keep));
    const head = await connection.read('HEAD');
    t.equal(head.field('content-length'), target === '/bytes' ? '5' : String(SMALL));
  }
  await connection.send(requestBytes('/none'));
  t.equal((await connection.read()).status, 304);
  t.equal((await connection.rest()).length, 0, 'nothing follows');
});

t.test('request syntax gets the answers of RFC 9110 and RFC 9112', async (t) => {
  const { handler } = site(t);
  const echo: Handler = (request) =>
    request.target === '/bytes'
      ? handler(request)
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
  const { handler } = site(t);
  const { address, transport } = await serve(t, handler);
  const connection = await connect(address);
  t.teardown(() => connection.close());
  for (const byte of requestBytes('/bytes')) await connection.send(Buffer.of(byte));
  t.equal((await connection.read()).body.toString(), 'hello');
  t.equal(transport.stats().planned, 1);
});

t.test('a head that does not arrive in time gets 408', async (t) => {
  const { handler } = site(t);
  const { address } = await serve(t, handler, { ...LIMITS, headerTimeoutMs: 50 });
  const connection = await connect(address);
  await connection.send('GET / HT');
  t.equal((await connection.read()).status, 408);
  t.equal((await connection.rest()).length, 0);
});

t.test('pipelined requests are answered in order', async (t) => {
  const { handler } = site(t);
  const { address } = await serve(t, handler);
  const targets = ['/small', '/large', '/none', '/mmap', '/later', '/bytes'];
  const connection = await connect(address);
  t.teardown(() => connection.close());
  const keep = { fields: { connection: 'keep-alive' } };
  await connection.send(Buffer.concat(targets.map((target) => requestBytes(target, keep))));
  const lengths = [];
  for (const _ of targets) lengths.push((await connection.read()).body.length);
  t.same(lengths, [SMALL, LARGE, 0, SMALL, SMALL, 5]);
});

t.test('a client that has half-closed gets its whole response', async (t) => {
  const { handler } = site(t);
  const { address } = await serve(t, handler);
  const connection = await connect(address);
  await connection.send(requestBytes('/large', { fields: { connection: 'keep-alive' } }));
  connection.end();
  t.ok((await connection.read()).body.equals(pattern(LARGE)));
  t.equal((await connection.rest()).length, 0, 'then closed');
});

t.test('a file that shrinks while it is sent closes the connection', async (t) => {
  const root = makeTree(t, { big: { sparse: 2 ** 28 } });
  const big = openEntry(t, root, 'big');
  const { address, transport, log } = await serve(
    t,
    tableHandler({ '/big': () => fileAnswer(big, 'read') }),
  );
  const connection = await connect(address);
  connection.socket.pause();
  await connection.send(requestBytes('/big'));
  await until(() => transport.stats().transfers === 1);
  truncateSync(join(root, 'big'), 2 ** 27);
  connection.socket.resume();
  await t.rejects(connection.read(), /closed after/);
  await until(() => transport.stats().transfers === 0);
  t.equal(transport.stats().truncated, 1);
  t.match(log.lines, [/^big: changed/]);
  t.equal(big.references, 1);
});

t.test('a file rewritten while it is sent is not completed', async (t) => {
  const root = makeTree(t, { big: { sparse: 2 ** 28 } });
  const big = openEntry(t, root, 'big');
  const { address, transport } = await serve(
    t,
    tableHandler({ '/big': () => fileAnswer(big, 'read') }),
  );
  const connection = await connect(address);
  connection.socket.pause();
  await connection.send(requestBytes('/big'));
  await until(() => transport.stats().transfers === 1);
  utimesSync(join(root, 'big'), 1, 1);
  connection.socket.resume();
  await t.rejects(connection.read(), /closed after/);
  t.equal(transport.stats().truncated, 1);
});

t.test('clients that vanish leave nothing behind', async (t) => {
  const { handler, small, large, cached } = site(t);
  const { address, transport } = await serve(t, handler);
  const targets = ['/large', '/small', '/mmap', '/later', '/parts'];
  const burst = Buffer.concat(
    Array.from({ length: 20 }, (_, i) =>
      requestBytes(targets[i % targets.length] ?? '', { fields: { connection: 'keep-alive' } }),
    ),
  );
  for (let i = 0; i < 50; i++) {
    const connection = await connect(address);
    connection.socket.pause();
    await connection.send(burst);
    await until(() => transport.stats().transfers > 0);
    connection.reset();
    await until(() => transport.stats().connections === 0);
  }
  await until(() => transport.stats().transfers === 0);
  for (const entry of [small, large, cached]) t.equal(entry.references, 1);
  t.equal(transport.stats().aborted, 50);
});

t.test('close lets answers in flight finish, and closes idle connections', async (t) => {
  const { handler } = site(t);
  const { address, transport } = await serve(t, handler);
  const idle = await connect(address);
  await idle.send(requestBytes('/bytes', { fields: { connection: 'keep-alive' } }));
  await idle.read();
  const busy = await connect(address);
  busy.socket.pause();
  await busy.send(requestBytes('/large', { fields: { connection: 'keep-alive' } }));
  await until(() => transport.stats().transfers === 1);
  const closed = transport.close(60_000);
  t.equal((await idle.rest()).length, 0);
  busy.socket.resume();
  t.ok((await busy.read()).body.equals(pattern(LARGE)));
  await closed;
  await t.rejects(connect(address), { code: 'ECONNREFUSED' });
});

t.test('after the grace time close cuts what is still in flight', async (t) => {
  const { handler, large } = site(t);
  const { address, transport } = await serve(t, handler);
  const busy = await connect(address);
  busy.socket.pause();
  await busy.send(requestBytes('/large'));
  await until(() => transport.stats().transfers === 1);
  await transport.close(1);
  await until(() => large.references === 1);
  t.equal(transport.stats().connections, 0);
});

t.test('a taken port is an error with its code', async (t) => {
  const { handler } = site(t);
  const { address } = await serve(t, handler);
  const second = createHttp1Transport({ handler, limits: LIMITS, log: memoryLog() });
  await t.rejects(second.listen('127.0.0.1', address.port), { code: 'EADDRINUSE' });
});
