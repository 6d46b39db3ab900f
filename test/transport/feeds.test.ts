// Bodies that are made while they are sent: whole on every carrier, no faster than they are taken, and never a whole one of
// a part.
import t from 'tap';
import type { FileEntry } from '../../src/files/entry.ts';
import type { OpenFeed } from '../../src/plan/types.ts';
import type { Handler } from '../../src/site/answer.ts';
import { ROOM } from '../../src/transport/engine/feeding.ts';
import { Feeds } from '../../src/transport/engine/feeds.ts';
import { connect, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { everyCarrier } from './every.ts';
import { LIMITS, memoryLog, tableHandler, until } from './fixtures.ts';
import { feed, growingFile, start } from './made.ts';

const LARGE = 3_000_001;
const large = pattern(LARGE);
const keepAlive = { fields: { connection: 'keep-alive' } };

/** A body in pieces of all sizes, some of which come at once and some a turn later. */
async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 1) % 150_000) {
    if (size % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
    yield bytes.subarray(at, at + size);
  }
}

/** What is known of a body without an end. */
interface Endless {
  readonly open: OpenFeed<FileEntry>;
  /** Bytes that were asked for. */
  made: number;
  aborted: boolean;
  left: boolean;
}

/** It stands still when nothing has come of twenty turns. */
async function standstill(body: Endless): Promise<void> {
  let last = -1;
  for (let turns = 0; turns < 20 || body.made === 0; turns++) {
    if (body.made !== last) turns = 0;
    last = body.made;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function endless(size = ENOUGH): Endless {
  const chunk = pattern(100_000);
  const body: Endless = {
    made: 0,
    aborted: false,
    left: false,
    async *open(gone) {
      gone.onEnd(() => {
        body.aborted = gone.aborted;
      });
      try {
        for (; !gone.aborted && body.made < size; body.made += chunk.length) {
          await new Promise((resolve) => setImmediate(resolve));
          yield chunk;
        }
      } finally {
        body.left = true;
      }
    },
  };
  return body;
}

/** More than sockets and carriers hold of it. */
const ENOUGH = 2 ** 28;

/** More than they hold of what a client has not taken, unless the system is told otherwise (net.ipv4.tcp_wmem). */
const AMPLE = 30_000_000;

for (const carrier of everyCarrier(t, makeTree(t, {}))) {
  t.test(carrier.title, async (t) => {
    t.test('every byte, and the connection goes on', async (t) => {
      const handler = tableHandler({
        '/large': () => feed(() => pieces(large)),
        '/small': async () => feed(() => pieces(large.subarray(0, 10))),
        '/empty': () => feed(() => pieces(large.subarray(0, 0))),
      });
      const asPlanned: Handler = async (request, reach) => {
        const made = await handler(request, reach);
        return request.method === 'HEAD' ? { ...made, body: { kind: 'none' } } : made;
      };
      const { address, transport } = await start(t, carrier, asPlanned);
      const connection = await connect(address);
      t.teardown(() => connection.close());
      const lengths = { '/large': LARGE, '/small': 10, '/empty': 0 };
      for (const [target, length] of Object.entries(lengths)) {
        await connection.send(requestBytes(target, { ...keepAlive, method: 'HEAD' }));
        t.equal((await connection.read('HEAD')).field('x-fed'), 'yes', `${target}: its head`);
        await connection.send(requestBytes(target, keepAlive));
        const got = await connection.read();
        t.equal(got.status, 200);
        // The library knows of an empty one how long it is.
        if (length > 0) {
          t.equal(got.field('content-length'), undefined);
          t.equal(got.field('transfer-encoding'), carrier.http2 ? undefined : 'chunked');
        }
        t.ok(got.body.equals(large.subarray(0, length)), `${target}: ${length} bytes`);
      }
      await until(() => transport.stats().transfers === 0);
      const { byStrategy, connections, aborted } = transport.stats();
      t.same(byStrategy.feed, { responses: 3, bytes: LARGE + 10 });
      t.match({ connections, aborted }, { connections: 1, aborted: 0 });
    });

    t.test('many at a time, each its own', async (t) => {
      const handler: Handler = ({ target }) => {
        const from = Number(target.slice(1));
        return feed(() => pieces(large.subarray(from)));
      };
      const { address } = await start(t, carrier, handler);
      const each = Array.from({ length: 8 }, async (_, i) => {
        const connection = await connect(address);
        await connection.send(requestBytes(`/${i * 100_000}`));
        const { body } = await connection.read();
        connection.close();
        return body.equals(large.subarray(i * 100_000));
      });
      t.ok((await Promise.all(each)).every((same) => same));
    });

    t.test('one that cannot be made to its end is not taken for a whole one', async (t) => {
      const handler = tableHandler({
        '/middle': () =>
          feed(async function* () {
            yield* pieces(large.subarray(0, 500_000));
            throw new Error('broken in the middle');
          }),
        '/first': () =>
          feed(() => {
            throw new Error('broken at once');
          }),
      });
      const { address, transport, log } = await start(t, carrier, handler);
      for (const target of ['/middle', '/first']) {
        const connection = await connect(address);
        await connection.send(requestBytes(target, keepAlive));
        await t.rejects(connection.read(), /closed/, target);
        connection.close();
      }
      await until(() => transport.stats().transfers === 0);
      const { truncated, aborted } = transport.stats();
      t.same({ truncated, aborted }, { truncated: 2, aborted: 0 });
      t.match(log.lines, [/broken in the middle.*; closed/s, /broken at once.*; closed/s]);
    });

    t.test('no more is made than is taken; who leaves ends it at once', async (t) => {
      const body = endless();
      const { address, transport } = await start(
        t,
        carrier,
        tableHandler({ '/': () => feed(body.open) }),
      );
      const connection = await connect(address);
      connection.socket.pause();
      connection.pause();
      await connection.send(requestBytes('/', keepAlive));
      await standstill(body);
      t.ok(body.made < ENOUGH / 2, `${body.made} bytes were made`);
      t.equal(body.left, false);
      connection.close();
      await until(() => body.aborted && body.left);
      await until(() => transport.stats().transfers === 0);
      t.equal(transport.stats().aborted, 1);
    });

    t.test('who pauses gets all of it', async (t) => {
      const body = endless(AMPLE);
      const { address } = await start(t, carrier, tableHandler({ '/': () => feed(body.open) }));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      connection.socket.pause();
      connection.pause();
      await connection.send(requestBytes('/', keepAlive));
      await standstill(body);
      t.ok(body.made < AMPLE, 'it had to wait');
      connection.socket.resume();
      connection.resume();
      t.equal((await connection.read()).body.length, AMPLE);
    });

    t.test('the end of the server ends it', async (t) => {
      const body = endless();
      const { address, transport } = await start(
        t,
        carrier,
        tableHandler({ '/': () => feed(body.open) }),
      );
      const connection = await connect(address);
      t.teardown(() => connection.close());
      connection.pause();
      await connection.send(requestBytes('/'));
      await until(() => body.made > 0);
      await transport.close(1);
      await until(() => body.aborted && body.left);
    });
  });
}

const alone = everyCarrier(t, makeTree(t, {})).filter(
  ({ title }) => title === 'native' || title === 'node:http',
);

for (const carrier of alone) {
  t.test(`${carrier.title}: for HTTP/1.0 it ends with the connection, or is cut off`, async (t) => {
    const handler = tableHandler({
      '/whole': () => feed(() => pieces(large)),
      '/broken': () =>
        feed(async function* () {
          yield large.subarray(0, 10);
          await until(() => read > 0);
          throw new Error('broken');
        }),
    });
    let read = 0;
    const { address } = await start(t, carrier, handler);
    const whole = await connect(address);
    await whole.send('GET /whole HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
    const bytes = await whole.rest();
    const end = bytes.indexOf('\r\n\r\n');
    t.notMatch(bytes.toString('latin1', 0, end), /transfer-encoding|keep-alive/i);
    t.ok(bytes.subarray(end + 4).equals(large));
    const broken = await connect(address);
    broken.socket.on('data', () => read++);
    const error = new Promise<NodeJS.ErrnoException>((resolve) =>
      broken.socket.once('error', resolve),
    );
    await broken.send('GET /broken HTTP/1.0\r\nHost: a\r\n\r\n');
    t.equal((await error).code, 'ECONNRESET', 'nobody takes it for whole');
  });

  t.test(`${carrier.title}: a client that takes nothing has its time`, async (t) => {
    const body = endless();
    const limits = { ...LIMITS, sendTimeoutMs: 300 };
    const handler = tableHandler({ '/': () => feed(body.open) });
    const { address, transport } = await start(t, carrier, handler, limits);
    const connection = await connect(address);
    t.teardown(() => connection.close());
    connection.pause();
    await connection.send(requestBytes('/'));
    await until(() => body.left);
    await until(() => transport.stats().timeouts === 1);
    t.equal(transport.stats().connections, 0);
  });
}

t.test('the engine has no more of one body than is said, in pieces', async (t) => {
  const fed: number[] = [];
  const ends: boolean[] = [];
  const feeds = new Feeds(
    {
      feed: (_, bytes) => void fed.push(bytes.length),
      feedFile() {},
      finishFeed: (_, whole) => void ends.push(whole),
    },
    memoryLog(),
  );
  const sum = () => fed.reduce((all, size) => all + size, 0);
  let left = false;
  feeds.start(1, async function* () {
    try {
      yield large;
    } finally {
      left = true;
    }
  });
  await until(() => sum() === ROOM);
  feeds.drained(1, 1000);
  feeds.drained(2, ROOM);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(sum(), ROOM, 'a piece waits until there is room for all of it');
  feeds.drained(1, ROOM - 1000);
  await until(() => sum() === 2 * ROOM);
  t.same([...new Set(fed)], [64 * 1024]);
  feeds.end(1);
  await until(() => left);
  feeds.drained(1, ROOM);
  t.equal(sum(), 2 * ROOM);
  t.same(ends, [], 'nobody is told of the end of what nobody takes');
});

t.test('what many are given at the same time crosses to the engine once', async (t) => {
  const crossings: Array<readonly [ids: readonly number[], what: unknown]> = [];
  const feeds = new Feeds(
    {
      feed: (ids, bytes) => void crossings.push([ids, bytes]),
      feedFile: (ids, _, start, end) => void crossings.push([ids, { start, end }]),
      finishFeed() {},
    },
    memoryLog(),
  );
  const { file } = await growingFile(t, 10, { title: 'native' });
  if (file.file.native === undefined) return;
  const event = Buffer.from('event');
  const piece = { file, span: { start: 0, end: 10 } };
  const waiting: Array<() => void> = [];
  const ids = Array.from({ length: 1000 }, (_, id) => id);
  for (const id of ids) {
    feeds.start(id, async function* () {
      await new Promise<void>((resolve) => waiting.push(resolve));
      yield event;
      yield piece;
      yield Buffer.from(`own ${id}`);
    });
  }
  await until(() => waiting.length === ids.length);
  for (const wake of waiting) wake();
  await until(() => crossings.length === 2 + ids.length);
  t.same(crossings.slice(0, 2), [
    [ids, event],
    [ids, piece.span],
  ]);
  t.same(
    crossings.slice(2).map(([to]) => to),
    ids.map((id) => [id]),
    'what is each its own goes to each',
  );
  feeds.close();
});
