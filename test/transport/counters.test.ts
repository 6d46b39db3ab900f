// What a carrier counts beside bytes: whom it accepted, turned away and gave up, and files that sendfile does not take.
import { once } from 'node:events';
import t from 'tap';
import { Counters, Sending } from '../../src/transport/counters.ts';
import { createHttp1Transport } from '../../src/transport/node/http1.ts';
import { sendPieces } from '../../src/transport/pieces.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { createUwsTransport } from '../../src/transport/uws/uws.ts';
import { connect } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { answer, LIMITS, memoryLog, openEntry, tableHandler, until } from './fixtures.ts';
import { listenOn } from './listen.ts';

const common = {
  handler: tableHandler({}),
  reach: 'memory',
  log: memoryLog(),
  common: [],
} as const;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

t.test('node:http: one connection too many', async (t) => {
  const transport = createHttp1Transport({ ...common, limits: { ...LIMITS, maxConnections: 1 } });
  const address = { port: await listenOn(t, transport) };
  t.teardown(() => transport.close(0));
  const first = await connect(address);
  t.teardown(() => first.close());
  await first.send(REQUEST);
  await first.read();
  const second = await connect(address);
  await second.rest();
  const { connections, accepted, rejected, timeouts } = transport.stats();
  t.match(
    { connections, accepted, rejected, timeouts },
    { connections: 1, accepted: 2, rejected: 1 },
  );
  t.equal(timeouts, 0);
});

t.test('node:http: a head that does not end in time; an idle connection is none', async (t) => {
  const limits = { ...LIMITS, headerTimeoutMs: 100, keepAliveTimeoutMs: 100 };
  const transport = createHttp1Transport({ ...common, limits });
  const address = { port: await listenOn(t, transport) };
  t.teardown(() => transport.close(0));
  const idle = await connect(address);
  await idle.send(REQUEST);
  await idle.read();
  await idle.rest();
  t.equal(transport.stats().timeouts, 0);
  const late = await connect(address);
  await late.send('GET / HTTP/1.1\r\n');
  t.match(String(await late.rest()), /^HTTP\/1.1 408 /);
  t.equal(transport.stats().timeouts, 1);
});

t.test('node:http: an answer that nobody takes', async (t) => {
  const bytes = Buffer.alloc(2 ** 25);
  const handler = () =>
    answer(200, ['Content-Length', String(bytes.length)], { kind: 'bytes', bytes });
  const limits = { ...LIMITS, sendTimeoutMs: 300 };
  const transport = createHttp1Transport({ ...common, handler, limits });
  const address = { port: await listenOn(t, transport) };
  t.teardown(() => transport.close(0));
  const client = await connect(address);
  t.teardown(() => client.close());
  client.socket.pause();
  await client.send(REQUEST);
  await until(() => transport.stats().timeouts === 1);
  await until(() => transport.stats().aborted === 1);
  t.equal(transport.stats().connections, 0);
});

const { library, reason } = { reason: '', ...(await loadUws()) };
t.test('uWebSockets.js: one connection too many', { skip: !library && reason }, async (t) => {
  if (library === undefined) return;
  const limits = { ...LIMITS, maxConnections: 1 };
  const transport = createUwsTransport({ ...common, library, limits });
  const address = { port: await listenOn(t, transport) };
  t.teardown(() => transport.close(0));
  const first = await connect(address);
  const second = await connect(address);
  t.teardown(() => first.close());
  await second.send(REQUEST);
  t.equal((await second.read()).status, 503);
  const { accepted, rejected } = transport.stats();
  t.same({ accepted, rejected }, { accepted: 2, rejected: 1 });
  second.close();
  await once(second.socket, 'close');
});

t.test('sendfile refuses a file, and a client takes too little of it', async (t) => {
  const root = makeTree(t, { a: 'abc' });
  const file = await openEntry(t, root, 'a');
  const counters = new Counters();
  const pieces = [{ start: 0, end: file.size }];
  const send = (outcome: 'sent' | 'timed-out', refused: boolean) =>
    sendPieces(
      { strategy: 'sendfile', reason: 'size', file, pieces },
      { write: async () => true, send: async () => ({ outcome, sent: 3, refused }) },
      new Sending(counters, 200, 'http/1.1', { began: performance.now() }),
      counters,
      memoryLog(),
    );
  t.equal(await send('sent', true), true);
  t.match(counters.snapshot(), { refused: 1, timeouts: 0 });
  t.equal(await send('timed-out', false), false);
  t.match(counters.snapshot(), { refused: 1, timeouts: 1, aborted: 1 });
});
