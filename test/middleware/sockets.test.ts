// Connections that are no sockets of the system: other servers' streams, handed to node:http, go the way of bytes.
import { createServer, type RequestListener, request } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import fastify from 'fastify';
import t, { type Test } from 'tap';
import { zcserve } from '../../src/index.ts';
import { zcserve as zcserveFastify } from '../../src/middleware/fastify.ts';
import { reachBy } from '../../src/transport/node/transfers.ts';
import { addon } from '../files/fixture.ts';
import { makeTree } from '../support/tree.ts';

const SIZES = { small: 100, mid: 40_000, large: 3_000_000 };
const root = makeTree(t, {
  ...Object.fromEntries(Object.entries(SIZES).map(([name, size]) => [name, 'x'.repeat(size)])),
  'index.html': 'home',
});

interface Got {
  readonly status: number | undefined;
  readonly bytes: number;
}

/** One request and its whole answer over this stream; rejects where it is cut off. */
function ask(client: Duplex, path: string, range?: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const headers = range === undefined ? {} : { range };
    const asking = request({ path, headers, createConnection: () => client as Socket }, (res) => {
      let bytes = 0;
      res.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      res.on('error', reject);
      res.on('end', () => resolve({ status: res.statusCode, bytes }));
    });
    asking.on('error', reject);
    asking.end();
  });
}

async function check(t: Test, connect: () => Duplex): Promise<void> {
  for (const round of ['cold', 'again', 'hot']) {
    for (const [name, size] of Object.entries(SIZES)) {
      t.same(await ask(connect(), `/${name}`), { status: 200, bytes: size }, `${name}, ${round}`);
    }
  }
  t.same(
    await ask(connect(), '/large', 'bytes=5-70004'),
    { status: 206, bytes: 70_000 },
    'a range',
  );
  t.same(await ask(connect(), '/none'), { status: 404, bytes: 4 }, 'a miss');
}

const next: RequestListener = (_, res) => {
  res.statusCode = 404;
  res.end('none');
};

t.test('a stream handed to the server as a connection', async (t) => {
  const serve = zcserve(root);
  t.teardown(() => serve.close());
  const server = createServer((req, res) => serve(req, res, () => next(req, res)));
  await check(t, () => {
    const [client, theirs] = duplexPair();
    server.emit('connection', theirs);
    return client;
  });
  const { byStrategy, aborted } = serve.stats();
  t.equal(aborted, 0);
  t.notOk(
    Object.keys(byStrategy).some((way) => way.startsWith('sendfile')),
    `none by descriptor: ${Object.keys(byStrategy)}`,
  );
  if (addon !== undefined) t.ok(byStrategy['mmap:hot'], 'from memory where it is hot');
});

t.test('the same under Fastify', async (t) => {
  const app = fastify({ forceCloseConnections: true });
  await app.register(zcserveFastify, { root });
  app.setNotFoundHandler((_, reply) => reply.code(404).send('none'));
  await app.ready();
  t.teardown(() => app.close());
  await check(t, () => {
    const [client, theirs] = duplexPair();
    app.server.emit('connection', theirs);
    return client;
  });
});

t.test('a socket that one server has accepted for another keeps its descriptor', async (t) => {
  const serve = zcserve(root);
  t.teardown(() => serve.close());
  const server = createServer((req, res) => serve(req, res, () => next(req, res)));
  const front = createTcpServer((socket) => server.emit('connection', socket));
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  t.teardown(() => front.close());
  const { port } = front.address() as AddressInfo;
  const { connect } = await import('node:net');
  t.same(await ask(connect(port, '127.0.0.1'), '/large'), { status: 200, bytes: SIZES.large });
  if (addon !== undefined) t.ok(serve.stats().byStrategy['sendfile:size']);
});

t.test('how far bodies get by a socket is known from its descriptor alone', async (t) => {
  const socket = {} as Socket;
  const takes = (has: boolean) => ({ takes: () => has });
  t.equal(reachBy(socket, 'socket', takes(true)), 'socket');
  t.equal(reachBy(socket, 'socket', takes(false)), 'memory');
  t.equal(reachBy(null, 'socket', takes(true)), 'memory');
  t.equal(reachBy(socket, 'socket', undefined), 'memory');
  for (const reach of ['tls', 'memory', 'none'] as const) {
    t.equal(reachBy(socket, reach, takes(true)), reach);
  }
});
