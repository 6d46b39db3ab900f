// In company: other middleware in front, HTTP/2, uWebSockets.js, aborts, and a server that closes meanwhile.
import { once } from 'node:events';
import { truncateSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import compression from 'compression';
import cors from 'cors';
import express from 'express';
import fastify from 'fastify';
import helmet from 'helmet';
import morgan from 'morgan';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { zcserve as fastifyZcserve } from '../../src/middleware/fastify.ts';
import { zcserve } from '../../src/middleware/middleware.ts';
import { loadUws, type UwsLibrary } from '../../src/transport/uws/library.ts';
import { type Address, connect, request, requestBytes } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { until } from '../transport/fixtures.ts';

const mtime = new Date('2024-01-02T03:04:05Z');
const TEXT = 'some text that a compressor likes. '.repeat(20_000);
/** More than the sockets' buffers hold. */
const LARGE = 2 ** 26;

const root = makeTree(t, {
  'index.html': { text: '<p>home', mtime },
  'text.txt': { text: TEXT, mtime },
  'small.txt': { text: 'small', mtime },
  'odd/@ [é]%41?.txt': { text: 'odd', mtime },
  'odd/index.html': { text: '<p>odd', mtime },
  'middle.bin': { size: 131_072, mtime },
  'large.bin': { size: LARGE, mtime },
  'shrinking.bin': { size: LARGE, mtime },
});

const keepAlive = { fields: { connection: 'keep-alive' } };

t.test('behind compression, helmet, cors and morgan', async (t) => {
  const lines: string[] = [];
  const app = express();
  app.use(morgan('tiny', { stream: { write: (line: string) => void lines.push(line) } }));
  app.use(helmet());
  app.use(cors({ origin: 'https://a.example' }));
  app.use(compression());
  app.use(zcserve(root));
  const server = createServer(app);
  const { port } = await listen(t, server);
  const url = `http://127.0.0.1:${port}`;

  for (const path of ['/text.txt', '/small.txt', '/middle.bin', '/index.html']) {
    for (let round = 0; round < 3; round++) {
      const answer = await fetch(url + path, { headers: { 'accept-encoding': 'gzip' } });
      const body = Buffer.from(await answer.arrayBuffer());
      const plain = await fetch(url + path, { headers: { 'accept-encoding': 'identity' } });
      t.equal(answer.status, 200);
      t.ok(body.equals(Buffer.from(await plain.arrayBuffer())), `${path}, coded or not`);
      t.equal(answer.headers.get('access-control-allow-origin'), 'https://a.example');
      t.match(answer.headers.get('vary'), /Origin/);
      t.ok(answer.headers.get('x-content-type-options'), 'helmet');
    }
  }
  const raw = await request({ port }, '/text.txt', {
    fields: { 'accept-encoding': 'gzip', connection: 'close' },
    method: 'HEAD',
  });
  t.equal(raw.field('content-encoding'), undefined, 'HEAD is not compressed');
  t.ok(
    lines.some((line) => line.startsWith('GET /text.txt 200')),
    'morgan',
  );
});

t.test('a compressed body is the file', async (t) => {
  const app = express();
  app.use(compression(), zcserve(root));
  const { port } = await listen(t, createServer(app));
  const connection = await connect({ port });
  const fields = { 'accept-encoding': 'gzip', connection: 'close' };
  await connection.send(requestBytes('/text.txt', { fields }));
  const bytes = await connection.rest();
  const head = bytes.toString('latin1', 0, bytes.indexOf('\r\n\r\n'));
  t.match(head, /content-encoding: gzip/i);
  t.notMatch(head, /content-length/i);
  const chunked = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
  t.equal(gunzipSync(unchunk(chunked)).toString(), TEXT);
});

function unchunk(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

t.test('a response that is already under way is left alone', async (t) => {
  const serve = zcserve(root);
  const listener: RequestListener = (req, res) => {
    res.end('mine');
    serve(req, res, () => {});
  };
  const { port } = await listen(t, createServer(listener));
  const text = await (await fetch(`http://127.0.0.1:${port}/small.txt`)).text();
  t.equal(text, 'mine');
});

t.test('a response that is answered while zcserve looks for the file is left alone', async (t) => {
  const serve = zcserve(root, { dev: true });
  const listener: RequestListener = (req, res) => {
    serve(req, res);
    res.end('mine');
  };
  const { port } = await listen(t, createServer(listener));
  t.equal(await (await fetch(`http://127.0.0.1:${port}/small.txt`)).text(), 'mine');
});

t.test("HTTP/2's compatibility API", async (t) => {
  const serve = zcserve(root);
  const server = createHttp2Server((req, res) => {
    res.setHeader('X-Host', 'yes');
    serve(req as never, res as never, () => res.writeHead(404).end('next'));
  });
  const { port } = await listen(t, server);
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  t.teardown(() => session.destroy());
  const get = async (path: string, fields = {}) => {
    const stream = session.request({ ':path': path, ...fields });
    const [[headers], body] = await Promise.all([once(stream, 'response'), buffer(stream)]);
    return { headers, body };
  };
  for (let round = 0; round < 3; round++) {
    const small = await get('/small.txt');
    t.equal(small.headers[':status'], 200);
    t.equal(small.headers['x-host'], 'yes');
    t.equal(small.body.toString(), 'small');
  }
  t.ok((await get('/large.bin')).body.equals(pattern(LARGE)));
  t.equal((await get('/small.txt', { range: 'bytes=0-0' })).body.toString(), 's');
  t.equal((await get('/small.txt', { ':method': 'HEAD' })).headers['content-length'], '5');
  const etag = (await get('/small.txt')).headers.etag;
  t.equal((await get('/small.txt', { 'if-none-match': etag })).headers[':status'], 304);
  t.equal((await get('/none')).body.toString(), 'next');

  const stream = session.request({ ':path': '/large.bin' });
  await once(stream, 'response');
  stream.close();
  await until(() => serve.stats().transfers === 0);
  t.equal(serve.stats().aborted, 1);

  const cut = session.request({ ':path': '/shrinking.bin' });
  await once(cut, 'response');
  truncateSync(join(root, 'shrinking.bin'), 1);
  await t.rejects(buffer(cut), { code: 'ERR_HTTP2_STREAM_ERROR' }, 'a file that shrinks');
  t.equal(serve.stats().truncated, 1);
});

t.test('clients that vanish leave nothing behind', async (t) => {
  const serve = zcserve(root);
  const server = createServer(serve);
  const address = await listen(t, server);
  const { files } = serve.stats();
  t.equal(files.descriptors, 0);
  for (let i = 0; i < 30; i++) {
    const connection = await connect(address);
    connection.socket.pause();
    const burst = Array.from({ length: 10 }, () => requestBytes('/large.bin', keepAlive));
    await connection.send(Buffer.concat(burst));
    await until(() => serve.stats().transfers === 1);
    connection.reset();
    await until(() => serve.stats().transfers === 0);
  }
  t.equal(serve.stats().aborted, 30);
  serve.close();
  t.equal(serve.stats().files.descriptors, 0);
});

t.test('server.close() waits for transfers in flight', async (t) => {
  const serve = zcserve(root);
  const server = createServer(serve);
  const address = await listen(t, server);
  const connection = await connect(address);
  connection.socket.pause();
  await connection.send(requestBytes('/large.bin'));
  await until(() => serve.stats().transfers === 1);
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      isClosed = true;
      resolve();
    });
  });
  t.notOk(isClosed);
  connection.socket.resume();
  t.ok((await connection.read()).body.equals(pattern(LARGE)));
  await closed;
});

