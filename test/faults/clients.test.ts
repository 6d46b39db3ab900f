// Clients that vanish, stall, trickle or ask without end: the others are served, and nothing is left behind.
import { once } from 'node:events';
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
import { times } from './effort.ts';
import { descriptorsOf, residentOf, until } from './process.ts';

const SMALL = 700;
/** More than a socket's buffers take, so that most who vanish do so within the answer. */
const LARGE = 16_000_000;

function site(t: Test): string {
  return makeTree(t, { 'small.bin': { size: SMALL }, 'large.bin': { size: LARGE } });
}

onEveryCarrier(
  t,
  async (t, serve, carrier) => {
    await t.test('vanishing at every byte leaves nothing behind', (t) => vanish(t, serve));
    await t.test('requests cut at every byte leave nothing behind', (t) => cutRequests(t, serve));
    const count = carrier.tls ? 100 : 1000;
    await t.test(`${count} clients at once get every byte`, (t) => crowd(t, serve, count));
    if (carrier.transport === 'uws') return; // Its timeouts are fixed, and a half-close ends an answer.
    if (!carrier.tls)
      await t.test('a half-closed client gets its whole answer', (t) => halfClose(t, serve));
    await t.test('a client that never reads is let go', (t) => neverRead(t, serve, () => {}));
    await t.test('a head that trickles is refused', (t) => trickle(t, serve));
    if (carrier.transport !== 'native') return;
    await t.test('talking buys a client that never reads no time', (t) =>
      neverRead(t, serve, (connection) => connection.socket.write('x')),
    );
    await t.test('reading a byte at a time buys no time', (t) =>
      neverRead(t, serve, (connection) => connection.socket.read(1)),
    );
    await t.test('pipelining without end costs no memory', (t) => pipeline(t, serve, carrier));
  },
  speaksHttp1,
);

/** The server has no connection and no transfer any more, and as many descriptors as before. */
async function settled(origin: Origin, descriptors: number): Promise<void> {
  await until(async () => {
    const { connections, transfers } = await origin.stats();
    return connections === 0 && transfers === 0 && descriptorsOf(origin.host.pid) <= descriptors;
  });
}

/** Opens what stays open, the memory cache too; the descriptors of a server at rest. */
async function warm({ address, carrier, stats, host }: Origin): Promise<number> {
  // What is asked for once is not kept.
  for (const target of ['/large.bin', '/small.bin', '/large.bin']) await request(address, target);
  await until(async () => {
    await request(address, '/small.bin');
    const { kept, files } = await stats();
    return !carrier.addon || files.memory.entries + kept > 0;
  });
  await until(async () => (await stats()).connections === 0);
  return descriptorsOf(host.pid);
}

async function still(t: Test, { address }: Origin): Promise<void> {
  const { body } = await request(address, '/large.bin');
  t.ok(body.equals(pattern(LARGE)), 'the others get every byte');
}

async function vanish(t: Test, serve: Serve): Promise<void> {
  const origin = await serve({ root: site(t), logLevel: 'silent' });
  const before = await warm(origin);
  let aborts = 0;
  const abort = async (target: string, after: number) => {
    const connection = await connect(origin.address);
    let got = 0;
    const enough = new Promise<void>((resolve) => {
      connection.socket.on('data', (chunk) => {
        got += chunk.length;
        if (got >= after) resolve();
      });
      connection.socket.on('close', resolve);
    });
    await connection.send(requestBytes(target));
    await enough;
    if (origin.carrier.tls) connection.close();
    else connection.reset();
    aborts++;
  };
  const step = Math.ceil(LARGE / times(30, 1000));
  for (let after = 0; after <= SMALL; after += times(10, 1)) await abort('/small.bin', after);
  for (let after = 1; after < LARGE; after += step) await abort('/large.bin', after);
  await settled(origin, before);
  await still(t, origin);
  const { aborted } = await origin.stats();
  t.comment(`${aborts} clients vanished, ${aborted} of them within an answer; none left behind`);
}

