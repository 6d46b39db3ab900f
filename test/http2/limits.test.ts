// What one client may ask for, how long it may take, and how it ends. RFC 9113 §5.1.2, §6.8, §10.5.
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { residentOf } from '../faults/process.ts';
import { startHost } from '../http/host.ts';
import {
  block,
  connectFrames,
  END_HEADERS,
  END_STREAM,
  type FrameClient,
  frame,
  GET,
  get,
  number,
  PREFACE,
  settings,
  TYPES,
  windowUpdate,
} from '../support/frames.ts';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';

const root = makeTree(t, { 'a.txt': 'aaaa', 'large.bin': { size: 2 ** 22 } });
const native = loadNative();
const skip = native.addon ? false : (native.reason ?? true);
const ping = frame('PING', 0, 0, '12345678');
const MIB = 2 ** 20;

/** The last words of the server, and that it closes. */
async function end(client: FrameClient): Promise<string> {
  let last = '';
  for (;;) {
    const [event = 'closed'] = await client.events(1);
    if (event === 'closed') return last;
    last = event;
  }
}

t.test('more than 100 streams at a time: the next is refused (§5.1.2)', { skip }, async (t) => {
  const { port } = await startServer(t, { root, h2c: true });
  const client = await connectFrames(port);
  const asked = Array.from({ length: 101 }, (_, i) => get(2 * i + 1, '/large.bin'));
  client.send(settings([4, 0]), ...asked);
  const events = await client.events(101);
  t.same(
    events.filter((event) => !event.endsWith(': 200')),
    ['201: REFUSED_STREAM'],
  );
  client.send(ping);
  t.same(await client.events(1), ['open']);
  client.close();
});

/** Each sent until the server has had enough. */
const FLOODS: ReadonlyArray<
  readonly [title: string, start: readonly Buffer[], again: (i: number) => Buffer]
> = [
  ['PING (CVE-2019-9512)', [], () => ping],
  ['SETTINGS (CVE-2019-9515)', [], () => settings([3, 1])],
  [
    'empty DATA (CVE-2019-9518)',
    [
      frame(
        'HEADERS',
        END_HEADERS,
        1,
        block([[':method', 'POST'], ...GET.slice(1), [':path', '/a.txt']]),
      ),
    ],
    () => frame('DATA', 0, 1),
  ],
  [
    'empty CONTINUATION (CVE-2024-27316)',
    [frame('HEADERS', 0, 1)],
    () => frame('CONTINUATION', 0, 1),
  ],
  [
    'CONTINUATION without end',
    [frame('HEADERS', 0, 1)],
    () => frame('CONTINUATION', 0, 1, 'a'.repeat(2000)),
  ],
  ['WINDOW_UPDATE', [settings([4, 1]), get(1, '/large.bin')], () => windowUpdate(1, 1)],
  ['PRIORITY', [], () => frame('PRIORITY', 0, 1, Buffer.alloc(5))],
  ['frames that nobody knows', [], () => frame(99, 0, 0, 'x')],
  [
    'requests that are reset (CVE-2023-44487)',
    [],
    (i) => Buffer.concat([get(2 * i + 1, '/none'), frame('RST_STREAM', 0, 2 * i + 1, number(8))]),
  ],
  ['requests that must be reset', [], (i) => get(2 * i + 1, '/a.txt', [['Upper', 'case']])],
];

