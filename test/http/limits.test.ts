// Limits by client on every carrier: who may ask, how often, on how many connections and for how long, and how fast.
import t, { type Test } from 'tap';
import { until } from '../faults/process.ts';
import { type Address, type Answer, connect, request, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { type Carrier, onEveryCarrier, type Serve } from './carriers.ts';

const SLOW = 100_000;
const root = makeTree(t, {
  'a.txt': 'aaaa',
  'slow.bin': { size: SLOW },
  'memory.txt': { size: 30_000 },
});
const KEPT = { fields: { connection: 'keep-alive' } };

/** Where every address of 127.0.0.0/8 is this machine's. */
const ANOTHER = '127.0.0.2';

const asAnother = (address: Address): Address => ({ ...address, from: ANOTHER });

async function statusesOf(address: Address, times: number): Promise<number[]> {
  const statuses = [];
  for (let i = 0; i < times; i++) statuses.push((await request(address, '/a.txt')).status);
  return statuses;
}

async function checkNetworks(t: Test, serve: Serve): Promise<void> {
  const denying = await serve({ root, deny: ['127.0.0.2/32', '10.0.0.0/8'] });
  t.equal((await request(denying.address, '/a.txt')).status, 200, 'not among the denied');
  const denied = await request(asAnother(denying.address), '/a.txt');
  t.equal(denied.status, 403, 'denied');
  t.match(denied.body.toString(), /403 Forbidden/, 'with the page of every other 403');
  t.equal((await request(asAnother(denying.address), '/none')).status, 403, 'whatever is asked');
  t.equal((await denying.stats()).forbidden, 2, 'counted');

  const allowing = await serve({ root, allow: '127.0.0.2', deny: 'none' });
  t.equal((await request(asAnother(allowing.address), '/a.txt')).status, 200, 'allowed');
  t.equal((await request(allowing.address, '/a.txt')).status, 403, 'not allowed');

  const both = await serve({ root, allow: '127.0.0.0/8', deny: ANOTHER });
  t.equal((await request(both.address, '/a.txt')).status, 200, 'allowed, not denied');
  t.equal((await request(asAnother(both.address), '/a.txt')).status, 403, 'denied, though allowed');
}

async function checkRate(t: Test, serve: Serve): Promise<void> {
  const { address, stats } = await serve({ root, maxRequestsPerAddress: '2/m,3' });
  t.same(await statusesOf(address, 5), [200, 200, 200, 429, 429], 'a burst, and no more');
  const late = await request(address, '/none');
  t.equal(late.status, 429, 'whatever is asked');
  t.match(
    late.field('retry-after'),
    /^(?:[1-9]|[12]\d|30)$/,
    'in so many seconds one may be answered',
  );
  t.match(late.field('cache-control'), 'no-store');
  t.same(await statusesOf(asAnother(address), 3), [200, 200, 200], 'others pass');
  t.equal((await stats()).limited, 3, 'counted');

  // Three that may be prepared by then, and one that is not and waits behind them.
  const mixed = await serve({ root, maxRequestsPerAddress: '1/m,8' });
  const piped = await connect(mixed.address);
  await statusesOf(mixed.address, 4);
  const targets = ['/a.txt', '/a.txt', '/a.txt', '/none', '/a.txt'];
  await piped.send(Buffer.concat(targets.map((target) => requestBytes(target, KEPT))));
  const counted = [];
  for (const _ of targets) counted.push((await piped.read()).status);
  t.same(counted, [200, 200, 200, 404, 429], 'each request counts once');
  piped.close();

  const other = await serve({ root, maxRequestsPerAddress: '1/m,2' });
  const connection = await connect(other.address);
  await connection.send(
    Buffer.concat(Array.from({ length: 4 }, () => requestBytes('/a.txt', KEPT))),
  );
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await connection.read()).status);
  t.same(statuses, [200, 200, 429, 429], 'also on one connection, which stays');
  connection.close();
}

async function checkConnections(t: Test, serve: Serve, { tls }: Carrier): Promise<void> {
  const { address } = await serve({ root, maxConnectionsPerAddress: 2 });
  const open = [await connect(address), await connect(address)];
  for (const connection of open) {
    await connection.send(requestBytes('/a.txt', KEPT));
    t.equal((await connection.read()).status, 200, 'within the limit');
  }
  const third = await request(address, '/a.txt').catch(() => undefined);
  if (third !== undefined || !(tls || address.http2)) {
    t.equal(third?.status, 429, 'over the limit');
    t.equal(third?.field('retry-after'), '1');
  }
  t.equal((await request(asAnother(address), '/a.txt')).status, 200, 'others pass');
  open[0]?.close();
  await until(
    async () => (await request(address, '/a.txt').catch(() => undefined))?.status === 200,
  );
  t.pass('one has gone, another may come');
  open[1]?.close();
}

