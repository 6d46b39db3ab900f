// Servers that send by one strategy each, and what their answers cost. Linux only: CPU time is read from /proc.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { byStrategy, type Cost, type Measured, middle, type Strategy } from './thresholds.ts';

export const ROUNDS = 3;
export const TURN_MS = 120;
export const CONNECTIONS = 16;

/** A turn in which nothing arrives for this long has failed. */
const STALLED_MS = 10_000;

/** A server that sends everything by one strategy. */
export interface TunedServer {
  readonly strategy: Strategy;
  readonly process: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

/** Rejects when it does not start. */
export async function startServer(directory: string, strategy: Strategy): Promise<TunedServer> {
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

/** What a body of this size costs by each; the servers take turns. */
export async function measureSize(
  servers: readonly TunedServer[],
  kibibytes: number,
): Promise<Measured> {
  const turns = byStrategy<Cost[]>(() => []);
  for (const server of servers) await takeTurn(server, kibibytes);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const server of servers) turns[server.strategy].push(await takeTurn(server, kibibytes));
  }
  return {
    size: kibibytes * 1024,
    cost: byStrategy((strategy) => middle(turns[strategy])),
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