t.test('every flood ends in GOAWAY, and costs no memory (§10.5)', { skip }, async (t) => {
  const host = startHost(t, { addon: true });
  const { port, stats } = await host.start({ root, h2c: true });
  const before = residentOf(host.pid);
  for (const [title, start, again] of FLOODS) {
    const client = await connectFrames(port);
    client.send(...start);
    for (
      let i = 0;
      i < 20_000 && client.socket.writable && !client.socket.readableEnded;
      i += 100
    ) {
      client.send(...Array.from({ length: 100 }, (_, n) => again(i + n)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.equal(await end(client), 'ENHANCE_YOUR_CALM', title);
    client.close();
    const other = await connectFrames(port);
    other.send(get(1, '/a.txt'));
    t.same(await other.events(1), ['1: 200'], 'others are served');
    other.close();
  }
  const grown = (residentOf(host.pid) - before) / MIB;
  t.ok(grown < 32, `${grown.toFixed(1)} MiB more`);
  t.equal((await stats()).transfers, 0, 'nothing is left under way');
});

t.test('500 connections of 100 streams that are not read', { skip }, async (t) => {
  const host = startHost(t, { addon: true });
  const { port, stats } = await host.start({ root, h2c: true });
  const warm = await connectFrames(port);
  for (let i = 0; i < 8; i++) warm.send(get(2 * i + 1, '/large.bin'));
  await warm.events(8);
  const before = residentOf(host.pid);
  const asked = Array.from({ length: 100 }, (_, i) => get(2 * i + 1, '/large.bin'));
  const clients: FrameClient[] = [];
  for (let i = 0; i < 500; i++) {
    const client = await connectFrames(port, [PREFACE, settings([4, 0])]);
    client.send(...asked);
    clients.push(client);
  }
  for (const client of clients) await client.events(100);
  t.equal((await stats()).transfers, 50_000 + 8, 'all are under way');
  const each = (residentOf(host.pid) - before) / 50_000 / 1024;
  t.ok(each < 6, `${each.toFixed(2)} KiB for each`);
  for (const client of [...clients, warm]) client.socket.resetAndDestroy();
  while ((await stats()).transfers > 0);
});

t.test('an idle connection takes less than 12 KiB, whatever it was asked', { skip }, async (t) => {
  const host = startHost(t, { addon: true });
  const { port } = await host.start({ root, h2c: true });
  /** Fills the table of field lines that the server keeps for it (RFC 7541 §4.2). */
  const visit = async () => {
    const session = connectHttp2(`http://127.0.0.1:${port}`).on('error', () => {});
    const page = Array.from({ length: 16 }, async (_, i) => {
      const stream = session.request({ ':path': '/a.txt', 'x-filling': `${i}`.repeat(150) });
      await once(stream.resume(), 'close');
    });
    await Promise.all(page);
    return session;
  };
  const sessions = [await visit(), await visit()];
  await host.collect();
  const before = residentOf(host.pid);
  for (let i = 0; i < 1000; i++) sessions.push(await visit());
  await host.collect();
  const each = (residentOf(host.pid) - before) / 1000 / 1024;
  t.ok(each < 12, `${each.toFixed(2)} KiB for each`);
  for (const session of sessions) session.destroy();
});

t.test('a head takes --header-timeout, however it drips', { skip }, async (t) => {
  const { port } = await startServer(t, {
    root,
    h2c: true,
    headerTimeout: 150,
    keepAliveTimeout: '1h',
  });
  for (const [title, bytes] of [
    ['half a frame', get(1, '/a.txt').subarray(0, 20)],
    ['half a frame head', Buffer.from([0, 0])],
    ['a block without its end', frame('HEADERS', END_STREAM, 1, block(GET))],
  ] as const) {
    const client = await connectFrames(port);
    client.send(bytes);
    t.equal(await end(client), 'ENHANCE_YOUR_CALM', title);
    client.close();
  }
  const drips = await connectFrames(port);
  drips.send(frame('HEADERS', END_STREAM, 1));
  const timer = setInterval(() => drips.send(frame('CONTINUATION', 0, 1)), 20);
  t.equal(await end(drips), 'ENHANCE_YOUR_CALM', 'a CONTINUATION now and then');
  clearInterval(timer);
  drips.close();
});

t.test('an idle connection is told and closed; PINGs do not keep it', { skip }, async (t) => {
  const { port } = await startServer(t, { root, h2c: true, keepAliveTimeout: 150 });
  const client = await connectFrames(port);
  const timer = setInterval(() => client.send(ping), 20);
  t.equal(await end(client), 'NO_ERROR');
  clearInterval(timer);
  client.close();
});

t.test('the send timeout is of each stream, and of the whole window', { skip }, async (t) => {
  const { port, stats } = await startServer(t, { root, h2c: true, sendTimeout: 150 });
  const client = await connectFrames(port);
  client.send(settings([4, 1]), get(1, '/large.bin'));
  t.same(await client.events(2), ['1: 200', '1: CANCEL'], 'a stream whose window stays shut');
  client.send(get(3, '/a.txt'), windowUpdate(3, 3), ping);
  t.same((await client.events(2)).toSorted(), ['3: 200', 'open'], 'the connection goes on');
  client.close();

  const shut = await connectFrames(port);
  shut.send(settings([4, 2 ** 30]), get(1, '/large.bin'));
  t.equal(await end(shut), 'ENHANCE_YOUR_CALM', "the connection's window stays shut");
  shut.close();
  t.equal(stats().timeouts, 2);
});

t.test('who stops says so, and finishes what is under way (§6.8)', { skip }, async (t) => {
  const server = await startServer(t, { root, h2c: true, grace: 60_000 });
  const [idle, busy] = [await connectFrames(server.port), await connectFrames(server.port)];
  busy.send(settings([4, 0]), get(1, '/a.txt'));
  t.same(await busy.events(1), ['1: 200']);
  idle.send(get(1, '/a.txt'));
  await idle.events(1);
  const deaf = await connectFrames(server.port);
  deaf.send(get(1, '/a.txt'));
  await deaf.events(1);
  const closed = server.close();
  const heard = frame('PING', 1, 0, 'zcserve!');
  idle.send(heard);
  t.equal(await end(idle), 'NO_ERROR', 'the idle one is closed when it has heard of it');
  t.same(await busy.events(1), ['NO_ERROR'], 'the busy one is told');
  busy.send(get(3, '/a.txt'));
  t.same(await busy.events(1), ['3: 200'], 'what it asked before it heard is answered');
  busy.send(heard, get(5, '/a.txt'));
  t.same(await busy.events(2), ['NO_ERROR', '5: REFUSED_STREAM'], 'and then it asks in vain');
  busy.send(windowUpdate(1, 4), windowUpdate(3, 4));
  t.equal(await end(busy), 'NO_ERROR', 'its answers arrive, and the connection ends');
  t.equal(await end(deaf), 'NO_ERROR', 'one that never hears of it is closed all the same');
  await closed;
});

t.test(
  'the last request of a connection is announced, and the next is not lost (§6.8)',
  {
    skip,
  },
  async (t) => {
    const { port } = await startServer(t, { root, h2c: true, keepAliveRequests: 2 });
    const client = await connectFrames(port);
    client.send(settings([4, 0]), get(1, '/a.txt'), get(3, '/none'), get(5, '/a.txt'));
    const told: string[] = [];
    for (let frame = await client.next(); frame; frame = await client.next()) {
      if (frame.type === TYPES.indexOf('GOAWAY'))
        told.push(`GOAWAY ${frame.payload.readUInt32BE(0)}`);
      if (frame.type === TYPES.indexOf('RST_STREAM')) {
        told.push(`${frame.stream} reset ${frame.payload.readUInt32BE(0)}`);
        client.send(windowUpdate(1, 4), windowUpdate(3, 10_000));
      }
    }
    const refused = 7;
    t.same(told, ['GOAWAY 3', `5 reset ${refused}`, 'GOAWAY 3'], 'its number is never raised');
    client.close();

    const aged = await startServer(t, { root, h2c: true, keepAliveLife: 1 });
    const other = await connectFrames(aged.port);
    let last = '';
    for (let stream = 1; last !== 'NO_ERROR'; stream += 2) {
      other.send(get(stream, '/a.txt'));
      [last = ''] = await other.events(1);
      if (last === 'NO_ERROR') t.same(await other.events(1), [`${stream}: 200`], 'and is answered');
    }
    other.close();
  },
);

t.test('a client that leaves is let go', { skip }, async (t) => {
  const leave = {
    'by a reset': ({ socket }: FrameClient) => socket.resetAndDestroy(),
    // Nor does it make room for more any more, whatever it still reads.
    'by saying that nothing more comes': ({ socket }: FrameClient) => socket.end(),
  };
  for (const [how, go] of Object.entries(leave)) {
    for (const window of [0, 2 ** 30]) {
      const { port, stats } = await startServer(t, { root, h2c: true, sendTimeout: '1h' });
      const client = await connectFrames(port);
      client.send(settings([4, window]), get(1, '/large.bin'));
      await client.events(1);
      go(client);
      while (stats().connections > 0) await new Promise((resolve) => setImmediate(resolve));
      t.match(stats(), { transfers: 0, aborted: 1 }, `${how}, a window of ${window}`);
    }
  }
});
