// Bodies byte for byte on every carrier: sizes around each border, many at once, many on one connection.
import t, { type Test } from 'tap';
import { type Connection, connect, request, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { type Origin, onEveryCarrierAndProxy, type Serve } from './carriers.ts';
import { validatorsOf } from './cases.ts';
import { claimsExcept } from './claims.ts';
import { EXCEPTIONS } from './exceptions.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const SIZES = [
  ...[0, 1, 1023, 1024, 4096, 16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 64 * KIB - 1, 64 * KIB],
  ...[64 * KIB + 1, 128 * KIB, MIB - 1, MIB, MIB + 1, 2 * MIB + 1, 64 * MIB],
];
const SMALL = 1023;
const LARGE = MIB + 1;

const root = makeTree(
  t,
  Object.fromEntries(SIZES.map((size) => [`${size}.bin`, { size }] as const)),
);
const claims = claimsExcept(EXCEPTIONS.bodies);
const keepAlive = { fields: { connection: 'keep-alive' } };

/** Asks on a connection that stays, and tells whether the answer is that file. */
async function isWhole(connection: Connection, size: number): Promise<boolean> {
  await connection.send(requestBytes(`/${size}.bin`, keepAlive));
  const { status, body } = await connection.read();
  return status === 200 && body.equals(pattern(size));
}

async function checkSizes(t: Test, { address }: Origin): Promise<void> {
  const connection = await connect(address);
  t.teardown(() => connection.close());
  for (const size of SIZES) {
    const times = size > 2 * MIB ? 1 : 4;
    const whole: boolean[] = [];
    for (let i = 0; i < times; i++) whole.push(await isWhole(connection, size));
    t.same(whole, Array(times).fill(true), `${size} bytes, ${times} times`);
  }
  t.ok(await isWhole(connection, 1), 'all on one connection, whatever the way of the bytes');
}

async function checkStrategies(t: Test, serve: Serve): Promise<void> {
  for (const strategy of ['mmap', 'sendfile', 'read'] as const) {
    const { address } = await serve({
      root,
      strategy,
      mmapMax: 2 * MIB,
      mmapMinUses: 1,
      sendfileMin: 0,
    });
    const connection = await connect(address);
    for (const size of [0, 1, 64 * KIB + 1, MIB + 1]) {
      const whole = (await isWhole(connection, size)) && (await isWhole(connection, size));
      t.ok(whole, `strategy ${strategy}: ${size} bytes`);
    }
    await connection.send(
      requestBytes(`/${LARGE}.bin`, {
        fields: { connection: 'keep-alive', range: 'bytes=70000-140000' },
      }),
    );
    const part = await connection.read();
    t.ok(
      part.body.equals(pattern(LARGE).subarray(70_000, 140_001)),
      `strategy ${strategy}: a range`,
    );
    connection.close();
  }
}

async function checkCrowd(t: Test, { address }: Origin): Promise<void> {
  const clients = Array.from({ length: 200 }, async (_, i) => {
    const size = SIZES[i % (SIZES.length - 1)] ?? 0;
    const { body } = await request(address, `/${size}.bin`);
    return body.equals(pattern(size));
  });
  const whole = await Promise.all(clients);
  t.equal(whole.filter(Boolean).length, 200, '200 downloads at once');
}

/** What came for several requests that were sent in one write. */
async function pipelined({ address }: Origin, etag: string): Promise<string> {
  const connection = await connect(address);
  const targets = [SMALL, LARGE, SMALL, SMALL, 64 * KIB + 1].map((size) => `/${size}.bin`);
  const requests = targets.map((target, i) =>
    requestBytes(target, {
      fields: { connection: 'keep-alive', ...(i === 2 ? { 'if-none-match': etag } : {}) },
    }),
  );
  const got: string[] = [];
  try {
    await connection.send(Buffer.concat(requests));
    for (const _ of targets) {
      const { status, body } = await connection.read();
      got.push(`${status}:${body.length}${body.equals(pattern(body.length)) ? '' : ' wrong'}`);
    }
  } catch {
    got.push('closed');
  } finally {
    connection.close();
  }
  const wanted = `200:${SMALL} 200:${LARGE} 304:0 200:${SMALL} 200:${64 * KIB + 1}`;
  return got.join(' ') === wanted ? '' : got.join(' ');
}

/** A request whose every byte is read alone: between two of them, another client is answered twice. */
async function byteByByte({ address }: Origin): Promise<string> {
  const [connection, other] = [await connect(address), await connect(address)];
  try {
    for (const byte of requestBytes(`/${SMALL}.bin`, keepAlive)) {
      await connection.send(Buffer.of(byte));
      await isWhole(other, SMALL);
      await isWhole(other, SMALL);
    }
    const { status, body } = await connection.read();
    return status === 200 && body.equals(pattern(SMALL)) ? '' : `${status}`;
  } catch {
    return 'closed';
  } finally {
    connection.close();
    other.close();
  }
}

/** A client that says after its request that it will send no more. */
async function halfClosed({ address }: Origin, size: number): Promise<string> {
  const connection = await connect(address);
  try {
    await connection.send(requestBytes(`/${size}.bin`, keepAlive));
    connection.end();
    const { body } = await connection.read();
    if (!body.equals(pattern(size))) return 'another body';
    return (await connection.rest()).length === 0 ? '' : 'more than the body';
  } catch {
    return 'closed';
  } finally {
    connection.close();
  }
}

onEveryCarrierAndProxy(t, async (t, serve, { name, transport, http2 }) => {
  const origin = await serve({ root });
  await checkSizes(t, origin);
  await checkStrategies(t, serve);
  await checkCrowd(t, origin);
  const { etag } = await validatorsOf(origin.address, `/${SMALL}.bin`);
  claims.claim(t, name, 'pipelined requests are answered in order', await pipelined(origin, etag));
  claims.claim(t, name, 'a request one byte at a time', await byteByByte(origin));
  // Whoever sends no more cannot say either that it has room.
  if (http2) return;
  // A small answer may outrun the half-close, where the library takes it for a close.
  for (const size of transport === 'uws' ? [64 * MIB] : [SMALL, LARGE, 64 * MIB]) {
    claims.claim(t, name, `half-closed: ${size} bytes`, await halfClosed(origin, size));
  }
});

claims.settle(t);
