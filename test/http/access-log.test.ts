// Every exchange that ends is one line of the access log, on every carrier.
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createServer } from '../../src/server/server.ts';
import { until } from '../faults/process.ts';
import { connect, request, requestBytes } from '../support/client.ts';
import { startCommand } from '../support/command.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { type Carrier, type Origin, onEveryCarrier, type Serve, speaksHttp1 } from './carriers.ts';

const BIG = 8 * 2 ** 20;

interface Line {
  readonly client: string;
  readonly user: string | null;
  readonly method: string | null;
  readonly target: string | null;
  readonly protocol: string | null;
  readonly host: string | null;
  readonly status: number | null;
  readonly bytes: number;
  readonly end: string;
  readonly agent: string | null;
  readonly strategy: string | null;
  readonly reason: string | null;
  readonly tls: string | null;
  readonly id: string;
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'latin1').split('\n').slice(0, -1) : [];
}

async function start(t: Test, serve: Serve, options: object = {}) {
  const root = makeTree(t, { 'a.txt': 'hello', 'b.bin': pattern(BIG), 'd/c.txt': 'c' });
  const file = join(makeTree(t, {}), 'access.log');
  const origin = await serve({ root, accessLog: file, accessFormat: 'json', ...options });
  const lines = (): Line[] => linesOf(file).map((line) => JSON.parse(line));
  const awaitLines = async (count: number) => {
    await until(async () => linesOf(file).length >= count);
    return lines();
  };
  return { origin, file, lines, awaitLines, address: origin.address };
}

const uws = ({ transport }: Carrier) => transport === 'uws';

interface Claim {
  readonly title: string;
  readonly holds: (t: Test, serve: Serve, carrier: Carrier) => Promise<void>;
  readonly among?: (carrier: Carrier) => boolean;
}

