// Bytes of the memory cache are lent to node's own sockets, until they are sent: nobody else may keep or change them.
import { utimesSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import t, { type Test } from 'tap';
import { type Middleware, zcserve } from '../../src/middleware/middleware.ts';
import { addon } from '../files/fixture.ts';
import { type Address, connect, request, requestBytes } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import { TEST_TLS } from '../support/tls.ts';
import { makeTree, pattern } from '../support/tree.ts';

if (addon === undefined) {
  t.plan(0, 'without the addon there is no memory cache');
  process.exit();
}

const mtime = new Date('2024-01-02T03:04:05Z');

/** Answers from memory so far. */
function fromMemory(serve: Middleware): number {
  const ways = Object.entries(serve.stats().byStrategy);
  return ways.reduce((sum, [way, { responses }]) => sum + (/^mmap/.test(way) ? responses : 0), 0);
}

/** Asks until it is answered from memory; all bodies on the way must be these. */
async function warm(serve: Middleware, address: Address, body: Buffer): Promise<void> {
  for (const before = fromMemory(serve); fromMemory(serve) === before; ) {
    const got = await request(address, '/f');
    if (!got.body.equals(body)) throw new Error('other bytes');
  }
}

t.test('whoever stands between a response and the kernel may change what it gets', async (t) => {
  const body = pattern(20_000);
  const serve = zcserve(makeTree(t, { f: { text: body, mtime } }));
  t.teardown(serve.close);
  const server = createServer(serve);
  const address = await listen(t, server);
  await warm(serve, address, body);

  const check = async (t: Test, ask: () => Promise<void>) => {
    const before = fromMemory(serve);
    await ask();
    t.equal(fromMemory(serve), before + 1, 'it was from memory');
    t.ok((await request(address, '/f')).body.equals(body), 'the next one gets the file');
  };

  await t.test('a stream that is no socket', (t) =>
    check(t, async () => {
      const stream = new Spoiler();
      server.emit('connection', stream);
      stream.push(requestBytes('/f'));
      await new Promise((resolve) => stream.once('finish', resolve));
      t.ok(stream.taken >= body.length);
    }),
  );
  for (const [name, spoil] of Object.entries(SPOILED)) {
    await t.test(`a socket's own ${name}`, (t) =>
      check(t, async () => {
        server.once('connection', spoil);
        t.ok((await request(address, '/f')).body.equals(body));
      }),
    );
  }
});

/** A connection whose other end changes what it takes. */
class Spoiler extends Duplex {
  taken = 0;
  override _read(): void {}
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.taken += chunk.length;
    chunk.fill('!');
    done();
  }
}

/** What is passed on; what was given is spoiled. */
function spoiled<T>(chunk: T): T | Buffer {
  if (!(chunk instanceof Uint8Array)) return chunk;
  const copy = Buffer.from(chunk);
  chunk.fill(0);
  return copy;
}

type Chunks = ReadonlyArray<{ readonly chunk: unknown }>;

/** Methods of a socket that a program has replaced. */
const SPOILED: Readonly<Record<string, (socket: Socket) => void>> = {
  write(socket) {
    const write = socket.write.bind(socket) as (chunk: unknown, ...rest: unknown[]) => boolean;
    Object.assign(socket, {
      write: (chunk: unknown, ...rest: unknown[]) => write(spoiled(chunk), ...rest),
    });
  },
  _write(socket) {
    const write = socket._write.bind(socket) as (chunk: unknown, ...rest: unknown[]) => void;
    Object.assign(socket, {
      _writev: null,
      _write: (chunk: unknown, ...rest: unknown[]) => write(spoiled(chunk), ...rest),
    });
  },
  _writev(socket) {
    const writev = socket._writev?.bind(socket) as (chunks: Chunks, ...rest: unknown[]) => void;
    Object.assign(socket, {
      _writev: (chunks: Chunks, ...rest: unknown[]) =>
        writev(
          chunks.map((one) => ({ ...one, chunk: spoiled(one.chunk) })),
          ...rest,
        ),
    });
  },
};

const [{ cert, key }] = TEST_TLS.certificates;

const SERVERS: Readonly<
  Record<string, readonly [Partial<Address>, (serve: RequestListener) => Server | Http2Server]>
> = {
  'node:http': [{}, (serve) => createServer(serve)],
  'node:https': [{ tls: true }, (serve) => createHttpsServer({ cert, key }, serve)],
  'node:http2': [{ http2: true }, (serve) => createHttp2Server(serve as never)],
};

for (const [name, [how, create]] of Object.entries(SERVERS)) {
  t.test(`${name}: a slow client gets the version that it asked for`, async (t) => {
    // More than the buffers of a connection take.
    const [before, after] = [pattern(12_000_000), pattern(12_000_000, 1)];
    const root = makeTree(t, { f: { text: before, mtime } });
    // Room for one of the two.
    const options = { strategy: 'mmap', mmapMax: '16m', cacheSize: '16m', dev: true } as const;
    const serve = zcserve(root, options);
    t.teardown(serve.close);
    const address = { ...(await listen(t, create(serve as RequestListener))), ...how };
    await warm(serve, address, before);

    const slow = await connect(address);
    t.teardown(() => slow.close());
    const answered = fromMemory(serve);
    slow.pause();
    await slow.send(requestBytes('/f'));
    while (serve.stats().transfers === 0) await new Promise((resolve) => setImmediate(resolve));
    writeFileSync(join(root, 'f'), after);
    utimesSync(join(root, 'f'), mtime, new Date(mtime.getTime() + 60_000));
    for (let i = 0; i < 10; i++) t.ok((await request(address, '/f')).body.equals(after));
    t.equal(fromMemory(serve), answered, 'there is no room until it has all');
    slow.resume();
    t.ok((await slow.read()).body.equals(before));
    while (fromMemory(serve) === answered) await new Promise((resolve) => setImmediate(resolve));
    if (!how.http2) await warm(serve, address, after);
  });
}
