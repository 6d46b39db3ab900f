// Workers of one program share its port, and share it with nobody else.
import { fork } from 'node:child_process';
import { on } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { listenersAt, listenOnCommonPort, type TcpListener } from '../../src/server/workers.ts';
import type { Bound, Transport } from '../../src/transport/transport.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { type Address, request } from '../support/client.ts';
import { makeTree, type Teardown } from '../support/tree.ts';
import { onLoopback } from '../transport/listen.ts';
import type { Order, Said, WorkerVariables } from './cluster-program.ts';

const PROGRAM = fileURLToPath(new URL('./cluster-program.ts', import.meta.url));
/** Whose bytes never go through the primary; those that load here. */
const SHARING = [
  ...(loadNative().addon === undefined ? [] : ['native']),
  ...((await loadUws()).library === undefined ? [] : ['uws']),
] as const;
const TRANSPORTS = [...SHARING, 'http1'];

interface Program {
  /** Forks a worker and waits for what becomes of it. */
  fork(variables: WorkerVariables): Promise<Said>;
  disconnect(): void;
  next(): Promise<Said>;
}

function startProgram(t: Teardown): Program {
  const child = fork(PROGRAM, { execArgv: [`--import=${import.meta.resolve('tsx')}`] });
  t.teardown(() => child.kill('SIGKILL'));
  const messages = on(child, 'message');
  const tell = (order: Order) => void child.send(order);
  const next = async () => ((await messages.next()).value as [Said])[0];
  return {
    fork(variables) {
      tell({ fork: variables });
      return next();
    },
    disconnect: () => tell('disconnect'),
    next,
  };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const holder = createTcpServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  const { port } = holder.address() as AddressInfo;
  await new Promise((resolve) => holder.close(resolve));
  return port;
}

/** Asks on new connections until all of these workers have answered; the test's own timeout is its limit. */
async function hearFrom(at: number | Address, pids: readonly number[]): Promise<void> {
  const missing = new Set(pids.map(String));
  while (missing.size > 0) {
    const answer = await request(typeof at === 'number' ? { port: at } : at, '/a.txt');
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    missing.delete(answer.field('x-worker') ?? '');
  }
}

function portsOf(said: readonly Said[], worker: number): number[] {
  return said.flatMap((one) => (one.event === 'listening' && one.pid === worker ? [one.port] : []));
}

for (const transport of TRANSPORTS) {
  t.test(`${transport}: workers share the port, and one that died is replaced`, async (t) => {
    const root = makeTree(t, { 'a.txt': 'hello' });
    const port = await freePort();
    const variables = { ROOT: root, PORT: String(port), TRANSPORT: transport };
    const program = startProgram(t);
    const first = await program.fork(variables);
    const second = await program.fork(variables);
    const third = await program.fork(variables);
    for (const worker of [first, second, third]) t.match(worker, { event: 'listening', transport });
    await hearFrom(port, [first.pid, second.pid, third.pid]);

    process.kill(second.pid, 'SIGKILL');
    t.match(await program.next(), { pid: second.pid, event: 'ended' });
    const fourth = await program.fork(variables);
    t.match(fourth, { event: 'listening', transport });
    await hearFrom(port, [first.pid, third.pid, fourth.pid]);

    program.disconnect();
    const ends = [await program.next(), await program.next(), await program.next()];
    for (const end of ends) t.match(end, { event: 'ended', code: 0 }, 'let go, it ends');
  });

  t.test(`${transport}: workers that start together all get the port`, async (t) => {
    const root = makeTree(t, { 'a.txt': 'hello' });
    const variables = { ROOT: root, PORT: String(await freePort()), TRANSPORT: transport };
    const program = startProgram(t);
    const workers = await Promise.all([1, 2, 3, 4].map(() => program.fork(variables)));
    for (const worker of workers) t.match(worker, { event: 'listening' });
  });

  t.test(`${transport}: port 0 is one free port for all`, async (t) => {
    const root = makeTree(t, { 'a.txt': 'hello' });
    const variables = { ROOT: root, PORT: '0', TRANSPORT: transport, SERVERS: '2' };
    const program = startProgram(t);
    const said = Promise.all([1, 2].map(() => program.fork(variables)));
    const all = [...(await said), await program.next(), await program.next()];
    const pids = [...new Set(all.map(({ pid }) => pid))];
    const ports = pids.map((pid) => portsOf(all, pid));
    t.equal(pids.length, 2);
    t.strictSame(ports[0], ports[1], 'the same, in order');
    t.equal(new Set(ports[0]).size, 2, 'a server has its own');
    for (const port of ports[0] ?? []) await hearFrom(port, pids);

    const late = await program.fork(variables);
    t.strictSame(portsOf([late, await program.next()], late.pid), ports[0], 'late ones too');
    const other = await startProgram(t).fork(variables);
    t.notOk(ports[0]?.includes(portsOf([other], other.pid)[0] ?? 0), 'another program: another');
  });

  t.test(`${transport}: a stranger on the port stays an error`, async (t) => {
    const root = makeTree(t, { 'a.txt': 'hello' });
    const holder = createTcpServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    t.teardown(() => holder.close());
    const { port } = holder.address() as AddressInfo;
    const program = startProgram(t);
    const worker = await program.fork({ ROOT: root, PORT: String(port), TRANSPORT: transport });
    t.match(worker, { event: 'failed', message: `port ${port}: it is in use` });
  });

  t.test(`${transport}: so does another program's worker that shares its port`, async (t) => {
    const root = makeTree(t, { 'a.txt': 'hello' });
    const port = await freePort();
    const variables = { ROOT: root, PORT: String(port), TRANSPORT: transport };
    const one = await startProgram(t).fork(variables);
    t.match(one, { event: 'listening' });
    const other = await startProgram(t).fork(variables);
    t.match(other, { event: 'failed', message: `port ${port}: it is in use` });
    await hearFrom(port, [one.pid]);
  });
}

