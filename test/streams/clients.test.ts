// zcserve append and zcserve tail against zcserve: connections break and the server is restarted; nothing is lost or doubled.
import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { append } from '../../src/command/append/append.ts';
import { readAppend } from '../../src/command/append/asked.ts';
import { readTail } from '../../src/command/tail/asked.ts';
import { tail } from '../../src/command/tail/tail.ts';
import { until } from '../faults/process.ts';
import { startServer } from '../support/server.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree } from '../support/tree.ts';

const QUIET = { info() {}, warn() {}, error() {} };

interface Ended {
  readonly status: number;
  readonly told: readonly string[];
}

async function runAppend(...args: readonly string[]): Promise<Ended> {
  const asked = await readAppend(args);
  if (typeof asked === 'string' || 'help' in asked) throw new Error('nothing was asked for');
  const told: string[] = [];
  const tell = (line: string) => told.push(line);
  const status = await append({ ...asked, log: { info: tell, warn: tell, error: tell } });
  return { status, told };
}

interface Tail {
  /** So far. */
  text(): string;
  readonly ended: Promise<number>;
}

async function runTail(...args: readonly string[]): Promise<Tail> {
  const asked = await readTail(args);
  if (typeof asked === 'string' || 'help' in asked) throw new Error('nothing was asked for');
  const pieces: Buffer[] = [];
  const ended = tail({ ...asked, log: QUIET }, async (bytes) => {
    pieces.push(Buffer.from(bytes));
  });
  return { text: () => Buffer.concat(pieces).toString(), ended };
}

interface Cutter {
  readonly url: string;
  /** Connections that were cut. */
  cuts(): number;
}

