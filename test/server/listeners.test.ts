// Where a server listens: several at once, on every carrier; files of sockets; proxies; and what is told of it.
import { chmodSync, existsSync, lstatSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { type Address, connect, request, requestBytes } from '../support/client.ts';
import { dial } from '../support/dial.ts';
import { ADDRESSES6, PROXY_V1, PROXY_V2, proxyV2, TCP6, UNIX } from '../support/proxy.ts';
import { startServer } from '../support/server.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree, pattern } from '../support/tree.ts';

const LARGE = 2 ** 22;
const root = makeTree(t, {
  'a.txt': 'hello',
  'large.bin': { size: LARGE },
  'dir/index.html': 'an index',
});

type Name = 'native' | 'http1' | 'uws';
const { addon } = loadNative();
const NAMES: readonly Name[] = [
  ...(addon === undefined ? [] : (['native'] as const)),
  'http1',
  ...((await loadUws()).library === undefined ? [] : (['uws'] as const)),
];

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

/** Its port means nothing: `listen` says where. */
const serve = (t: Test, transport: Name, options: OptionsInput): Promise<Server> =>
  startServer(t, { root, transport, port: undefined, ...options });

const portIn = (url: string | undefined) => Number(new URL(url ?? '').port);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

async function getsFrom(t: Test, address: Address, claim: string): Promise<void> {
  const { status, body } = await request(address, '/a.txt');
  t.strictSame([status, body.toString()], [200, 'hello'], claim);
}

/** Everything that came until the server closed. */
async function heard(address: Address, bytes: string | Uint8Array): Promise<string> {
  const connection = await connect(address);
  connection.socket.on('error', () => {});
  await connection.send(bytes).catch(() => {});
  return (await connection.rest()).toString('latin1');
}

for (const name of NAMES) {
  t.test(`${name}: several listeners, with TLS and without, at once`, async (t) => {
    const path = join(makeTree(t), 'sock');
    const secure = join(makeTree(t), 'secure');
    const server = await serve(t, name, {
      ...TLS_OPTIONS,
      listen: [
        '127.0.0.1:0,plain',
        '127.0.0.1:0,tls',
        '127.0.0.1:0',
        `unix:${path},plain`,
        `unix:${secure}`,
      ],
    });
    t.match(server.urls, [
      /^http:\/\/127\.0\.0\.1:\d+$/,
      /^https:\/\/127\.0\.0\.1:\d+$/,
      /^https:\/\/127\.0\.0\.1:\d+$/,
      `unix:${path}`,
      `unix:${secure}`,
    ]);
    t.equal(server.url, server.urls[0]);
    t.equal(server.port, portIn(server.urls[0]));
    t.ok(server.tlsVersions.length > 0);
    const addresses: readonly Address[] = [
      { port: portIn(server.urls[0]) },
      { port: portIn(server.urls[1]), tls: true },
      { port: portIn(server.urls[2]), tls: true },
      { port: 0, path },
      { port: 0, path: secure, tls: true },
    ];
    // Again and again: what is repeated for one is right for the others, whoever was first.
    for (let round = 0; round < 4; round++) {
      for (const address of addresses) {
        const claim = JSON.stringify(address);
        await getsFrom(t, address, claim);
        const large = await request(address, '/large.bin');
        t.ok(large.body.equals(pattern(LARGE)), `${claim}: a large file`);
        const part = await request(address, '/large.bin', { fields: { range: 'bytes=5-9' } });
        t.ok(part.body.equals(pattern(LARGE).subarray(5, 10)), `${claim}: a part`);
        t.equal((await request(address, '/none')).status, 404, `${claim}: a miss`);
        t.equal((await request(address, '/dir')).status, 301, `${claim}: a redirect`);
      }
    }
    await server.close();
    t.notOk(existsSync(path) || existsSync(secure), 'the files of the sockets are gone');
  });

  t.test(`${name}: the limit of connections is one for all listeners`, async (t) => {
    const listen = ['127.0.0.1:0', '127.0.0.1:0'];
    const server = await serve(t, name, { listen, maxConnections: 2 });
    const ports = server.urls.map(portIn);
    const open = await Promise.all(ports.map((port) => connect({ port })));
    for (const connection of open) {
      await connection.send(requestBytes('/a.txt', { fields: { connection: 'keep-alive' } }));
      t.equal((await connection.read()).status, 200);
    }
    for (const port of ports) {
      t.notMatch(await heard({ port }, requestBytes('/a.txt')), '200 OK', 'one too many');
    }
    t.equal(server.stats().rejected, 2);
    for (const connection of open) connection.close();
  });

  t.test(
    `${name}: all addresses are those of both families`,
    { skip: !hasIPv6 && 'no IPv6' },
    async (t) => {
      for (const listen of [':0', '[::]:0', '*:0']) {
        const server = await serve(t, name, { listen });
        await getsFrom(t, { port: server.port, host: '127.0.0.1' }, `${listen} by IPv4`);
        await getsFrom(t, { port: server.port, host: '::1' }, `${listen} by IPv6`);
        t.ok(
          server.urls.includes(`http://127.0.0.1:${server.port}`),
          'an address that can be opened',
        );
        for (const address of lanAddresses()) {
          t.ok(
            server.urls.includes(`http://${address}:${server.port}`),
            `and that of a LAN: ${address}`,
          );
        }
        await server.close();
      }
    },
  );

  t.test(`${name}: a socket's mode says who may connect`, async (t) => {
    const folder = makeTree(t);
    const before = process.umask();
    for (const [marks, mode] of [
      [',mode=0660', 0o660],
      [',mode=600', 0o600],
      [',mode=0666', 0o666],
      ['', 0o777 & ~before],
    ] as const) {
      const path = join(folder, `sock${mode}`);
      const server = await serve(t, name, { listen: `unix:${path}${marks}` });
      t.equal(statSync(path).mode & 0o777, mode, marks);
      await getsFrom(t, { port: 0, path }, marks);
      await server.close();
    }
    t.equal(process.umask(), before, 'the process has its own as before');
  });

  t.test(
    `${name}: a dead server's socket makes room, a living one's and any file do not`,
    async (t) => {
      const path = join(makeTree(t), 'sock');
      await leaveSocket(path);
      t.ok(lstatSync(path).isSocket(), 'nobody listens there');
      const server = await serve(t, name, { listen: `unix:${path}` });
      await getsFrom(t, { port: 0, path }, 'it is ours');
      const second = createServer({
        root,
        transport: name,
        listen: `unix:${path}`,
        logLevel: 'silent',
      });
      await t.rejects(second, { message: `cannot listen on unix:${path}: somebody listens there` });
      await getsFrom(t, { port: 0, path }, 'and stays so');
      await server.close();

      writeFileSync(path, 'precious');
      const third = createServer({
        root,
        transport: name,
        listen: `unix:${path}`,
        logLevel: 'silent',
      });
      await t.rejects(third, { message: /: something that is no socket stands there$/ });
      t.equal(statSync(path).size, 8, 'the file is as it was');
      const nowhere = createServer({
        root,
        transport: name,
        listen: `unix:${path}/x`,
        logLevel: 'silent',
      });
      await t.rejects(nowhere, { message: new RegExp(`^cannot listen on unix:${path}/x: `) });
    },
  );

  t.test(`${name}: where one cannot be bound, none is`, async (t) => {
    const path = join(makeTree(t), 'sock');
    const holder = await hold(t);
    const { port } = holder.address() as { port: number };
    const listen = [`unix:${path}`, '127.0.0.1:0', `127.0.0.1:${port}`];
    const failed = createServer({ root, transport: name, listen, logLevel: 'silent' });
    await t.rejects(failed, { message: `cannot listen on 127.0.0.1 port ${port}: it is in use` });
    t.notOk(existsSync(path));
  });
}

t.test(
  'native: a file that somebody has put in the place of ours is his',
  { skip: addon === undefined && 'no addon' },
  async (t) => {
    const folder = makeTree(t);
    const path = join(folder, 'sock');
    const server = await serve(t, 'native', { listen: `unix:${path}` });
    renameSync(path, join(folder, 'moved'));
    writeFileSync(path, 'his');
    await server.close();
    t.equal(statSync(path).size, 3);
  },
);

for (const name of NAMES.filter((name) => name !== 'uws')) {
  const proxy = { proxyFrom: ['127.0.0.0/8', '::1'] };

  t.test(
    `${name}: IPv4 and IPv6 can have a listener each on one port`,
    { skip: !hasIPv6 && 'no IPv6' },
    async (t) => {
      const port = await freePort(t);
      const server = await serve(t, name, { listen: `0.0.0.0:${port},[::]:${port}` });
      await getsFrom(t, { port, host: '127.0.0.1' }, 'by IPv4');
      await getsFrom(t, { port, host: '::1' }, 'by IPv6');
      t.equal(new Set(server.urls).size, server.urls.length, 'no URL is told twice');
    },
  );

  t.test(`${name}: behind a proxy, in either version of its protocol`, async (t) => {
    const server = await serve(t, name, { ...proxy, listen: '127.0.0.1:0,proxy' });
    const { port } = server;
    const headers = {
      'version 1': PROXY_V1,
      'version 1, unknown': Buffer.from('PROXY UNKNOWN\r\n'),
      'version 2, with additions': PROXY_V2,
      'version 2, IPv6': proxyV2(1, TCP6, ADDRESSES6),
      'version 2, a Unix socket': proxyV2(1, UNIX, Buffer.alloc(216)),
      'version 2, LOCAL': proxyV2(0, 0, Buffer.of()),
    };
    for (const [title, first] of Object.entries(headers)) {
      await getsFrom(t, { port, first }, title);
      const all = Buffer.concat([first, requestBytes('/a.txt')]);
      t.match(await heard({ port }, all), /hello$/, `${title}: with the request in one piece`);
      const connection = await connect({ port });
      for (const byte of all) await connection.send(Buffer.of(byte));
      t.equal((await connection.read()).body.toString(), 'hello', `${title}: byte by byte`);
      connection.close();
    }
    const pipelined = Buffer.concat([
      ...[PROXY_V2, requestBytes('/a.txt', { fields: { connection: 'keep-alive' } })],
      requestBytes('/large.bin'),
    ]);
    t.ok((await heard({ port }, pipelined)).endsWith(pattern(LARGE).toString('latin1').slice(-99)));
    t.equal(server.stats().rejected, 0);
  });

  t.test(`${name}: behind a proxy, with TLS`, async (t) => {
    const server = await serve(t, name, {
      ...{ ...TLS_OPTIONS, ...proxy },
      listen: '127.0.0.1:0,tls,proxy',
    });
    for (const first of [PROXY_V1, PROXY_V2]) {
      await getsFrom(t, { port: server.port, tls: true, first }, 'the handshake comes behind it');
    }
    const inOne = await relay(t, server.port, (first) => [Buffer.concat([PROXY_V2, first])]);
    await getsFrom(t, { port: inOne, tls: true }, 'or with it in one piece');
    const inPieces = await relay(t, server.port, (first) =>
      [...PROXY_V2, ...first].map((byte) => Buffer.of(byte)),
    );
    await getsFrom(t, { port: inPieces, tls: true }, 'or byte by byte');
    if (name === 'native') {
      await getsFrom(t, { port: server.port, tls: true, http2: true, first: PROXY_V2 }, 'h2 too');
    }
    t.notMatch(await heard({ port: server.port }, requestBytes('/a.txt')), '200 OK');
  });

  t.test(`${name}: who is no proxy is not heard`, async (t) => {
    const server = await serve(t, name, {
      proxyFrom: ['192.0.2.0/24'],
      listen: '127.0.0.1:0,proxy',
    });
    const forged = Buffer.concat([PROXY_V1, requestBytes('/a.txt')]);
    t.equal(await heard({ port: server.port }, forged), '');
    await until(() => server.stats().rejected === 1);
    t.equal(server.stats().planned, 0);
  });

  t.test(`${name}: a listener that is not marked takes no PROXY header`, async (t) => {
    const server = await serve(t, name, { ...proxy, listen: '127.0.0.1:0,127.0.0.1:0,proxy' });
    const [plain = 0, proxied = 0] = server.urls.map(portIn);
    const forged = Buffer.concat([PROXY_V1, requestBytes('/a.txt')]);
    t.match(await heard({ port: plain }, forged), /^HTTP\/1\.1 400 /);
    t.match(await heard({ port: proxied }, forged), /^HTTP\/1\.1 200 /);
    t.equal(
      await heard({ port: proxied }, requestBytes('/a.txt')),
      '',
      'a marked one takes nothing else',
    );
    const twice = Buffer.concat([PROXY_V1, PROXY_V1, requestBytes('/a.txt')]);
    t.match(await heard({ port: proxied }, twice), /^HTTP\/1\.1 400 /, 'and one is enough');
    await getsFrom(t, { port: plain }, 'nobody else has noticed');
  });

  t.test(
    `${name}: a header that does not come in time ends its connection, as does half of one`,
    async (t) => {
      const server = await serve(t, name, {
        ...proxy,
        listen: '127.0.0.1:0,proxy',
        headerTimeout: 100,
      });
      const { port } = server;
      for (const bytes of ['', 'PROXY TCP4 1.2.3.4', PROXY_V2.subarray(0, 20)]) {
        t.equal(await heard({ port }, bytes), '', JSON.stringify(String(bytes)));
      }
      t.equal(server.stats().timeouts, 3);
      // The time is that of the whole header, however it drips.
      const dripping = await connect({ port });
      dripping.socket.on('error', () => {});
      let closed = false;
      dripping.socket.once('close', () => {
        closed = true;
      });
      dripping.socket.resume();
      // More of it than can drip in that time.
      await dripping.send(proxyV2(1, TCP6, Buffer.alloc(4000)).subarray(0, 16));
      while (!closed) {
        await dripping.send('x').catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      t.equal(server.stats().timeouts, 4);
      dripping.close();
      const half = dial({ port });
      half.on('error', () => {});
      half.end('PROXY TCP4 1.2.3.4');
      half.resume();
      await new Promise((resolve) => half.once('close', resolve));
      t.equal(server.stats().timeouts, 4, 'who says that nothing more comes is not waited for');
      await until(() => server.stats().connections === 0);
    },
  );

  t.test(`${name}: a server that stops does not wait for a header`, async (t) => {
    const server = await serve(t, name, {
      ...{ ...proxy, listen: '127.0.0.1:0,proxy' },
      ...{ headerTimeout: 60_000, grace: 0 },
    });
    const silent = await connect({ port: server.port });
    silent.socket.on('error', () => {});
    await silent.send('PROXY ');
    await until(() => server.stats().connections === 1);
    await server.close();
    t.equal((await silent.rest()).length, 0);
  });
}

t.test(
  'native: behind a proxy, HTTP/2 without TLS, and too many',
  { skip: addon === undefined && 'no addon' },
  async (t) => {
    const options = { proxyFrom: ['127.0.0.1'], listen: '127.0.0.1:0,proxy' };
    const both = await serve(t, 'native', { ...options, h2c: true });
    await getsFrom(t, { port: both.port, first: PROXY_V2 }, 'HTTP/1.1');
    await getsFrom(t, { port: both.port, first: PROXY_V2, http2: true }, 'HTTP/2');

    const few = await serve(t, 'native', { ...options, maxConnections: 1 });
    const first = await connect({ port: few.port, first: PROXY_V1 });
    await first.send(requestBytes('/a.txt', { fields: { connection: 'keep-alive' } }));
    await first.read();
    t.match(await heard({ port: few.port }, PROXY_V1), /^HTTP\/1\.1 503 /, 'behind its header');
    first.close();
  },
);

t.test(
  'native: threads share a Unix socket, and a port',
  { skip: addon === undefined && 'no addon' },
  async (t) => {
    const path = join(makeTree(t), 'sock');
    const server = await serve(t, 'native', {
      listen: [`unix:${path}`, '127.0.0.1:0'],
      threads: 4,
    });
    for (const address of [{ port: 0, path }, { port: server.port }]) {
      const connections = await Promise.all(Array.from({ length: 32 }, () => connect(address)));
      for (const connection of connections) await connection.send(requestBytes('/a.txt'));
      for (const connection of connections) {
        t.equal((await connection.read()).body.toString(), 'hello');
        connection.close();
      }
    }
  },
);

t.test(
  'native: HTTP/2 is spoken by each listener as its scheme has it',
  { skip: addon === undefined && 'no addon' },
  async (t) => {
    const listen = ['127.0.0.1:0,plain', '127.0.0.1:0,tls'];
    const server = await serve(t, 'native', {
      ...TLS_OPTIONS,
      listen,
      h2c: true,
      httpsRedirect: 0,
    });
    const [plain = 0, secure = 0] = server.urls.map(portIn);
    await getsFrom(t, { port: plain, http2: true }, 'h2c');
    await getsFrom(t, { port: secure, http2: true, tls: true }, 'h2');
    const sent = await request({ port: server.redirectPort ?? 0 }, '/a.txt');
    t.equal(sent.field('location'), `https://localhost:${secure}/a.txt`, 'to the one with TLS');
    await server.reload();
    await getsFrom(t, { port: secure, tls: true }, 'after new certificates');
  },
);

/** Of this machine, as others reach it. */
function lanAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => address),
  );
}