/** On one process for all of them. */
const CLAIMS: readonly Claim[] = [
  {
    title: 'what is asked, by whom, and what was answered',
    async holds(t, serve, carrier) {
      const { origin, awaitLines, address } = await start(t, serve);
      const fields = { 'user-agent': 'x"y\\', referer: 'http://r/', 'x-request-id': 'abc-1' };
      const { length } = (await request(address, '/none?x=1', { fields })).body;
      const authorization = `Basic ${Buffer.from('ada:secret').toString('base64')}`;
      await request(address, '/a.txt', { method: 'HEAD', fields: { authorization } });
      await request(address, '/b.bin', { fields: { range: 'bytes=0-9' } });
      const { field } = await request(address, '/a.txt');
      await request(address, '/a.txt', { fields: { 'if-none-match': field('etag') ?? '' } });
      const lines = await awaitLines(5);
      const protocol = carrier.http2 ? 'HTTP/2.0' : 'HTTP/1.1';
      const tls = carrier.tls && !uws(carrier) ? 'TLSv1.3' : null;
      t.match(lines[0], {
        client: '127.0.0.1',
        user: null,
        method: 'GET',
        target: '/none?x=1',
        protocol,
        status: 404,
        bytes: length,
        end: 'done',
        referer: 'http://r/',
        agent: 'x"y\\',
        strategy: 'bytes',
        reason: null,
        tls,
        id: 'abc-1',
      });
      t.match(lines[1], { user: 'ada', method: 'HEAD', status: 200, bytes: 0, agent: null });
      t.match(lines[2], { target: '/b.bin', status: 206, bytes: 10 });
      t.match(lines[3], { target: '/a.txt', status: 200, bytes: 5 });
      t.ok(['mmap', 'read'].includes(lines[3]?.strategy ?? ''), 'the strategy');
      t.match(lines[4], { status: 304, bytes: 0, strategy: 'none' });
      t.equal(new Set(lines.map(({ id }) => id)).size, 5, 'an id for each');
      await until(async () => (await origin.stats()).accessLog?.written === 5);
      t.equal((await origin.stats()).accessLog?.lost, 0);
      await origin.close();
      t.equal((await awaitLines(5)).length, 5, 'no line more');
    },
  },
  {
    title: 'hot answers, and those that came together, are a line each',
    async holds(t, serve) {
      const { awaitLines, address } = await start(t, serve);
      const client = await connect(address);
      const ask = requestBytes('/a.txt', { fields: { connection: 'keep-alive' } });
      for (let i = 0; i < 20; i++) {
        await client.send(ask);
        await client.read();
      }
      await client.send(Buffer.concat(Array(50).fill(ask)));
      for (let i = 0; i < 50; i++) await client.read();
      client.close();
      const lines = await awaitLines(70);
      t.equal(lines.length, 70);
      t.ok(
        lines.every(({ status, bytes, end }) => status === 200 && bytes === 5 && end === 'done'),
      );
    },
    among: speaksHttp1,
  },
  {
    title: 'a client that goes away is told with what it had taken',
    async holds(t, serve) {
      const { origin, awaitLines, address } = await start(t, serve);
      const client = await connect(address);
      client.pause();
      await client.send(requestBytes('/b.bin', {}));
      await until(async () => (await origin.stats()).transfers === 1);
      client.close();
      const [line] = await awaitLines(1);
      t.match(line, { target: '/b.bin', status: 200, end: 'gone' });
      t.ok((line?.bytes ?? BIG) < BIG, `${line?.bytes} bytes`);
    },
    among: speaksHttp1,
  },
  {
    title: 'what is no request is a line too',
    async holds(t, serve) {
      const { awaitLines, address, lines } = await start(t, serve, { headerTimeout: 300 });
      const send = async (bytes: string) => {
        const client = await connect(address);
        await client.send(bytes);
        await client.rest();
      };
      await send('NO GOOD\r\n\r\n');
      await send(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
      await send('GET / HTTP/1.1\r\nHost:');
      const client = await connect(address);
      client.close();
      const told = await awaitLines(3);
      const unread = { method: null, target: null, protocol: null, end: 'done' };
      t.match(told, [
        { ...unread, status: 400 },
        { ...unread, status: 431 },
        { ...unread, status: 408 },
      ]);
      t.equal(lines().length, 3, 'a connection without a request is none');
    },
    among: (carrier) => speaksHttp1(carrier) && !uws(carrier),
  },
  {
    title: 'a trusted proxy says who the client is',
    async holds(t, serve) {
      const { awaitLines, address } = await start(t, serve, {
        trustProxy: '127.0.0.0/8, 10.0.0.0/8',
      });
      const from = async (fields: Record<string, string>) =>
        void (await request(address, '/a.txt', { fields }));
      await from({ 'x-forwarded-for': '198.51.100.7, 203.0.113.9, 10.1.1.1' });
      await from({ forwarded: 'for="[2001:db8::7]:4711"' });
      await from({ forwarded: 'for=203.0.113.9', 'x-forwarded-for': '203.0.113.9' });
      await from({});
      t.same(
        (await awaitLines(4)).map(({ client }) => client),
        ['203.0.113.9', '2001:db8::7', '127.0.0.1', '127.0.0.1'],
      );
    },
  },
  {
    title: 'and nobody else',
    async holds(t, serve) {
      const { awaitLines, address } = await start(t, serve);
      await request(address, '/a.txt', { fields: { 'x-forwarded-for': '203.0.113.9' } });
      t.equal((await awaitLines(1))[0]?.client, '127.0.0.1');
    },
  },
  {
    title: 'where nothing can be written, the server goes on and counts',
    async holds(t, serve) {
      const root = makeTree(t, { 'a.txt': 'hello' });
      const origin: Origin = await serve({ root, accessLog: '/dev/full' });
      for (let i = 0; i < 5; i++) {
        t.equal((await request(origin.address, '/a.txt')).status, 200);
      }
      await until(async () => (await origin.stats()).accessLog?.lost === 5);
      t.equal((await origin.stats()).accessLog?.written, 0);
      await until(async () => origin.host.lines.some((line) => line.includes('access log: ')));
      t.ok(origin.host.lines.some((line) => /access log: \d lines lost: ENOSPC/.test(line)));
    },
    among: ({ name }) => ['native', 'http1', 'http1 alone'].includes(name),
  },
];

t.test('each exchange is a line', async (t) => {
  onEveryCarrier(t, async (t, serve, carrier) => {
    for (const { title, holds, among = () => true } of CLAIMS) {
      if (among(carrier)) await t.test(title, (t) => holds(t, serve, carrier));
    }
  });
});

for (const transport of ['native', 'http1', 'uws']) {
  t.test(`${transport}: logrotate moves the file away and sends USR1`, async (t) => {
    const root = makeTree(t, { 'a.txt': 'hello' });
    const logs = makeTree(t, {});
    const file = join(logs, 'access.log');
    const args = [root, `--access-log=${file}`, '--access-format=%U', `--transport=${transport}`];
    const { process: child, port, ended } = await startCommand(t, args);
    await request({ port }, '/first');
    await until(async () => linesOf(file).length === 1);
    renameSync(file, `${file}.1`);
    child.kill('SIGUSR1');
    await until(async () => existsSync(file));
    await request({ port }, '/second');
    await until(async () => linesOf(file).length === 1);
    t.same([linesOf(`${file}.1`), linesOf(file)], [['/first'], ['/second']]);
    await request({ port }, '/last');
    child.kill('SIGTERM');
    t.match(await ended, { code: 0, stderr: /USR1: access log opened anew/ });
    t.same(linesOf(file), ['/second', '/last'], 'the last line is written before the end');
  });
}

t.test('a start that fails leaves no thread and no descriptor behind', async (t) => {
  const root = makeTree(t, {});
  const accessLog = join(root, 'access.log');
  const busy = await createServer({ root, port: 0 });
  t.teardown(() => busy.close());
  // What has gone since it was listed is nothing.
  const eachOf = (directory: string, read: (path: string) => string) =>
    readdirSync(directory).map((name) => {
      try {
        return read(join(directory, name));
      } catch {
        return '';
      }
    });
  const threads = () =>
    eachOf('/proc/self/task', (path) => readFileSync(join(path, 'comm'), 'utf8'));
  const descriptors = () => eachOf('/proc/self/fd', (path) => readlinkSync(path));
  const fails = [
    { root: join(root, 'none'), port: 0 },
    { root, port: busy.port },
    { root, port: 0, admin: `127.0.0.1:${busy.port}` },
  ];
  for (const options of fails) {
    await t.rejects(createServer({ accessLog, ...options }), /cannot (serve|listen)/);
    t.ok(existsSync(accessLog), 'it was open');
    await until(async () => !threads().includes('zcserve-log\n'));
    await until(async () => !descriptors().includes(realpathSync(accessLog)));
  }
});

t.test('a file that cannot be opened, and a form that nobody knows, are no start', async (t) => {
  const root = makeTree(t, {});
  const cases = [
    [
      ['--access-log=/none/a.log'],
      /^zcserve: --access-log: cannot write to \/none\/a\.log: ENOENT/,
    ],
    [['--access-log=-', '--access-format=%Q'], /^zcserve: --access-format: "%Q" is not allowed/],
    [['--access-format=%{Cookie}i'], /^zcserve: --access-format: "%{Cookie}i" is not allowed/],
    [['--trust-proxy=10.0.0.0/33'], /^zcserve: --trust-proxy: .* is not allowed/],
  ] as const;
  for (const [args, line] of cases) {
    await t.rejects(startCommand(t, [root, ...args]), {
      message: new RegExp(line.source.slice(1)),
    });
  }
});