t.test('http1: workers share a Unix socket, and its file goes with the last', async (t) => {
  const root = makeTree(t, { 'a.txt': 'hello' });
  const path = join(makeTree(t), 'sock');
  const program = startProgram(t);
  const variables = { ROOT: root, PORT: '0', SOCKET: path, TRANSPORT: 'http1' };
  const first = await program.fork(variables);
  const second = await program.fork(variables);
  for (const worker of [first, second]) t.match(worker, { event: 'listening' });
  await hearFrom({ port: 0, path }, [first.pid, second.pid]);
  program.disconnect();
  for (const _ of [first, second]) t.match(await program.next(), { event: 'ended', code: 0 });
  t.notOk(existsSync(path));
});

for (const transport of SHARING) {
  t.test(`${transport}: a Unix socket is one worker's alone`, async (t) => {
    const root = makeTree(t, { 'a.txt': 'hello' });
    const path = join(makeTree(t), 'sock');
    const program = startProgram(t);
    const variables = { ROOT: root, PORT: '0', SOCKET: path, TRANSPORT: transport };
    const first = await program.fork(variables);
    t.match(first, { event: 'listening' });
    t.match(await program.fork(variables), { event: 'failed', message: 'somebody listens there' });
    await hearFrom({ port: 0, path }, [first.pid]);
  });

  t.test(`${transport}: one worker has one server on a port`, async (t) => {
    const root = makeTree(t, { 'a.txt': 'hello' });
    const port = await freePort();
    const program = startProgram(t);
    const variables = { ROOT: root, PORT: String(port), TRANSPORT: transport, SERVERS: '2' };
    t.match(await program.fork(variables), { event: 'listening' });
    t.match(await program.next(), { event: 'failed', message: `port ${port}: it is in use` });
  });

  t.test(`${transport}: programs that PM2 runs under one primary are strangers`, async (t) => {
    const root = makeTree(t, { 'a.txt': 'hello' });
    const port = await freePort();
    const program = startProgram(t);
    const variables = { ROOT: root, PORT: String(port), TRANSPORT: transport };
    const named = (name: string) => ({ ...variables, pm2_env: JSON.stringify({ name }) });
    t.match(await program.fork(named('app')), { event: 'listening' });
    t.match(await program.fork(named('app')), { event: 'listening' });
    for (const stranger of [variables, named('other')]) {
      const worker = await program.fork(stranger);
      t.match(worker, { event: 'failed', message: `port ${port}: it is in use` });
    }
  });
}

t.test('a free port where a stranger listens by TCP is not the one', async (t) => {
  const inUse = () => Object.assign(new Error('in use'), { code: 'EADDRINUSE' });
  const tried: number[] = [];
  const refusing = (times: number) => {
    tried.length = 0;
    const listen = async ({ at }: TcpListener): Promise<Bound> => {
      tried.push(at.port);
      if (tried.length <= times) throw inUse();
      return { address: { host: at.host, port: at.port }, descriptors: [], close() {} };
    };
    return { listen } as unknown as Transport;
  };
  const listener = onLoopback(0) as TcpListener;
  const { bound, release } = await listenOnCommonPort(refusing(2), listener);
  release?.();
  t.match(bound.address, { port: tried[2] });
  t.equal(new Set(tried).size, 3, 'another each time');
  await t.rejects(listenOnCommonPort(refusing(99), listener), { code: 'EADDRINUSE' });
  t.equal(tried.length, 16);
});

t.test('who listens at an address, by the tables of /proc/net', async (t) => {
  const row = (local: string, state: string, inode: number) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    row('0100007F:1F90', '0A', 1),
    row('00000000:1F90', '0A', 2),
    row('0100007F:1F90', '01', 3),
    row('0100007F:1F91', '0A', 4),
    row('0200007F:1F90', '0A', 5),
    row('00000000000000000000000001000000:1F90', '0A', 6),
    row('00000000000000000000000000000000:1F90', '0A', 7),
    row('B80D0120000000000000000034120000:1F90', '0A', 8),
    '',
  ].join('\n');
  const cases: ReadonlyArray<readonly [address: string, port: number, inodes: string[]]> = [
    ['127.0.0.1', 8080, ['1', '2', '7']],
    ['127.0.0.2', 8080, ['2', '5', '7']],
    ['127.0.0.1', 8081, ['4']],
    ['10.0.0.1', 8080, ['2', '7']],
    ['0.0.0.0', 8080, ['1', '2', '5', '6', '7', '8']],
    ['::', 8080, ['1', '2', '5', '6', '7', '8']],
    ['::1', 8080, ['2', '6', '7']],
    ['2001:db8::3412', 8080, ['2', '7']],
    ['2001:db8::1234', 8080, ['2', '7', '8']],
    ['127.0.0.1', 80, []],
  ];
  for (const [address, port, inodes] of cases) {
    t.same(listenersAt(table, address, port), inodes, `${address} port ${port}`);
  }
});
