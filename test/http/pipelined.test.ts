// Requests that come together: where the engine has their answers ready, those leave together, and each is counted.
import { buffer } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { connect, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { CARRIERS, type Carrier, missing, type Origin, startOrigin } from './carriers.ts';
import { startHost } from './host.ts';

type Stats = Awaited<ReturnType<Origin['stats']>>;

const mtime = new Date('2001-01-01T00:00:00Z');
const NODES = { 'small.bin': { size: 1000, mtime }, 'empty.bin': { text: '', mtime } };

const keepAlive = { fields: { connection: 'keep-alive' } };

function sumOf({ byStrategy }: Stats, what: 'responses' | 'bytes'): number {
  return Object.values(byStrategy).reduce((sum, tally) => sum + tally[what], 0);
}

/** The counters, once this holds of them and of those that were asked for before. */
async function statsWhere(origin: Origin, holds: (now: Stats, before: Stats) => boolean) {
  for (let before = await origin.stats(); ; ) {
    const now = await origin.stats();
    if (holds(now, before)) return now;
    before = now;
  }
}

/** Asks until no JavaScript runs for it. */
async function heat(origin: Origin, target: string): Promise<void> {
  const connection = await connect(origin.address);
  for (const { hot } = await origin.stats(); (await origin.stats()).hot === hot; ) {
    await connection.send(requestBytes(target, keepAlive));
    await connection.read();
  }
  connection.close();
}

/** The bodies of answers that lie one behind the other. */
function splitAnswers(bytes: Buffer): Buffer[] {
  const bodies: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = bytes.indexOf('\r\n\r\n', at) + 4;
    const head = bytes.toString('latin1', at, start);
    const [, length] = /^Content-Length: (\d+)\r$/m.exec(head) ?? [];
    if (!head.startsWith('HTTP/1.1 200 OK\r\n') || length === undefined) throw new Error(head);
    at = start + Number(length);
    bodies.push(bytes.subarray(start, at));
  }
  return bodies;
}

async function readLate(t: Test, carrier: Carrier): Promise<void> {
  const origin = await startOrigin(carrier, startHost(t, carrier), { root: makeTree(t, NODES) });
  const { address } = origin;
  await heat(origin, '/small.bin');
  await heat(origin, '/empty.bin');
  const before = await statsWhere(origin, ({ connections }) => connections === 0);

  // More than the buffers of a connection take.
  const targets = Array.from({ length: 20_000 }, (_, i) => (i % 7 === 3 ? 'empty' : 'small'));
  const requests = targets.map((name) => requestBytes(`/${name}.bin`, keepAlive));
  const last = requestBytes('/small.bin');
  const bodies = [...targets, 'small'].map((name) => pattern(name === 'small' ? 1000 : 0));
  const { socket } = await connect(address);
  t.teardown(() => socket.destroy());
  socket.removeAllListeners('data').pause();
  socket.write(Buffer.concat([...requests, last]));
  const full = await statsWhere(origin, (now, then) => now.transfers > 0 && now.hot === then.hot);
  t.ok(full.hot - before.hot < bodies.length, 'no more is read than it takes');

  const answers = splitAnswers(await buffer(socket));
  t.equal(answers.length, bodies.length);
  t.ok(
    bodies.every((body, i) => answers[i]?.equals(body)),
    'in the order of the requests',
  );
  const after = await statsWhere(origin, ({ connections }) => connections === 0);
  t.equal(sumOf(after, 'responses'), sumOf(before, 'responses') + bodies.length);
  t.equal(sumOf(after, 'bytes'), sumOf(before, 'bytes') + Buffer.concat(bodies).length);
  t.equal(after.hot, before.hot + bodies.length);
  t.match(after, { transfers: 0, aborted: before.aborted });
}

async function vanish(t: Test, carrier: Carrier): Promise<void> {
  const origin = await startOrigin(carrier, startHost(t, carrier), { root: makeTree(t, NODES) });
  await heat(origin, '/small.bin');
  const before = await statsWhere(origin, ({ connections }) => connections === 0);
  const connection = await connect(origin.address);
  connection.socket.removeAllListeners('data').pause();
  connection.socket.write(Buffer.concat(Array(20_000).fill(requestBytes('/small.bin', keepAlive))));
  await statsWhere(origin, (now, then) => now.transfers > 0 && now.hot === then.hot);
  connection.socket.destroy();
  const after = await statsWhere(origin, ({ connections }) => connections === 0);
  const ended = sumOf(after, 'responses') - sumOf(before, 'responses');
  const aborted = after.aborted - before.aborted;
  t.equal(ended + aborted, after.hot - before.hot, 'each is sent, or is not');
  t.equal(after.transfers, 0);
}

for (const carrier of CARRIERS.filter(({ name }) => name === 'native' || name === 'native TLS')) {
  const skip = missing(carrier) ?? false;
  t.test(`${carrier.name}: a client that reads late gets each answer once`, { skip }, (t) =>
    readLate(t, carrier),
  );
  t.test(`${carrier.name}: answers end once where the client goes away`, { skip }, (t) =>
    vanish(t, carrier),
  );
}