t.test("the host's own timeout rests while an engine thread sends", async (t) => {
  if (!loadNative().addon) {
    t.pass('no addon here');
    return;
  }
  const serve = zcserve(root);
  const server = createServer(serve);
  server.timeout = 60_000;
  const address = await listen(t, server);
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const connection = await connect(address);
  const [socket] = await accepted;
  connection.socket.pause();
  await connection.send(requestBytes('/large.bin', keepAlive));
  await until(() => serve.stats().transfers === 1 && socket.timeout === 0);
  connection.socket.resume();
  t.ok((await connection.read()).body.equals(pattern(LARGE)));
  await connection.send(requestBytes('/small.txt', keepAlive));
  await connection.read();
  t.not(socket.timeout, 0, 'and goes on after it');
});

t.test('Fastify: reply.sendFile and reply.download', async (t) => {
  const app = fastify();
  t.teardown(() => app.close());
  await app.register(fastifyZcserve, { root, prefix: '/files' });
  app.get('/send', (_request, reply) => reply.header('X-Mine', 'yes').sendFile('text.txt'));
  app.get('/download', (_request, reply) => reply.download('small.txt', 'snow ☃.txt'));
  app.get('/missing', (_request, reply) => reply.sendFile('none'));
  app.get('/app/:path', (request, reply) =>
    reply.sendFile(Buffer.from((request.params as { path: string }).path, 'hex').toString()),
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  const address = { port: (app.server.address() as AddressInfo).port };
  const sent = await request(address, '/send');
  t.equal(sent.body.toString(), TEXT);
  t.equal(sent.field('x-mine'), 'yes');
  const downloaded = await request(address, '/download');
  t.equal(downloaded.body.toString(), 'small');
  t.equal(
    downloaded.field('content-disposition'),
    `attachment; filename="snow ?.txt"; filename*=UTF-8''snow%20%E2%98%83.txt`,
  );
  t.equal((await request(address, '/missing')).status, 404);
  const named = (path: string) => `/app/${Buffer.from(path).toString('hex')}`;
  // The app's own words need not be in normal form.
  for (const path of ['/small.txt', 'x/../small.txt', './/small.txt', 'odd//@ [é]%41?.txt']) {
    t.equal((await request(address, named(path))).status, 200, path);
  }
  t.equal((await request(address, named('odd/'))).body.toString(), '<p>odd', 'a directory');
  for (const path of ['../small.txt', 'odd/../../etc/passwd', '..\\small.txt', 'small.txt\0']) {
    t.equal((await request(address, named(path))).status, 404, path);
  }
  t.equal((await request(address, '/files/small.txt')).body.toString(), 'small');
  await app.close();
});

t.test('Fastify: a prefix with parameters, in a plugin with a prefix', async (t) => {
  const app = fastify({ routerOptions: { ignoreDuplicateSlashes: true, caseSensitive: false } });
  t.teardown(() => app.close());
  await app.register(
    async (inner) => {
      inner.get('/:tenant/files/odd/*', (_request, reply) => reply.code(403).send('guarded'));
      await inner.register(fastifyZcserve, { root, prefix: '/:tenant/files/' });
    },
    { prefix: '/v1/' },
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  const address = { port: (app.server.address() as AddressInfo).port };
  for (const target of ['/v1/ann/files/small.txt', '/V1/%c3%bc/FILES/%73mall.txt']) {
    t.equal((await request(address, target)).body.toString(), 'small', target);
  }
  t.equal((await request(address, '/v1/ann/files/odd/index.html')).status, 403);
  // The router takes them for one path, so the guard has seen it.
  t.equal((await request(address, '/v1/ann/files//odd/index.html')).status, 403);
  t.equal((await request(address, '//v1/ann/files/small.txt')).body.toString(), 'small');
});

t.test('Fastify: inject', async (t) => {
  const app = fastify();
  t.teardown(() => app.close());
  await app.register(fastifyZcserve, { root, prefix: '/files' });
  app.get('/send', (_request, reply) => reply.sendFile('text.txt'));
  const injected = await app.inject('/files/small.txt');
  t.equal(injected.body, 'small', 'inject, without a socket');
  t.equal((await app.inject('/send')).body, TEXT);
});

t.test('inside a uWebSockets.js app', async (t) => {
  const { library } = await loadUws();
  if (!library) {
    t.pass('uWebSockets.js does not load here');
    return;
  }
  const handler = zcserve.uws(root, { single: true });
  const address = await listenUws(t, library, handler);
  for (let round = 0; round < 3; round++) {
    t.equal((await request(address, '/small.txt')).body.toString(), 'small');
    t.ok((await request(address, '/large.bin')).body.equals(pattern(LARGE)));
    t.ok((await request(address, '/middle.bin')).body.equals(pattern(131_072)));
  }
  t.equal((await request(address, '/some/where')).body.toString(), '<p>home');
  t.equal((await request(address, '/none.js')).status, 404);
  t.equal((await request(address, '/small.txt', { method: 'POST' })).status, 405);
  t.equal((await request(address, '/small.txt', { method: 'HEAD' })).field('content-length'), '5');
  t.throws(() => zcserve.uws(root, { fallthrough: true } as object), /fallthrough is unknown/);
  handler.close();
});

async function listenUws(
  t: Test,
  library: UwsLibrary,
  handler: ReturnType<typeof zcserve.uws>,
): Promise<Address> {
  const app = library.App().any('/*', handler);
  const token = await new Promise((resolve) => app.listen('127.0.0.1', 0, 1, resolve));
  t.teardown(() => app.close());
  return { port: library.us_socket_local_port(token) };
}
