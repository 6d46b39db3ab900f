// Which HTTP a client speaks on a port that takes both: its first bytes say it (RFC 9113 §3.3, §3.4).
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { createServer } from '../../src/server/server.ts';
import { connect, request } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const SETTINGS = 4;

const native = loadNative();
const skip = native.addon === undefined ? (native.reason ?? 'no addon') : false;
const root = makeTree(t, { 'file.txt': 'text' });

t.test('what begins as HTTP/1 is answered as HTTP/1', { skip }, async (t) => {
  const { port } = await startServer(t, { root, h2c: true });
  t.equal((await request({ port }, '/file.txt')).body.toString(), 'text');

  const connection = await connect({ port });
  const head = 'GET /file.txt HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const byte of `${head}${head}`) await connection.send(byte);
  t.same([(await connection.read()).status, (await connection.read()).status], [200, 200]);
  connection.close();

  for (const head of ['PRI * HTTP/1.1\r\nHost: a\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nGET ', 'PUT']) {
    const connection = await connect({ port });
    await connection.send(head);
    connection.end();
    t.match((await connection.rest()).toString('latin1'), /^(HTTP\/1\.1 [45]|$)/, head);
    connection.close();
  }
});

t.test('what begins with the preface is answered by SETTINGS', { skip }, async (t) => {
  const { port } = await startServer(t, { root, h2c: true });
  for (const pieces of [[PREFACE], [...PREFACE]]) {
    const socket = connectTcp(port, '127.0.0.1').setNoDelay();
    for (const piece of pieces) socket.write(piece);
    const [first] = (await once(socket, 'data')) as [Buffer];
    t.equal(first[3], SETTINGS, `in ${pieces.length} pieces`);
    socket.destroy();
  }
});

t.test('without h2c the preface is a bad request', { skip }, async (t) => {
  const { port } = await startServer(t, { root });
  const connection = await connect({ port });
  await connection.send(PREFACE);
  t.match((await connection.rest()).toString('latin1'), /^HTTP\/1\.1 (400|505) /);
  connection.close();
});

t.test('h2c where no engine serves fails at start', { skip }, async (t) => {
  for (const transport of ['http1', 'uws'] as const) {
    await t.rejects(createServer({ root, h2c: true, transport }), {
      message: `option transport: "${transport}" speaks no HTTP/2 without TLS; expected auto or native, or no option h2c`,
    });
  }
  const tls = { tlsCert: 'cert.pem', tlsKey: 'key.pem' };
  await t.rejects(createServer({ root, h2c: true, ...tls }), {
    message: 'option h2c is without TLS, option tlsCert is with it',
  });
});
