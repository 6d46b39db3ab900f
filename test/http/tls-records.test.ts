// The records of TLS 1.3 that the engine makes itself: clients can't tell them from OpenSSL's, and what OpenSSL alone can do
// is left to it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { createServer } from '../../src/server/server.ts';
import { requestBytes } from '../support/client.ts';
import { without } from '../support/programs.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree, pattern } from '../support/tree.ts';

const skip = loadNative().addon === undefined && 'no addon';
const noOpenssl = skip || without('openssl', /./, 'version');

const SIZE = 3 * 2 ** 20;
const SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const GET = requestBytes('/large.bin');

async function serve(t: Test, tlsCiphers?: string) {
  const root = makeTree(t, { 'a.txt': 'hello', 'large.bin': { size: SIZE } });
  const server = await createServer({
    root,
    port: 0,
    transport: 'native',
    threads: 1,
    logLevel: 'silent',
    ...TLS_OPTIONS,
    ...(tlsCiphers && { tlsCiphers }),
  });
  t.teardown(() => server.close());
  return server;
}

/** The body of what the client was sent until the end. */
async function bodyOf(port: number, options: ConnectionOptions, request = GET): Promise<Buffer> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.write(request);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  return all.subarray(all.indexOf('\r\n\r\n') + 4);
}

/** openssl(1) as a client. */
function openssl(t: Test, port: number, ...args: string[]) {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args]);
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

async function said(from: Readable, word: string): Promise<void> {
  for (let all = ''; !all.includes(word); ) {
    const [chunk] = (await once(from, 'data')) as [Buffer];
    all += chunk.toString('latin1');
  }
}

/** Are these bytes sent, after a head? What comes before is passed over. */
async function read(from: Readable, body: Buffer): Promise<boolean> {
  let all: Buffer = Buffer.alloc(0);
  for (;;) {
    const [chunk] = (await once(from, 'data')) as [Buffer];
    all = Buffer.concat([all, chunk]);
    const head = all.indexOf('\r\n\r\n', all.indexOf('HTTP/1.1 200'));
    if (head < 0 || all.length < head + 4 + body.length) continue;
    return all.subarray(head + 4).equals(body);
  }
}

t.test('each suite of TLS 1.3: every byte arrives, in records of our own', { skip }, async (t) => {
  for (const suite of SUITES) {
    const server = await serve(t, suite);
    const body = await bodyOf(server.port, {});
    t.ok(body.equals(pattern(SIZE)), suite);
    t.match(await server.stats(), { handshakes: 1, sealed: 1 });
  }
});

t.test('a resumed session too', { skip }, async (t) => {
  const server = await serve(t);
  const first = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
  const [session] = (await once(first, 'session')) as [Buffer];
  first.destroy();
  t.ok((await bodyOf(server.port, { session })).equals(pattern(SIZE)));
  t.match(await server.stats(), { handshakes: 2, resumed: 1, sealed: 2 });
});

t.test('TLS 1.2 is left to OpenSSL', { skip }, async (t) => {
  const server = await serve(t);
  const body = await bodyOf(server.port, { maxVersion: 'TLSv1.2' });
  t.ok(body.equals(pattern(SIZE)));
  t.match(await server.stats(), { handshakes: 1, tls12: 1, sealed: 0 });
});

t.test(
  'so is a client that wants smaller records (RFC 6066 §4)',
  { skip: noOpenssl },
  async (t) => {
    const server = await serve(t);
    const child = openssl(t, server.port, '-tls1_3', '-maxfraglen', '512', '-quiet');
    child.stdin.write(requestBytes('/a.txt', { fields: { connection: 'keep-alive' } }));
    t.ok(await read(child.stdout, Buffer.from('hello')));
    t.match(await server.stats(), { handshakes: 1, sealed: 0 });
  },
);

t.test('new keys when a client asks for them (RFC 8446 §4.6.3)', { skip: noOpenssl }, async (t) => {
  for (const suite of SUITES) {
    const server = await serve(t, suite);
    const messages = join(makeTree(t, {}), 'messages');
    const child = openssl(t, server.port, '-tls1_3', '-msg', '-msgfile', messages);
    // s_client takes a line of one K for a command: a KeyUpdate that asks for one in return.
    const rounds = ['/a.txt', '/large.bin', '/large.bin'];
    for (const [round, path] of rounds.entries()) {
      if (round === 1) {
        // Twice before anything is sent: one answer is enough.
        child.stdin.write('K\n');
        await said(child.stderr, 'KEYUPDATE');
      }
      child.stdin.write('K\n');
      await said(child.stderr, 'KEYUPDATE');
      child.stdin.write(requestBytes(path, { fields: { connection: 'keep-alive' } }));
      const body = path === '/a.txt' ? Buffer.from('hello') : pattern(SIZE);
      t.ok(await read(child.stdout, body), `${suite}: ${path}`);
    }
    const told = readFileSync(messages, 'latin1').match(/<<< .*KeyUpdate/g);
    t.equal(told?.length, rounds.length, 'the answers');
    t.match(await server.stats(), { handshakes: 1, sealed: 1 });
  }
});

t.test('an alert can be read: a client that sends junk is told so', { skip }, async (t) => {
  const server = await serve(t);
  const tcp = connectTcp(server.port, '127.0.0.1');
  const socket = connectTls({ socket: tcp, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.write(requestBytes('/a.txt', { fields: { connection: 'keep-alive' } }));
  await once(socket, 'data');
  tcp.write(Buffer.from(`1703030020${'00'.repeat(32)}`, 'hex'));
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  t.match(error.code, /ALERT_BAD_RECORD_MAC/);
});

t.test('so can the goodbye', { skip }, async (t) => {
  const server = await serve(t);
  const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.write(requestBytes('/a.txt'));
  socket.resume();
  await once(socket, 'end');
  t.match(await server.stats(), { sealed: 1 });
});