async function hold(t: Test): Promise<TcpServer> {
  const holder = createTcpServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  t.teardown(() => holder.close());
  return holder;
}

/** A proxy that sends on what `divide` makes of its clients' first bytes. Returns its port. */
async function relay(
  t: Test,
  port: number,
  divide: (first: Buffer) => readonly Buffer[],
): Promise<number> {
  const proxy = createTcpServer((client) => {
    const server = dial({ port });
    for (const socket of [client, server]) socket.on('error', () => {});
    client.once('data', async (first) => {
      for (const piece of divide(first)) {
        await new Promise((resolve) => server.write(piece, resolve));
      }
      client.pipe(server);
    });
    server.pipe(client);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => proxy.once('listening', resolve));
  t.teardown(() => proxy.close());
  return (proxy.address() as { port: number }).port;
}

/** A port that was free a moment ago. */
async function freePort(t: Test): Promise<number> {
  const holder = await hold(t);
  const { port } = holder.address() as { port: number };
  await new Promise((resolve) => holder.close(resolve));
  return port;
}

/** As a process leaves it that was killed. */
async function leaveSocket(path: string): Promise<void> {
  const other = `${path}.other`;
  const server = createTcpServer().listen(other);
  await new Promise((resolve) => server.once('listening', resolve));
  renameSync(other, path);
  chmodSync(path, 0o600);
  await new Promise((resolve) => server.close(resolve));
}
