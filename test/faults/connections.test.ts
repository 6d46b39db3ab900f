// A connection in each state that a client can leave it in: the server lets go of it in its time, and close() within its.
import { connect as connectTcp, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import {
  type Carrier,
  type Origin,
  onEveryCarrier,
  type Serve,
  speaksHttp1,
} from '../http/carriers.ts';
import { type Connection, connect, request, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { until } from './process.ts';

const SMALL = 700;
/** More than a socket's buffers take. */
const LARGE = 2 ** 26;
const root = makeTree(t, { 'small.bin': { size: SMALL }, 'large.bin': { size: LARGE } });

const KEEP = { fields: { connection: 'keep-alive' } };
const small = requestBytes('/small.bin', KEEP);
const large = requestBytes('/large.bin', KEEP);
const tunnel = 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n';

/** Brings a connection into its state, where the client then leaves it. */
type Reach = (origin: Origin) => Promise<Socket>;

/** Before any byte of HTTP, so before TLS too. The client keeps its side, whatever the server does. */
async function raw({ address }: Origin, bytes: string | Uint8Array = ''): Promise<Socket> {
  const socket = connectTcp({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  if (bytes.length > 0) socket.write(bytes);
  return socket;
}

/** What a client has said, after its TLS handshake where there is one. */
const said =
  (bytes: string | Uint8Array, then: (connection: Connection) => unknown = () => {}): Reach =>
  async ({ address }) => {
    const connection = await connect(address);
    if (bytes.length > 0) await connection.send(bytes);
    await then(connection);
    return connection.socket;
  };

/** Of a ClientHello of 512 bytes. */
const HELLO = Buffer.from('16030102000100', 'hex');

const STATES: Readonly<Record<string, Reach>> = {
  'connected, and silent': (origin) => raw(origin),
  'half-closed without a byte': async (origin) => (await raw(origin)).end(),
  'half-closed within the first bytes': async (origin) => (await raw(origin, HELLO)).end(),
  'a beginning of a TLS handshake': (origin) => raw(origin, HELLO),
  'after the handshake, silent': said(''),
  'after the handshake, half-closed': said('', (connection) => connection.end()),
  'half a request line': said('GET /sma'),
  'half a head': said('GET /small.bin HTTP/1.1\r\nHost: a\r\nX: '),
  'half a head, half-closed': said('GET /sma', (connection) => connection.end()),
  'a body that never ends': said(
    'GET /small.bin HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhell',
    (connection) => connection.read(),
  ),
  'a chunk that never ends': said(
    'GET /small.bin HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe',
    (connection) => connection.read(),
  ),
  'answered, then silent': said(small, (connection) => connection.read()),
  'answered, then half a head': said(`${small}GET /sma`, (connection) => connection.read()),
  'takes nothing of a large answer': said(large, ({ socket }) => socket.pause()),
  'takes nothing of many': said(large.toString().repeat(4), ({ socket }) => socket.pause()),
  'half-closed, and takes nothing': said(large, (connection) => {
    connection.socket.pause();
    connection.end();
  }),
  'a tunnel asked for': said(tunnel, ({ socket }) => socket.pause()),
  'a tunnel asked for and used': said(`${tunnel}${'x'.repeat(70_000)}`, ({ socket }) =>
    socket.pause(),
  ),
  'a tunnel asked for behind an answer that is not taken': said(`${large}${tunnel}`, ({ socket }) =>
    socket.pause(),
  ),
  'an upgrade asked for': said(
    'GET /small.bin HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    (connection) => connection.read(),
  ),
  'refused, and takes nothing': said('nonsense\r\n\r\n', ({ socket }) => socket.pause()),
};

/** Nobody answers these. */
const UNANSWERED = 60;

onEveryCarrier(
  t,
  async (t, serve, carrier) => {
    await t.test('no state outlives its time', (t) => checkDeadlines(t, serve));
    for (const [title, reach] of Object.entries(STATES)) {
      await t.test(`close() ends: ${title}`, (t) => checkClose(t, serve, reach));
    }
    await t.test('who has gone counts for nothing', (t) => checkGone(t, serve));
    await t.test('a reset ends its own connection only', (t) => checkResets(t, serve));
    await t.test('a tunnel is refused behind the answers before it', (t) =>
      checkTunnel(t, serve, carrier),
    );
  },
  speaksHttp1,
);

async function checkDeadlines(t: Test, serve: Serve): Promise<void> {
  const times = { headerTimeout: 400, keepAliveTimeout: 400, sendTimeout: 400 };
  const origin = await serve({ root, ...times, logLevel: 'silent' });
  const sockets = await Promise.all(Object.values(STATES).map((reach) => reach(origin)));
  // uWebSockets.js's own times are 10 to 12 s.
  await until(async () => (await origin.stats()).connections === 0);
  t.equal((await origin.stats()).transfers, 0);
  t.equal((await request(origin.address, '/small.bin')).status, 200);
  for (const socket of sockets) socket.destroy();
}

async function checkClose(t: Test, serve: Serve, reach: Reach): Promise<void> {
  const times = { headerTimeout: 600_000, keepAliveTimeout: 600_000, sendTimeout: 600_000 };
  const origin = await serve({ root, ...times, grace: 100, logLevel: 'silent' });
  const other = await connect(origin.address);
  const socket = await reach(origin);
  await other.send(small);
  await other.read();
  await origin.close();
  t.equal((await other.rest()).length, 0);
  socket.destroy();
  other.close();
}

async function checkGone(t: Test, serve: Serve): Promise<void> {
  const origin = await serve({ root, maxConnections: UNANSWERED, logLevel: 'silent' });
  const gone = await Promise.all(Array.from({ length: UNANSWERED }, () => raw(origin)));
  await until(async () => (await origin.stats()).connections === UNANSWERED);
  for (const socket of gone) socket.end();
  await until(async () => (await origin.stats()).connections === 0);
  t.equal((await request(origin.address, '/small.bin')).status, 200);
  for (const socket of gone) socket.destroy();
}

async function checkResets(t: Test, serve: Serve): Promise<void> {
  const origin = await serve({ root, logLevel: 'silent' });
  for (const reach of Object.values(STATES)) {
    const socket = await reach(origin);
    if (socket instanceof TLSSocket) socket.destroy();
    else socket.resetAndDestroy();
  }
  await until(async () => (await origin.stats()).connections === 0);
  t.equal((await request(origin.address, '/small.bin')).status, 200);
}

async function checkTunnel(t: Test, serve: Serve, { transport }: Carrier): Promise<void> {
  const { address } = await serve({ root });
  const connection = await connect(address);
  await connection.send(`${large}${tunnel}`);
  // uWebSockets.js has one request at a time, and no answer to a CONNECT but its own.
  if (transport !== 'uws') {
    t.ok((await connection.read()).body.equals(pattern(LARGE)), 'the answer is whole');
    t.equal((await connection.read()).status, 405);
  }
  await connection.rest();
  connection.close();
}

// Node 20 spins for ever in the cleanup of a natural end after TLS writes that nobody took; `exit` has no such cleanup.
process.once('beforeExit', () => process.exit());
