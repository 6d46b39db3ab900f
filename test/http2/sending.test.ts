// How answers leave: flow control at both levels, who goes first, and who holds up whom. RFC 9113 §5.2, RFC 9218.
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { request } from '../support/client.ts';
import {
  connectFrames,
  END_STREAM,
  type FrameClient,
  frame,
  get,
  number,
  priorityUpdate,
  settings,
  TYPES,
  windowUpdate,
} from '../support/frames.ts';
import { startServer } from '../support/server.ts';
import { makeTree, pattern } from '../support/tree.ts';

const SIZE = 2 ** 20;
const root = makeTree(t, {
  'four.txt': 'abcd',
  'large.bin': { size: SIZE },
  'css.css': 'c'.repeat(100),
});
const native = loadNative();
const skip = native.addon ? false : (native.reason ?? true);
const ping = frame('PING', 0, 0, '12345678');

/** DATA until `isOver`, in order; what else comes is read over. */
async function data(
  client: FrameClient,
  isOver: (stream: number, flags: number, total: number) => boolean,
) {
  const pieces: Array<readonly [stream: number, bytes: Buffer]> = [];
  for (let total = 0; ; ) {
    const next = await client.next();
    if (next === undefined) throw new Error('closed');
    if (TYPES[next.type] !== 'DATA') continue;
    pieces.push([next.stream, next.payload]);
    total += next.payload.length;
    if (isOver(next.stream, next.flags, total)) return pieces;
  }
}
const textOf = (pieces: ReadonlyArray<readonly [number, Buffer]>) =>
  Buffer.concat(pieces.map(([, bytes]) => bytes));
const ended = (_: number, flags: number) => (flags & END_STREAM) !== 0;

t.test('a window of one stream, widened and narrowed (§6.9.1, §6.9.2)', { skip }, async (t) => {
  const { port } = await startServer(t, { root, h2c: true });
  const client = await connectFrames(port);
  client.send(settings([4, 1]), get(1, '/four.txt'));
  t.equal(textOf(await data(client, () => true)).toString(), 'a', 'no more than the window');
  client.send(settings([4, 3]));
  t.equal(
    textOf(await data(client, (_s, _f, total) => total === 2)).toString(),
    'bc',
    'the difference',
  );
  client.send(settings([4, 0]), windowUpdate(1, 3), ping);
  t.same(await client.events(1), ['open'], 'a window below zero takes nothing');
  client.send(windowUpdate(1, 1));
  t.equal(textOf(await data(client, ended)).toString(), 'd', 'the rest, and the end with it');
  client.close();
});

t.test("the connection's window holds all of them, one at a time (§5.2.1)", { skip }, async (t) => {
  const { port } = await startServer(t, { root, h2c: true });
  const client = await connectFrames(port);
  client.send(settings([4, 2 ** 31 - 1]), get(1, '/large.bin'));
  t.equal(
    textOf(await data(client, (_s, _f, total) => total >= 65535)).length,
    65535,
    'to the byte',
  );
  client.send(get(3, '/four.txt'));
  t.same(await client.events(1), ['3: 200'], 'a head needs no window');
  client.send(windowUpdate(0, SIZE));
  const rest = await data(client, (stream, flags) => stream === 1 && (flags & END_STREAM) !== 0);
  t.equal(textOf(rest.filter(([stream]) => stream === 3)).toString(), 'abcd');
  const large = textOf(rest.filter(([stream]) => stream === 1));
  t.ok(large.equals(pattern(SIZE).subarray(65535)), 'whole, and in order');
  t.ok(
    rest.every(([, bytes]) => bytes.length <= 16384),
    'no frame is larger than it may be (§4.2)',
  );
  client.close();
});

t.test('a stream that is not read holds up nobody (§5.2.2)', { skip }, async (t) => {
  const { port } = await startServer(t, { root, h2c: true });
  const client = await connectFrames(port);
  client.send(settings([4, 10]), get(1, '/large.bin'), get(3, '/four.txt'));
  const pieces = await data(client, (stream, flags) => stream === 3 && (flags & END_STREAM) !== 0);
  t.equal(textOf(pieces.filter(([stream]) => stream === 3)).toString(), 'abcd');
  client.close();
});

t.test(
  'the more urgent goes first, by the field and by PRIORITY_UPDATE (RFC 9218 §4, §7)',
  { skip },
  async (t) => {
    const { port } = await startServer(t, { root, h2c: true });
    const update = priorityUpdate(3, 'u=1');
    const asked = (priority: string) => get(3, '/large.bin', [['priority', priority]]);
    for (const [title, ...frames] of [
      ['Priority', asked('u=1')],
      ['PRIORITY_UPDATE', get(3, '/large.bin'), update],
      ['PRIORITY_UPDATE before its request', update, asked('u=7')],
      [
        'the last before it',
        priorityUpdate(3, 'u=7'),
        priorityUpdate(5, 'u=7'),
        update,
        asked('u=7'),
      ],
    ] as const) {
      const client = await connectFrames(port);
      client.send(settings([4, 2 ** 30]), get(1, '/large.bin', [['priority', 'u=5']]));
      await data(client, (_s, _f, total) => total >= 65535);
      client.send(...frames);
      t.same(await client.events(1), ['3: 200']);
      client.send(windowUpdate(0, 70_000));
      const pieces = await data(client, (_s, _f, total) => total >= 70_000);
      t.same([...new Set(pieces.map(([stream]) => stream))], [3], title);
      client.close();
    }
  },
);

t.test(
  'equals: those that share share, the others go one after the other (RFC 9218 §10)',
  { skip },
  async (t) => {
    const { port } = await startServer(t, { root, h2c: true });
    for (const [title, priority, order] of [
      ['incremental', 'u=3, i', [1, 3, 5, 1]],
      ['not', 'u=3', [1, 1, 1, 1]],
    ] as const) {
      const client = await connectFrames(port);
      client.send(settings([4, 2 ** 30]));
      // The first takes the window, so that all wait when it opens.
      client.send(get(7, '/large.bin', [['priority', 'u=0']]));
      await data(client, (_s, _f, total) => total >= 65535);
      client.send(frame('RST_STREAM', 0, 7, number(8)));
      for (const stream of [9, 11, 13])
        client.send(get(stream, '/large.bin', [['priority', priority]]));
      t.same((await client.events(3)).length, 3);
      client.send(windowUpdate(0, 4 * 65536));
      const pieces = await data(client, (_s, _f, total) => total >= 4 * 65536);
      const turns = pieces.filter((_, i) => i % 4 === 0).map(([stream]) => stream - 8);
      t.same(turns, order, title);
      client.close();
    }
  },
);

t.test('the heads come before the bodies end, and each block stands alone', { skip }, async (t) => {
  const { port } = await startServer(t, { root, h2c: true });
  const client = await connectFrames(port);
  client.send(...Array.from({ length: 100 }, (_, i) => get(2 * i + 1, '/four.txt')));
  const events = await client.events(100);
  t.same(events.toSorted(), Array.from({ length: 100 }, (_, i) => `${2 * i + 1}: 200`).toSorted());
  client.close();
});

t.test('a file is read, never said to be sent by sendfile', { skip }, async (t) => {
  const { port, stats } = await startServer(t, { root, h2c: true, serverTiming: true });
  for (let i = 0; i < 4; i++) {
    const answer = await request({ port, http2: true }, '/large.bin');
    t.match(answer.field('server-timing'), /desc="read:/);
  }
  t.same(Object.keys(stats().byStrategy), ['read:size']);
  t.match((await request({ port }, '/large.bin')).field('server-timing'), /desc="sendfile:/);
});
