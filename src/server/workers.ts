// Workers of one program on one port: node:cluster's, and those of process managers that fork by it (PM2).
import cluster from 'node:cluster';
import { lookup } from 'node:dns/promises';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import type { Listener, Place } from '../rules/listeners.ts';
import type { Bound, Transport } from '../transport/transport.ts';
import { bindCommonPort, type CommonPort } from './common-port.ts';

/** Runs `stop` when the primary asks this worker to end its connections, as node:cluster stops node's own servers. */
export function onDisconnect(stop: () => void): void {
  cluster.worker?.once('disconnect', stop);
}

/** Are its sockets those of the primary, where node's servers listen? */
export function isWorker(): boolean {
  return cluster.isWorker;
}

export interface WorkerListening {
  readonly bound: Bound;
  /** When nothing listens any more. */
  readonly release?: () => void;
}

/** By TCP. */
export type TcpListener = Listener & { readonly at: Extract<Place, { readonly kind: 'tcp' }> };

/** Ports that are tried for 0, where others listen on those that the system thinks free. */
const FREE_PORTS = 16;

/**
 * Listens where other workers of this program may listen too, and nobody else: the kernel lets any program of the same
 * user share a port that is shared (socket(7), SO_REUSEPORT), and would hand each its part of the clients. Where nothing
 * says who listens, nothing is shared. Port 0 is one free port for all of them. Rejects with an Error that has `code`.
 */
export async function listenAsWorker(
  transport: Transport,
  listener: TcpListener,
): Promise<WorkerListening> {
  if (!cluster.isWorker || readTables().length === 0) {
    return { bound: await transport.listen(listener) };
  }
  return listener.at.port === 0
    ? listenOnCommonPort(transport, listener)
    : { bound: await listenShared(transport, listener) };
}

/** All go through the same numbers, for a number is held until the next is known. */
export async function listenOnCommonPort(
  transport: Transport,
  listener: TcpListener,
): Promise<WorkerListening> {
  const tried: CommonPort[] = [];
  const release = () => {
    for (const { release } of tried) release();
  };
  for (;;) {
    try {
      const common = await bindCommonPort();
      tried.push(common);
      const at = { ...listener.at, port: common.port };
      return { bound: await listenShared(transport, { ...listener, at }), release };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE' && tried.length < FREE_PORTS) continue;
      release();
      throw error;
    }
  }
}

async function listenShared(transport: Transport, listener: TcpListener): Promise<Bound> {
  const { host, port } = listener.at;
  const { address } = await lookup(host || '::');
  const others = siblings().filter((pid) => pid !== String(process.pid));
  if (hasStrangers(address, port, others)) {
    throw Object.assign(new Error(`${host}:${port}`), { code: 'EADDRINUSE' });
  }
  const bound = await transport.listen(listener, true);
  if (hasStrangers(address, port, siblings())) {
    bound.close();
    throw new Error('another program took it at the same moment');
  }
  return bound;
}

/** Does anybody listen there but these processes? */
function hasStrangers(address: string, port: number, pids: readonly string[]): boolean {
  const sockets = readTables().flatMap((table) => listenersAt(table, address, port));
  if (sockets.length === 0) return false;
  const known = new Set(pids.flatMap(socketsOf));
  return !sockets.every((socket) => known.has(socket));
}

/** proc(5), /proc/net/tcp; nothing where there is no such thing. */
function readTables(): string[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => {
    try {
      return readFileSync(file, 'latin1');
    } catch {
      return [];
    }
  });
}

const LISTEN = '0A';

/** Inodes of the sockets in a table of /proc/net that take connections to this address. */
export function listenersAt(table: string, address: string, port: number): string[] {
  const wanted = hexOf(address);
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [at = '', hexPort = ''] = local.split(':');
    const meets = at === wanted || isWildcard(at) || isWildcard(wanted);
    return state === LISTEN && Number.parseInt(hexPort, 16) === port && meets ? inode : [];
  });
}

function isWildcard(hex: string): boolean {
  return /^0+$/.test(hex);
}

/** An address as the table has it: words of four bytes, each as the machine has its numbers (little-endian). */
function hexOf(address: string): string {
  const bytes = isIPv6(address) ? bytes6(address) : address.split('.').map(Number);
  const words = [];
  for (let at = 0; at < bytes.length; at += 4) words.push(bytes.slice(at, at + 4).reverse());
  return words
    .flat()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
}

function bytes6(address: string): number[] {
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [head = '', tail = ''] = (address.split('%')[0] ?? '').split('::');
  const [left, right] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

/** This process and the other workers of the same program, by their primary. */
function siblings(): string[] {
  const program = programOf('self');
  return readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && parentOf(pid) === process.ppid && programOf(pid) === program,
  );
}

function parentOf(pid: string): number | undefined {
  try {
    // The name before it, in parentheses, may have any character.
    return Number(/^.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]);
  } catch {
    return undefined;
  }
}

const PM2 = 'pm2_env=';

/** All programs of PM2 have one primary, which tells each its name in a variable. */
function programOf(pid: string): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    const told = variables.find((variable) => variable.startsWith(PM2));
    return told && JSON.stringify(JSON.parse(told.slice(PM2.length)).name);
  } catch {
    return undefined;
  }
}

/** Inodes of a process's sockets, where it may be looked at. */
function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    );
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
