// What the benchmark knows of a server: how to tell that it is there, start it, and what it offers.

import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Certificate } from '../certificate.ts';
import { connect } from '../client.ts';
import { type Child, type Command, start } from '../process.ts';
import type { Feature, Protocol } from '../scenario.ts';

/**
 * Families of servers. Only those with `cold-disk` take part in the scenarios of that group; those with `many-only` in
 * no others than those of many files, those with `log-only`, `threads-only` and `encoded-only` in no others than those of
 * their group.
 */
export type Tag =
  | 'zcserve'
  | 'floor'
  | 'server'
  | 'node'
  | 'middleware'
  | 'cold-disk'
  | 'many-only'
  | 'log'
  | 'log-only'
  | 'threads'
  | 'threads-only'
  | 'encoded-only';

export interface Place {
  /** The directory to serve. */
  readonly root: string;
  /** A directory for the server's own files; empty, removed afterwards. */
  readonly work: string;
  /** A taskset(1) core list. */
  readonly cores: string | undefined;
  /** Directories are listed. */
  readonly listing?: boolean;
  /** With one it serves HTTPS and HTTP/2 by ALPN, without one plain HTTP. */
  readonly certificate?: Certificate | undefined;
}

export interface ServerKind {
  readonly name: string;
  readonly tags: readonly Tag[];
  /** What it is set up for here. */
  readonly speaks: readonly Protocol[];
  /** Features that it has not, so that its row says so instead of failing. */
  readonly lacks: readonly Feature[];
  /** Why it can't run here and how to change that; undefined when it can. */
  missing(): string | undefined;
  version(): string;
  /** Starts it and resolves when it answers. Rejects with its own words when it doesn't. */
  start(place: Place): Promise<RunningServer>;
}

export interface RunningServer {
  readonly url: URL;
  readonly pid: number;
  /** What the reader of a row must know, e.g. which transport was taken. */
  readonly note?: string;
  /** Why it has ended on its own, or undefined while it runs. */
  died(): string | undefined;
  stop(): Promise<void>;
}

const READY_MS = 30_000;
const POLL_MS = 25;

/** Starts a server that is told its port, and waits until it answers HTTP. */
export async function startOnPort(
  port: number,
  command: Command,
  certificate?: Certificate,
): Promise<RunningServer> {
  const child = start(command);
  const scheme = certificate === undefined ? 'http' : 'https';
  const server = runningServer(child, new URL(`${scheme}://127.0.0.1:${port}`));
  await untilReady(server);
  return server;
}

/** Starts a server that prints its port on stdout; `find` reads it from what was printed so far. */
export async function startAndRead(
  command: Command,
  find: (stdout: string) => { readonly url: URL; readonly note?: string } | undefined,
): Promise<RunningServer> {
  const child = start(command);
  const found = await untilPrinted(child, () => find(child.stdout()));
  const server = runningServer(child, found.url, found.note);
  await untilReady(server);
  return server;
}

/** A port that was free a moment ago, for servers that can't be given port 0. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return address.port;
}

function runningServer(child: Child, url: URL, note?: string): RunningServer {
  return {
    url,
    pid: child.pid,
    ...(note === undefined ? {} : { note }),
    died: () => {
      const ended = child.ended();
      return ended === undefined ? undefined : `${ended}. ${lastWords(child)}`.trim();
    },
    stop: () => child.stop(),
  };
}

/** The end of its output, without a stack trace. */
function lastWords(child: Child): string {
  const lines = `${child.stderr()}${child.stdout()}`.trim().split('\n');
  return lines
    .filter((line) => line !== '' && !/^\s+at |^Node\.js v/.test(line))
    .slice(-3)
    .join(' ');
}

export async function untilPrinted<T>(child: Child, look: () => T | undefined): Promise<T> {
  for (let waited = 0; waited < READY_MS; waited += POLL_MS) {
    const found = look();
    if (found !== undefined) return found;
    if (child.ended() !== undefined) break;
    await pause(POLL_MS);
  }
  await child.stop();
  throw new Error(`did not start: ${child.ended()}. ${lastWords(child)}`);
}

async function untilReady(server: RunningServer): Promise<void> {
  for (let waited = 0; waited < READY_MS; waited += POLL_MS) {
    if (server.died() !== undefined) break;
    if (await answers(server.url)) return;
    await pause(POLL_MS);
  }
  const reason = server.died() ?? `no answer in ${READY_MS / 1000} s`;
  await server.stop();
  throw new Error(`did not start: ${reason}`);
}

async function answers(url: URL): Promise<boolean> {
  const client = connect(url, url.protocol === 'https:' ? 'https' : 'http');
  try {
    await client.ask({ path: '/ready-check', headers: { connection: 'close' } });
    return true;
  } catch {
    return false;
  } finally {
    client.close();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