async function checkKeepAlive(t: Test, serve: Serve, { http2 = false }: Carrier): Promise<void> {
  const counted = await serve({ root, keepAliveRequests: 3 });
  const connection = await connect(counted.address);
  const answers: Answer[] = [];
  for (let i = 0; i < 3; i++) {
    await connection.send(requestBytes(i === 1 ? '/none' : '/a.txt', KEPT));
    answers.push(await connection.read());
  }
  t.same(
    answers.map(({ status }) => status),
    [200, 404, 200],
    'all are answered',
  );
  if (!http2) {
    t.same(
      answers.map((answer) => answer.field('connection') === 'close'),
      [false, false, true],
    );
    t.equal((await connection.rest()).length, 0, 'and the connection closes');
  }
  connection.close();

  const short = await serve({ root, keepAliveLife: 1 });
  if (http2) return;
  const aged = await connect(short.address);
  let last: Answer;
  do {
    await aged.send(requestBytes('/a.txt', KEPT));
    last = await aged.read();
    t.equal(last.status, 200);
  } while (last.field('connection') !== 'close');
  t.equal((await aged.rest()).length, 0, 'the last says so');
  aged.close();
}

async function timed(address: Address, target: string, fields = {}): Promise<[Answer, number]> {
  const began = performance.now();
  const answer = await request(address, target, { fields });
  return [answer, performance.now() - began];
}

async function checkPace(t: Test, serve: Serve): Promise<void> {
  // A client that waits for us is not slow.
  const { address, stats } = await serve({
    root,
    limitRate: 60_000,
    limitRateAfter: 10_000,
    sendTimeout: 400,
  });
  const whole = pattern(SLOW);
  // Below: what is over the first second's, at this rate; a clock that counts whole milliseconds may have begun one late.
  const [again, ranges, first, quick] = await Promise.all([
    timed(address, '/slow.bin'),
    timed(address, '/slow.bin', { range: 'bytes=0-79999,90000-99999' }),
    timed(address, '/slow.bin', { range: 'bytes=0-89999' }),
    timed(address, '/memory.txt'),
  ]);
  t.ok(again[0].body.equals(whole), 'every byte, in order');
  t.ok(again[1] >= 495, `no faster: ${again[1]}`);
  t.equal(ranges[0].status, 206);
  t.ok(ranges[0].body.length > 90_000 && ranges[1] >= 328, `nor in parts: ${ranges[1]}`);
  t.ok(
    first[0].body.equals(whole.subarray(0, 90_000)) && first[1] >= 328,
    `nor a range: ${first[1]}`,
  );
  t.equal(quick[0].body.length, 30_000, 'what is within the first second goes at once');
  t.equal((await stats()).timeouts, 0, 'nobody was too slow');

  const slower = await serve({ root, limitRate: 20_000, mmapMinUses: 1 });
  await request(slower.address, '/memory.txt', { fields: { range: 'bytes=0-9' } });
  const [memory, took] = await timed(slower.address, '/memory.txt');
  t.ok(memory.body.equals(pattern(30_000)) && took >= 495, `nor from memory: ${took}`);
}

onEveryCarrier(t, async (t, serve, carrier) => {
  await t.test('who may ask', (t) => checkNetworks(t, serve));
  await t.test('how often', (t) => checkRate(t, serve));
  await t.test('how fast', (t) => checkPace(t, serve));
  if (carrier.transport === 'uws') {
    await t.rejects(
      serve({ root, maxConnectionsPerAddress: 2 }),
      /maxConnectionsPerAddress is not/,
    );
    await t.rejects(serve({ root, keepAliveRequests: 2 }), /keepAliveRequests is not/);
    await t.rejects(serve({ root, keepAliveLife: 2 }), /keepAliveLife is not/);
    return;
  }
  await t.test('on how many connections', (t) => checkConnections(t, serve, carrier));
  await t.test('for how long', (t) => checkKeepAlive(t, serve, carrier));
});
