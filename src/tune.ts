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

/** A strategy that delivers this much less than another is not better, however little CPU it takes. */
const SLOWER = 0.9;

/** Medians over the rounds. */
export interface Cost {
  /** Server CPU time per request in microseconds. */
  readonly cpu: number;
  readonly requestsPerSecond: number;
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
  const removeScratch = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', removeScratch);
  const servers: TunedServer[] = [];
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
    console.log(`\n${advice(chooseThresholds(measured))}`);
  } finally {
    for (const server of servers) server.process.kill();
    removeScratch();
    process.off('exit', removeScratch);
  }
}

/**
 * mmapMax is the largest size below which mmap always beats sendfile; sendfileMin the smallest above
 * which sendfile always beats read. Both in bytes; sizes between two measured ones are not guessed.
 */
export function chooseThresholds(measured: readonly Measured[]): Thresholds {
  const firstLoss = measured.findIndex(({ cost }) => beats(cost.sendfile, cost.mmap));
  const kept = firstLoss === -1 ? measured : measured.slice(0, firstLoss);
  const lastLoss = measured.findLastIndex(({ cost }) => !beats(cost.sendfile, cost.read));
  const largest = measured.at(-1)?.size ?? 0;
  return {
    mmapMax: kept.at(-1)?.size ?? 0,
    sendfileMin: measured[lastLoss + 1]?.size ?? largest,
  };
}

function beats(one: Cost, other: Cost): boolean {
  return one.cpu < other.cpu && one.requestsPerSecond > other.requestsPerSecond * SLOWER;
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
    cpu: median(turns.map(({ cpu }) => cpu)),
    requestsPerSecond: median(turns.map(({ requestsPerSecond }) => requestsPerSecond)),
  };
}

async function takeTurn({ pid, port }: TunedServer, kibibytes: number): Promise<Cost> {
  const before = cpuNanoseconds(pid);
  const began = performance.now();
  const until = began + TURN_MS;
  const counts = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => downloadUntil(until, port, kibibytes)),
  );
  const elapsed = performance.now() - began;
  const requests = counts.reduce((sum, count) => sum + count, 0);
  return {
    cpu: (cpuNanoseconds(pid) - before) / 1000 / requests,
    requestsPerSecond: (requests / elapsed) * 1000,
  };
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
    cost[strategy].cpu.toFixed(1).padStart(10),
    Math.round(cost[strategy].requestsPerSecond).toString().padStart(10),
  ]);
  const row = `${`${size / 1024} KiB`.padStart(9)}${cells.join('')}`;
  if (!withHead) return row;
  const names = STRATEGIES.map((strategy) => strategy.padStart(20)).join('');
  const units = STRATEGIES.map(() => 'CPU µs'.padStart(10) + 'req/s'.padStart(10)).join('');
  return `${' '.repeat(9)}${names}\n${'body'.padStart(9)}${units}\n${row}`;
}

function advice({ mmapMax, sendfileMin }: Thresholds): string {
  return `For this machine:\n  zcserve --mmap-max ${kibibytes(mmapMax)} --sendfile-min ${kibibytes(sendfileMin)}`;
}

function kibibytes(bytes: number): string {
  return `${bytes / 1024}k`;
}