async function cutRequests(t: Test, serve: Serve): Promise<void> {
  const origin = await serve({ root: site(t), logLevel: 'silent' });
  const before = await warm(origin);
  const bytes = requestBytes('/small.bin', { fields: { range: 'bytes=0-9', 'if-range': '"x"' } });
  for (let length = 0; length < bytes.length; length += times(3, 1)) {
    const connection = await connect(origin.address);
    await connection.send(bytes.subarray(0, length));
    if (length % 2 === 0 && !origin.carrier.tls) connection.reset();
    else connection.close();
  }
  await settled(origin, before);
  await still(t, origin);
  t.comment(`requests cut within ${bytes.length} bytes`);
}

/** The first of them waits for the handshakes of all the others, which are long work on a busy machine. */
async function crowd(t: Test, serve: Serve, count: number): Promise<void> {
  const origin = await serve({ root: site(t), logLevel: 'silent', headerTimeout: '1m' });
  const clients = await Promise.all(Array.from({ length: count }, () => connect(origin.address)));
  const bodies = await Promise.all(
    clients.map(async (client) => {
      await client.send(requestBytes('/small.bin'));
      return (await client.read()).body;
    }),
  );
  for (const client of clients) client.close();
  t.equal(bodies.filter((body) => body.equals(pattern(SMALL))).length, count);
}

async function halfClose(t: Test, serve: Serve): Promise<void> {
  const origin = await serve({ root: site(t), logLevel: 'silent' });
  const connection = await connect(origin.address);
  await connection.send(requestBytes('/large.bin'));
  connection.end();
  t.ok((await connection.read()).body.equals(pattern(LARGE)));
  connection.close();
}

/** Takes the head and then nothing, but may `act` whenever the server was asked how it is. */
async function neverRead(
  t: Test,
  serve: Serve,
  act: (connection: Connection) => void,
): Promise<void> {
  const origin = await serve({ root: site(t), logLevel: 'silent', sendTimeout: 400 });
  const connection = await connect(origin.address);
  connection.socket.removeAllListeners('data');
  connection.socket.pause();
  connection.socket.on('error', () => {});
  // More answers than any socket buffers hold.
  await connection.send(
    requestBytes('/large.bin', { fields: { connection: 'keep-alive' } })
      .toString()
      .repeat(8),
  );
  await until(async () => (await origin.stats()).connections === 1);
  await until(async () => {
    act(connection);
    const { connections, transfers } = await origin.stats();
    return connections === 0 && transfers === 0;
  });
  connection.close();
  await still(t, origin);
}

async function trickle(t: Test, serve: Serve): Promise<void> {
  const origin = await serve({ root: site(t), logLevel: 'silent', headerTimeout: 400 });
  const { socket, ...connection } = await connect(origin.address);
  await connection.send('GET /small.bin HTTP/1.1\r\nHost: localhost\r\nX: ');
  let closed = false;
  const end = once(socket, 'end').then(() => {
    closed = true;
  });
  await until(async () => {
    socket.write('x');
    await origin.stats();
    return closed;
  });
  await end;
  t.match((await connection.rest()).toString('latin1'), /^HTTP\/1\.1 408 /);
  connection.close();
}

async function pipeline(t: Test, serve: Serve, { name }: Carrier): Promise<void> {
  const origin = await serve({ root: site(t), logLevel: 'silent' });
  // Of a size that divides the server's reads, so that each ends within a request: the buffer is never empty.
  const one = requestBytes('/small.bin', {
    fields: { connection: 'keep-alive', x: 'y' },
  });
  const padded = Buffer.from(
    one.toString('latin1').replace('x: y', `x: ${'y'.repeat(513 - one.length)}`),
  );
  t.equal(padded.length, 512);
  const block = Buffer.from(padded.toString('latin1').repeat(1024));
  const connection = await connect(origin.address);
  connection.socket.removeAllListeners('data');
  connection.socket.resume();
  const send = async (mib: number) => {
    for (let i = 0; i < mib * 2; i++) await connection.send(block);
  };
  await connection.send(block.subarray(0, 128));
  const shifted = Buffer.concat([block.subarray(128), block.subarray(0, 128)]);
  shifted.copy(block);
  await send(8);
  const before = residentOf(origin.host.pid);
  const mib = times(24, 1024);
  await send(mib);
  const grown = residentOf(origin.host.pid) - before;
  t.ok(grown < 8 * 2 ** 20, `${name} grew by ${grown} bytes`);
  t.comment(`${mib} MiB of pipelined requests, ${Math.round(grown / 1024)} KiB more in memory`);
  connection.close();
}
