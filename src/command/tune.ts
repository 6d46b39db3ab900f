// `zcserve tune`: measures read, mmap and sendfile on this machine and prints the best thresholds.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const STRATEGIES = ['read', 'mmap', 'sendfile'] as const;
type Strategy = (typeof STRATEGIES)[number];

/** Body sizes in KiB. */
const SIZES = [1, 4, 16, 32, 64, 128, 256, 512, 1024, 4096];
const ROUNDS = 5;
const TURN_MS = 120;
const CONNECTIONS = 16;

/** A turn in which nothing arrives for this long has failed. */
const STALLED_MS = 10_000;

/** Medians over the rounds, microseconds per request. */
export interface Cost {
  /** CPU time of the server: what counts when the clients are elsewhere. */
  readonly server: number;
  /** CPU time of server and client: what counts when they share a machine, as behind a proxy. */
  readonly whole: number;
}

/** By strategy, at one body size in bytes. */
export interface Measured {
  readonly size: number;
  readonly cost: Readonly<Record<Strategy, Cost>>;
}

export interface Thresholds {
  readonly mmapMax: number;
  readonly sendfileMin: number;
}

/**
 * Serves scratch files from a directory beside the root's files (or the system's temporary one) with
 * each strategy in turn, for about half a minute, and prints the table and the flags to stdout.
 * Linux only: CPU time is read from /proc. Rejects when a server does not start.
 */
export async function tune({ root }: { readonly root: string }): Promise<void> {
  const directory = makeScratch(resolve(root));
  const servers: TunedServer[] = [];
  const cleanUp = (): void => {
    for (const server of servers) server.process.kill();
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    for (const size of SIZES)
      writeFileSync(join(directory, `${size}k`), Buffer.alloc(size * 1024, size));
    for (const strategy of STRATEGIES) servers.push(await startServer(directory, strategy));
    console.log(`Measuring for about ${seconds()} s with ${CONNECTIONS} connections …\n`);
    const measured: Measured[] = [];
    for (const size of SIZES) {
      const row = await measureSize(servers, size);
      console.log(tableRow(row, measured.length === 0));
      measured.push(row);
    }
    console.log(`\n${advice(measured)}`);
  } finally {
    cleanUp();
    process.off('exit', cleanUp);
  }
}

/**
 * The sizes in bytes at which it is best to change from mmap to sendfile, and from read to sendfile.
 * Best over all measured sizes together, so that one noisy figure moves no threshold.
 */
export function chooseThresholds(measured: readonly Measured[], cost: keyof Cost): Thresholds {
  const fromMmap = bestChange(measured, 'mmap', cost);
  const fromRead = bestChange(measured, 'read', cost);
  return {
    mmapMax: measured[fromMmap - 1]?.size ?? 0,
    sendfileMin: measured[fromRead]?.size ?? measured.at(-1)?.size ?? 0,
  };
}

/** How many of the sizes, from the smallest up, `small` should send; sendfile sends the others. */
function bestChange(
  measured: readonly Measured[],
  small: 'mmap' | 'read',
  cost: keyof Cost,
): number {
  // Logarithms: a tenth saved on a small body counts as much as a tenth of a large one.
  const totals = Array.from({ length: measured.length + 1 }, (_, change) =>
    measured.reduce((sum, row, index) => {
      const strategy = index < change ? small : 'sendfile';
      return sum + Math.log(row.cost[strategy][cost]);
    }, 0),
  );
  return totals.indexOf(Math.min(...totals));
}

/** A hidden directory in the root, so that its file system is measured; else a temporary one. */
function makeScratch(root: string): string {
  try {
    return mkdtempSync(join(root, '.zcserve-tune-'));
  } catch {
    return mkdtempSync(join(tmpdir(), 'zcserve-tune-'));
  }
}

interface TunedServer {
  readonly strategy: Strategy;
  readonly process: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

async function startServer(directory: string, strategy: Strategy): Promise<TunedServer> {
  const flags = [
    ...['--host=127.0.0.1', '--port=0', '--json', '--threads=1', '--log-level=error'],
    ...[`--strategy=${strategy}`, '--mmap-max=1g', '--cache-size=1g', '--mmap-min-uses=1'],
  ];
  const command = process.argv[1] ?? '';
  const child = spawn(process.execPath, [...process.execArgv, command, directory, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(() => {
      throw new Error(`the server for strategy ${strategy} did not start`);
    }),
  ])) as [string];
  const { url, pid } = JSON.parse(line) as { url: string; pid: number };
  return { strategy, process: child, pid, port: Number(new URL(url).port) };
}

