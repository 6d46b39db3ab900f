// A process that keeps a copy of a client's socket (a fork, an inherited descriptor) keeps it in the engine's epoll set
// after the engine has closed it: what happens to it then is no business of the slot's next client.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { connect, requestBytes } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { makeTree, type Teardown } from '../support/tree.ts';
import { until } from './process.ts';

const native = loadNative();
const skip = native.addon === undefined && native.reason;

t.test('a client is not closed by the end of the one before it', { skip }, async (t) => {
  const root = makeTree(t, { 'a.txt': 'hello' });
  const options = { root, transport: 'native', threads: 1, keepAliveTimeout: '100ms' } as const;
  const server = await startServer(t, options);
  const first = await connect(server);
  await first.send(requestBytes('/a.txt', { fields: { connection: 'keep-alive' } }));
  await first.read();
  keep(t, serverSide(first.socket));
  // It is idle, so the engine closes it; for the kernel it is still open.
  await until(async () => server.stats().connections === 0);
  t.notOk(first.socket.readableEnded, 'somebody still holds its socket');

  const second = await connect(server);
  await until(async () => server.stats().connections === 1);
  first.reset();
  await second.send(requestBytes('/a.txt'));
  t.equal((await second.read()).body.toString(), 'hello');
});

/** The descriptor, in this process, of the server's end of a client's connection (proc(5), /proc/net/tcp). */
function serverSide({ localPort = 0, remotePort = 0 }: Socket): number {
  const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const line = readFileSync('/proc/self/net/tcp', 'latin1')
    .split('\n')
    .map((text) => text.trim().split(/\s+/))
    .find(
      ([, local, remote]) => local?.endsWith(hex(remotePort)) && remote?.endsWith(hex(localPort)),
    );
  const name = readdirSync('/proc/self/fd').find((fd) => linkOf(fd) === `socket:[${line?.[9]}]`);
  if (name === undefined) throw new Error('the server has no such connection');
  return Number(name);
}

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The one that has read the directory.
    return undefined;
  }
}

/** A child that has inherited the descriptor, until the test ends. */
function keep(t: Teardown, fd: number): void {
  // Not one of the first three, which libuv would make blocking.
  const child = spawn('sleep', ['infinity'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  t.teardown(() => child.kill('SIGKILL'));
}
