// Every carrier brings every kind of body byte for byte, survives clients and files, and lets go of everything.
import { pbkdf2 } from 'node:crypto';
import { truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { NativeAddon } from '../../src/addon/types.ts';
import type { Log } from '../../src/log/log.ts';
import type { Handler } from '../../src/site/answer.ts';
import { createHttp1Transport } from '../../src/transport/node/http1.ts';
import { startTransfers } from '../../src/transport/node/transfers.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { createUwsTransport } from '../../src/transport/uws/uws.ts';
import { connect, requestBytes } from '../support/client.ts';
import { TEST_TLS } from '../support/tls.ts';
import { makeTree, pattern } from '../support/tree.ts';
import {
  fileAnswer,
  LARGE,
  LIMITS,
  makeSite,
  memoryLog,
  multipart,
  openEntry,
  partsOf,
  SMALL,
  siteAnswers,
  tableHandler,
  until,
} from './fixtures.ts';
import { listenOn, onLoopback } from './listen.ts';

const tls = TEST_TLS;

interface Carrier {
  readonly title: string;
  readonly strategy: 'sendfile' | 'read';
  readonly addon?: NativeAddon | undefined;
  readonly tls: boolean;
  create(handler: Handler, log: Log): Transport;
}

const { addon } = loadNative();
const { library } = await loadUws();
const limits = LIMITS;
const carriers: Carrier[] = [
  {
    title: 'node:http',
    strategy: 'read',
    tls: false,
    create: (handler, log) =>
      createHttp1Transport({ handler, reach: 'memory', log, common: [], limits }),
  },
  {
    title: 'node:https',
    strategy: 'read',
    tls: true,
    create: (handler, log) =>
      createHttp1Transport({ handler, reach: 'tls', log, common: [], limits, tls }),
  },
];
if (addon) {
  carriers.push({
    title: 'node:http with an engine thread',
    strategy: 'sendfile',
    addon,
    tls: false,
    create: (handler, log) =>
      createHttp1Transport({
        ...{ handler, reach: 'socket', log, common: [], limits },
        transfers: startTransfers(addon, limits, log),
      }),
  });
}
if (library) {
  for (const secure of [false, true]) {
    carriers.push({
      title: `uWebSockets.js${secure ? ' over TLS' : ''}`,
      strategy: 'read',
      tls: secure,
      create: (handler, log) =>
        createUwsTransport({
          ...{ library, handler, log, limits, common: [] },
          reach: secure ? 'tls' : 'memory',
          tls: secure ? tls : undefined,
        }),
    });
  }
}

async function start(t: Test, carrier: Carrier, handler: Handler) {
  const log = memoryLog();
  const transport = carrier.create(handler, log);
  const port = await listenOn(t, transport, carrier);
  let closed: Promise<void> | undefined;
  const close = (graceMs: number) => (closed ??= transport.close(graceMs));
  t.teardown(() => close(0));
  return { transport, log, close, address: { port, tls: carrier.tls } };
}

/** More than the sockets' buffers hold: net.ipv4.tcp_rmem and tcp_wmem may allow 32 MiB and more. */
const HUGE = 2 ** 26;

/** Keeps every thread of libuv's pool, so that no file is read, for about as long as a client needs to vanish. */
async function occupyPool(): Promise<void> {
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
  const derive = () => promisify(pbkdf2)('', '', 100_000, 64, 'sha512');
  await Promise.all(Array.from({ length: threads }, derive));
}

/** Clients that vanish, one after the other. */
const VANISHED = 20;

async function hugeSite(t: Test, { addon, strategy }: Carrier) {
  const root = makeTree(t, { big: { sparse: HUGE } });
  const big = await openEntry(t, root, 'big', { addon });
  return { root, big, handler: tableHandler({ '/big': () => fileAnswer(big, strategy) }) };
}

const keepAlive = { fields: { connection: 'keep-alive' } };

for (const carrier of carriers) {
  t.test(carrier.title, async (t) => {
    t.test('each kind of body arrives byte for byte', async (t) => {
      const { handler, entries } = await makeSite(t, carrier.strategy, carrier.addon);
      const { address, transport } = await start(t, carrier, handler);
      const connection = await connect(address);
      t.teardown(() => connection.close());
      let bytes = 0;
      for (const [target, status, body] of siteAnswers()) {
        await connection.send(requestBytes(target, keepAlive));
        const got = await connection.read();
        t.equal(got.status, status, target);
        t.ok(got.body.equals(body), `${target}: ${body.length} bytes`);
        t.ok(got.field('date'), `${target}: Date`);
        t.equal(got.field('uwebsockets'), undefined);
        bytes += body.length;
      }
      await until(() => transport.stats().transfers === 0);
      const stats = transport.stats();
      const tallies = Object.entries(stats.byStrategy);
      const total = (of: 'responses' | 'bytes') =>
        tallies.reduce((sum, [, tally]) => sum + tally[of], 0);
      t.equal(stats.planned, siteAnswers().length);
      t.equal(total('responses'), siteAnswers().length);
      t.equal(total('bytes'), bytes, 'the counters add up to what was received');
      t.equal(stats.connections, 1);
      const names = tallies.map(([name]) => name).sort();
      t.same(names, ['bytes', 'mmap:forced', 'none', `${carrier.strategy}:forced`].sort());
      for (const entry of entries) t.equal(entry.references, 1, `${entry.path} is released`);
    });

    t.test('what was planned from memory that is gone since is read', async (t) => {
      const root = makeTree(t, { 'small.bin': { size: SMALL } });
      const small = await openEntry(t, root, 'small.bin', { addon: carrier.addon });
      const parts = partsOf(small, 'mmap');
      const handler = tableHandler({
        '/whole': () => fileAnswer(small, 'mmap'),
        '/parts': () => parts,
      });
      const { address, transport } = await start(t, carrier, handler);
      const connection = await connect(address);
      t.teardown(() => connection.close());
      const bodies: Buffer[] = [];
      for (const target of ['/whole', '/parts']) {
        await connection.send(requestBytes(target, keepAlive));
        bodies.push((await connection.read()).body);
      }
      t.ok(bodies[0]?.equals(pattern(SMALL)));
      t.ok(bodies[1]?.equals(multipart(pattern(SMALL))));
      await until(() => transport.stats().transfers === 0);
      t.same(Object.keys(transport.stats().byStrategy), ['read:forced'], 'and counted so');
      t.equal(small.references, 1);
    });

    t.test('200 clients at once get the same bytes', async (t) => {
      const { handler } = await makeSite(t, carrier.strategy, carrier.addon);
      const { address } = await start(t, carrier, handler);
      const expected = new Map(siteAnswers().map(([target, , body]) => [target, body]));
      const targets = ['/small', '/medium', '/later', '/cached-parts', '/cached'];
      const clients = Array.from({ length: 200 }, async (_, i) => {
        const target = i % 10 === 0 ? '/large-range' : (targets[i % targets.length] ?? '');
        const connection = await connect(address);
        await connection.send(requestBytes(target));
        const { body } = await connection.read();
        connection.close();
        return body.equals(expected.get(target) ?? Buffer.of());
      });
      t.ok((await Promise.all(clients)).every((same) => same));
    });

    t.test('HEAD and 304 have the fields of the answer and no body', async (t) => {
      const { handler } = await makeSite(t, carrier.strategy, carrier.addon);
      const asPlanned: Handler = async (request, reach) => {
        const answer = await handler(request, reach);
        return request.method === 'HEAD' ? { ...answer, body: { kind: 'none' } } : answer;
      };
      const { address } = await start(t, carrier, asPlanned);
      const connection = await connect(address);
      t.teardown(() => connection.close());
      for (const [target, length] of [
        ['/bytes', '5'],
        ['/large', String(LARGE)],
        ['/none', undefined],
      ] as const) {
        await connection.send(requestBytes(target, { ...keepAlive, method: 'HEAD' }));
        t.equal((await connection.read('HEAD')).field('content-length'), length, target);
      }
      await connection.send(requestBytes('/none'));
      t.equal((await connection.read()).status, 304);
      t.equal((await connection.rest()).length, 0, 'nothing follows');
    });

    t.test('a file that shrinks while it is sent closes the connection', async (t) => {
      const { root, big, handler } = await hugeSite(t, carrier);
      const { address, transport, log } = await start(t, carrier, handler);
      const connection = await connect(address);
      connection.socket.pause();
      await connection.send(requestBytes('/big'));
      await until(() => transport.stats().transfers === 1);
      truncateSync(join(root, 'big'), HUGE / 2);
      connection.socket.resume();
      await t.rejects(connection.read(), /closed after/);
      await until(() => transport.stats().transfers === 0);
      t.equal(transport.stats().truncated, 1);
      t.match(log.lines, [/^big: changed/]);
      t.equal(big.references, 1);
    });

    t.test('a file rewritten while it is sent does not keep its connection', async (t) => {
      const { root, handler } = await hugeSite(t, carrier);
      const { address, transport } = await start(t, carrier, handler);
      const connection = await connect(address);
      connection.socket.pause();
      await connection.send(requestBytes('/big', keepAlive));
      await until(() => transport.stats().transfers === 1);
      utimesSync(join(root, 'big'), 1, 1);
      connection.socket.resume();
      const length = (await connection.rest()).length;
      if (carrier.strategy === 'read') t.ok(length < HUGE, 'its last bytes are held back');
      t.equal(transport.stats().truncated, 1);
    });

    t.test('clients that vanish leave nothing behind', async (t) => {
      const { big, handler } = await hugeSite(t, carrier);
      const { address, transport } = await start(t, carrier, handler);
      for (let i = 0; i < VANISHED; i++) {
        const connection = await connect(address);
        connection.socket.pause();
        await connection.send(requestBytes('/big', keepAlive));
        await until(() => transport.stats().transfers === 1);
        // With unread bytes in its buffers, the kernel closes with a reset.
        connection.close();
        await until(() => transport.stats().connections === 0);
        await until(() => transport.stats().transfers === 0);
      }
      t.equal(big.references, 1);
      t.equal(transport.stats().aborted, VANISHED);
    });

    t.test('close lets answers in flight finish', async (t) => {
      const { big, handler } = await hugeSite(t, carrier);
      const { address, transport, close } = await start(t, carrier, handler);
      const idle = await connect(address);
      await idle.send(requestBytes('/none', keepAlive));
      await idle.read();
      const busy = await connect(address);
      busy.socket.pause();
      await busy.send(requestBytes('/big', keepAlive));
      await until(() => transport.stats().transfers === 1);
      const closed = close(60_000);
      busy.socket.resume();
      t.equal((await busy.read()).body.length, HUGE);
      await closed;
      t.equal((await idle.rest()).length, 0, 'an idle connection is closed');
      t.equal(big.references, 1);
      await t.rejects(connect(address), { code: 'ECONNREFUSED' });
    });

    t.test('who goes while a file is read for it is counted out once', async (t) => {
      const { big, handler } = await hugeSite(t, carrier);
      const later: Handler = async (request, reach) => handler(request, reach);
      const { address, transport, close } = await start(t, carrier, later);
      const pool = occupyPool();
      const leaver = await connect(address);
      leaver.socket.pause();
      await leaver.send(requestBytes('/big', keepAlive));
      await until(() => transport.stats().transfers === 1);
      leaver.close();
      await until(() => transport.stats().connections === 0);
      await pool;
      await until(() => transport.stats().transfers === 0);
      t.equal(transport.stats().aborted, 1);
      t.equal(big.references, 1);
      const busy = await connect(address);
      busy.socket.pause();
      await busy.send(requestBytes('/big', keepAlive));
      await until(() => transport.stats().transfers === 1);
      const closed = close(60_000);
      busy.socket.resume();
      t.equal((await busy.read()).body.length, HUGE, 'close still waits for who has not gone');
      await closed;
    });

    t.test('after the grace time close cuts what is in flight', async (t) => {
      const { big, handler } = await hugeSite(t, carrier);
      const { address, transport, close } = await start(t, carrier, handler);
      const busy = await connect(address);
      busy.socket.pause();
      await busy.send(requestBytes('/big'));
      await until(() => transport.stats().transfers === 1);
      await close(1);
      await until(() => big.references === 1);
      busy.socket.resume();
      // Before its head, if the file was still being read.
      await t.rejects(busy.read(), /closed (?:after|inside)/);
    });

    t.test('a taken port is an error with its code', async (t) => {
      const { address } = await start(t, carrier, tableHandler({}));
      const second = carrier.create(tableHandler({}), memoryLog());
      await t.rejects(second.listen(onLoopback(address.port, carrier.tls)), { code: 'EADDRINUSE' });
      await second.close(0);
    });
  });
}