async function measureSize(servers: readonly TunedServer[], kibibytes: number): Promise<Measured> {
  const turns: Record<Strategy, Cost[]> = { read: [], mmap: [], sendfile: [] };
  for (const server of servers) await takeTurn(server, kibibytes);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const server of servers) turns[server.strategy].push(await takeTurn(server, kibibytes));
  }
  return {
    size: kibibytes * 1024,
    cost: { read: middle(turns.read), mmap: middle(turns.mmap), sendfile: middle(turns.sendfile) },
  };
}

function middle(turns: readonly Cost[]): Cost {
  const median = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  return {
    server: median(turns.map(({ server }) => server)),
    whole: median(turns.map(({ whole }) => whole)),
  };
}

async function takeTurn({ pid, port }: TunedServer, kibibytes: number): Promise<Cost> {
  const serverBefore = cpuNanoseconds(pid);
  const clientBefore = process.cpuUsage();
  const until = performance.now() + TURN_MS;
  const counts = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => downloadUntil(until, port, kibibytes)),
  );
  const client = process.cpuUsage(clientBefore);
  const requests = counts.reduce((sum, count) => sum + count, 0);
  const server = (cpuNanoseconds(pid) - serverBefore) / 1000 / requests;
  return { server, whole: server + (client.user + client.system) / requests };
}

/** Asks for one file over and over on one connection; resolves to the number of answers. */
function downloadUntil(until: number, port: number, kibibytes: number): Promise<number> {
  const request = `GET /${kibibytes}k HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    let answers = 0;
    let left = 0;
    socket.on('data', (chunk) => {
      if (left === 0) {
        // The head and the first body bytes come in one piece: the engine sends them together.
        const head = chunk.indexOf('\r\n\r\n');
        if (head === -1) return void socket.destroy(new Error('a head came in pieces'));
        left = kibibytes * 1024 + head + 4;
      }
      left -= chunk.length;
      if (left > 0) return;
      answers += 1;
      if (performance.now() < until) socket.write(request);
      else socket.destroy();
    });
    socket.setTimeout(STALLED_MS, () =>
      socket.destroy(new Error(`no bytes of ${kibibytes}k came`)),
    );
    socket.once('error', reject);
    socket.once('close', () => resolve(answers));
  });
}

/** CPU time of all threads of a process; proc(5), /proc/PID/task/TID/schedstat. */
function cpuNanoseconds(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((task) =>
      Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
    )
    .reduce((sum, nanoseconds) => sum + nanoseconds, 0);
}

function seconds(): number {
  return Math.ceil((SIZES.length * STRATEGIES.length * (ROUNDS + 1) * TURN_MS) / 1000);
}

function tableRow({ size, cost }: Measured, withHead: boolean): string {
  const cells = STRATEGIES.flatMap((strategy) => [
    cost[strategy].server.toFixed(1).padStart(10),
    cost[strategy].whole.toFixed(1).padStart(10),
  ]);
  const row = `${`${size / 1024} KiB`.padStart(9)}${cells.join('')}`;
  if (!withHead) return row;
  const names = STRATEGIES.map((strategy) => strategy.padStart(20)).join('');
  const units = STRATEGIES.map(() => 'server'.padStart(10) + 'whole'.padStart(10)).join('');
  return `CPU µs per request\n${' '.repeat(9)}${names}\n${'body'.padStart(9)}${units}\n${row}`;
}

function advice(measured: readonly Measured[]): string {
  return `For clients elsewhere (the server's own CPU time):
  ${flags(chooseThresholds(measured, 'server'))}
For clients on this machine (server and client together):
  ${flags(chooseThresholds(measured, 'whole'))}`;
}

function flags({ mmapMax, sendfileMin }: Thresholds): string {
  return `zcserve --mmap-max ${mmapMax / 1024}k --sendfile-min ${sendfileMin / 1024}k`;
}
