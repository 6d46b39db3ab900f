// Time and limits on every carrier: slow and silent clients, too many of them, and the end of the server.
import t, { type Test } from 'tap';
import { type Connection, connect, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { type Carrier, type Origin, onEveryCarrierAndProxy, type Serve } from './carriers.ts';
import { claimsExcept } from './claims.ts';
import { EXCEPTIONS } from './exceptions.ts';

const LARGE = 32 * 2 ** 20;
const root = makeTree(t, { 'small.txt': 'small', 'large.bin': { size: LARGE } });
const claims = claimsExcept(EXCEPTIONS.lifecycle);
const keepAlive = { fields: { connection: 'keep-alive' } };
const small = requestBytes('/small.txt', keepAlive);
const large = requestBytes('/large.bin', keepAlive);

async function outcome(connection: Connection): Promise<string> {
  try {
    const { status } = await connection.read();
    const rest = await connection.rest();
    return rest.length === 0 ? `${status} closed` : `${status} and ${rest.length} bytes`;
  } catch {
    return 'closed';
  } finally {
    connection.close();
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}

async function checkTimeouts(t: Test, serve: Serve, { name, http2 }: Carrier): Promise<void> {
  const { address } = await serve({ root, headerTimeout: 150 });
  // In frames, half a head is no request yet: test/http2/limits.test.ts.
  for (const [title, sent] of http2
    ? []
    : ([
        ['408: half a request line', 'GET /sma'],
        ['408: a head without its end', 'GET /small.txt HTTP/1.1\r\nHost: a\r\n'],
        ['408: the second request', `${small}GET /sma`],
      ] as const)) {
    const connection = await connect(address);
    await connection.send(sent);
    if (sent.startsWith(small.toString())) await connection.read();
    const got = await outcome(connection);
    claims.claim(t, name, title, got === '408 closed' ? '' : got);
  }

  const idle = await serve({ root, keepAliveTimeout: 150 });
  const connection = await connect(idle.address);
  await connection.send(small);
  await connection.read();
  t.equal((await connection.rest()).length, 0, 'an idle connection is closed without a word');
  connection.close();

  const stalled = await serve({ root, sendTimeout: 150, logLevel: 'silent' });
  const reader = await connect(stalled.address);
  reader.pause();
  await reader.send(large);
  await until(async () => {
    const { aborted, transfers } = await stalled.stats();
    return aborted === 1 && transfers === 0;
  });
  t.pass('a client that takes nothing is let go, and counted');
  reader.close();
}

async function checkLimit(t: Test, serve: Serve, { name }: Carrier): Promise<void> {
  const { address, stats } = await serve({ root, maxConnections: 2 });
  const [first, second] = [await connect(address), await connect(address)];
  for (const connection of [first, second]) {
    await connection.send(small);
    t.equal((await connection.read()).status, 200, 'within the limit');
  }
  const third = await connect(address).catch(() => undefined);
  await third?.send(small).catch(() => {});
  const got = third === undefined ? 'closed' : await outcome(third);
  claims.claim(t, name, 'over the limit: 503', got === '503 closed' ? '' : got);
  first.close();
  await until(async () => (await stats()).connections < 2);
  const next = await connect(address);
  await next.send(small);
  t.equal((await next.read()).status, 200, 'who leaves makes room');
  next.close();
  second.close();
}

async function checkClose(t: Test, serve: Serve): Promise<void> {
  const origin = await serve({ root, grace: 60_000 });
  const { address } = origin;
  const [idle, busy] = [await connect(address), await connect(address)];
  await idle.send(small);
  await idle.read();
  await inFlight(busy, origin);
  const closed = origin.close();
  await until(() => isRefused(origin));
  t.pass('close: no new connection while one is busy');
  busy.resume();
  t.ok((await busy.read()).body.equals(pattern(LARGE)), 'close: what is in flight is finished');
  await closed;
  t.equal((await busy.rest()).length, 0, 'close: then its connection ends');
  t.equal((await idle.rest()).length, 0, 'close: and the idle ones have');
  idle.close();
  busy.close();
}

async function isRefused({ address }: Origin): Promise<boolean> {
  try {
    (await connect(address)).close();
    return false;
  } catch {
    return true;
  }
}

async function checkCut(t: Test, serve: Serve): Promise<void> {
  const origin = await serve({ root, grace: 50 });
  const busy = await connect(origin.address);
  await inFlight(busy, origin);
  await origin.close();
  busy.resume();
  await t.rejects(busy.read(), /closed after/, 'close: after the grace time all is cut');
  busy.close();
}

/** A large answer is under way to a client that does not read. */
async function inFlight(connection: Connection, { stats }: Origin): Promise<void> {
  // The answer before it may have been read, and not yet be over.
  await until(async () => (await stats()).transfers === 0);
  connection.pause();
  await connection.send(large);
  await until(async () => (await stats()).transfers === 1);
}

onEveryCarrierAndProxy(t, async (t, serve, carrier) => {
  await checkLimit(t, serve, carrier);
  await checkClose(t, serve);
  await checkCut(t, serve);
  // uWebSockets.js has times of its own, about 10 s, that nobody can set.
  if (carrier.transport !== 'uws') await checkTimeouts(t, serve, carrier);
});

claims.settle(t);