/** Cuts each connection when so many bytes have gone through it, either way: each of them lives longer than the one before. */
async function cutting(t: Test, port: () => number, step: number): Promise<Cutter> {
  let connections = 0;
  let cuts = 0;
  const sockets = new Set<Socket>();
  const server = createTcpServer((client) => {
    const upstream = connect(port(), '127.0.0.1');
    let left = ++connections * step;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from
        .on('error', end)
        .on('close', end)
        .on('data', (bytes) => {
          left -= bytes.length;
          if (left >= 0) return void to.write(bytes);
          cuts++;
          end();
        });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    cuts: () => cuts,
  };
}

const LINES = Array.from({ length: 20_000 }, (_, i) => `{"line":${i},"text":"ä ${i % 97}"}\n`).join(
  '',
);

for (const live of ['long-poll', 'sse']) {
  for (const type of ['text/plain', 'application/json', 'application/octet-stream']) {
    t.test(`${type} by ${live}`, async (t) => {
      const root = makeTree(t, { 'site/a': 'a', input: LINES });
      const streams = {
        streams: '/logs',
        streamsDir: join(root, 'streams'),
        durability: 'async',
      } as const;
      const options = {
        root: join(root, 'site'),
        ...streams,
        sseTimeout: 500,
        longPollTimeout: 500,
      };
      let server = await startServer(t, options);
      const { url, cuts } = await cutting(t, () => Number(new URL(server.url).port), 50_000);
      const stream = `${url}/logs/one`;
      const create = ['--create', `--content-type=${type}`, '--lines', '--batch-size=32k'];
      // What is there when it begins to follow, and what comes.
      const first = await runAppend(stream, join(root, 'input'), ...create);
      t.equal(first.status, 0);
      const { text, ended } = await runTail(stream, '--from-start', `--live=${live}`);
      await until(() => text().length > LINES.length / 2);
      await server.close();
      server = await startServer(t, options);
      const second = await runAppend(
        stream,
        join(root, 'input'),
        '--lines',
        '--batch-size=32k',
        '--close',
      );
      t.equal(second.status, 0);
      t.equal(await ended, 0);
      t.ok(text() === LINES + LINES, 'each line, once and in order');
      t.ok(cuts() > 3, `${cuts()} connections were cut`);
    });
  }
}

t.test('--resume after a run that was stopped', async (t) => {
  const root = makeTree(t, { 'site/a': 'a', input: LINES, part: LINES.slice(0, 1000) });
  const { url } = await startServer(t, {
    root: join(root, 'site'),
    streams: '/logs',
    streamsDir: join(root, 's'),
  });
  const stream = new URL('/logs/one', url).href;
  await runAppend(stream, join(root, 'part'), '--create');
  const { status, told } = await runAppend(stream, join(root, 'input'), '--resume', '--close');
  t.equal(status, 0);
  t.match(told[0], /^1039 bytes were there, /);
  const { text, ended } = await runTail(stream, '--from-start');
  t.equal(await ended, 0);
  t.ok(text() === LINES);
});

t.test('more than the server takes at a time goes in halves', async (t) => {
  const root = makeTree(t, { 'site/a': 'a', input: LINES });
  const streams = { streams: '/logs', streamsDir: join(root, 's'), maxAppend: 10_000 };
  const { url } = await startServer(t, { root: join(root, 'site'), ...streams });
  const stream = new URL('/logs/one', url).href;
  const { status } = await runAppend(stream, join(root, 'input'), '--create', '--lines', '--close');
  t.equal(status, 0);
  const { text, ended } = await runTail(stream, '--from-start');
  t.equal(await ended, 0);
  t.ok(text() === LINES);
});

t.test('over TLS, with a token', async (t) => {
  const root = makeTree(t, { 'site/a': 'a', input: LINES, tokens: 'secret\n', token: 'secret\n' });
  const streams = {
    streams: '/logs',
    streamsDir: join(root, 's'),
    writeTokenFile: `${root}/tokens`,
  };
  const { url } = await startServer(t, { root: join(root, 'site'), ...streams, ...TLS_OPTIONS });
  const stream = `https://localhost:${new URL(url).port}/logs/one`;
  const trust = ['--retry-for=0', `--ca=${TLS_OPTIONS.tlsCert}`];
  const run = (...args: readonly string[]) =>
    runAppend(stream, join(root, 'input'), '--create', '--close', ...args);
  t.match((await run('--retry-for=0')).told[0], /: no connection \(\w*SELF_SIGNED\w*\)$/);
  const nobody = await run(...trust);
  t.equal(nobody.status, 1);
  t.match(nobody.told[0], /: 401: the server wants to know who asks: --token-file/);
  t.equal((await run(...trust, `--token-file=${root}/token`)).status, 0);
  const { text, ended } = await runTail(stream, '--from-start', ...trust);
  t.equal(await ended, 0, 'whoever may read needs none');
  t.ok(text() === LINES);
});

t.test('two runs of one producer: the earlier one is fenced off', async (t) => {
  const root = makeTree(t, { 'site/a': 'a', input: LINES });
  const { url } = await startServer(t, {
    root: join(root, 'site'),
    streams: '/logs',
    streamsDir: join(root, 's'),
  });
  const stream = new URL('/logs/one', url).href;
  const run = (...args: readonly string[]) => runAppend(stream, join(root, 'input'), ...args);
  await run('--create', '--producer-id=ci', '--producer-epoch=2');
  const { status, told } = await run('--producer-id=ci', '--producer-epoch=1');
  t.equal(status, 1);
  t.match(told[0], /another writer of this name has taken over: its epoch is 2, this one's 1$/);
  t.equal((await run('--producer-id=ci')).status, 0, 'a later one goes on');
});

t.test('a live file is followed over its rotation, its truncation and a restart', async (t) => {
  const root = makeTree(t, { 'app.log': 'old\n' });
  const file = join(root, 'app.log');
  const options = { root, live: '*.log', liveTimeout: 60_000, revalidate: 100 };
  let server = await startServer(t, options);
  const { port } = new URL(server.url);
  const { text, ended } = await runTail(
    new URL('/app.log', server.url).href,
    '--retry-for=forever',
  );
  let expected = '';
  const comes = async (line: string) => {
    expected += line;
    await until(() => text() === expected);
  };
  // It begins at the end: whatever is written before it has looked is not its own.
  await until(async () => {
    appendFileSync(file, '.');
    await new Promise((resolve) => setImmediate(resolve));
    return text().length > 0;
  });
  appendFileSync(file, '\n');
  await until(() => text().endsWith('\n'));
  expected = text();
  appendFileSync(file, 'one\n');
  await comes('one\n');
  renameSync(file, `${file}.1`);
  writeFileSync(file, 'two\n');
  await comes('two\n');
  truncateSync(file);
  appendFileSync(file, '3\n');
  await comes('3\n');
  await server.close();
  server = await startServer(t, { ...options, port: Number(port) });
  appendFileSync(file, 'four\n');
  await comes('four\n');
  renameSync(file, `${file}.2`);
  t.equal(await ended, 1, 'until it is there no more');
});
