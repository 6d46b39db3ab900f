// The end of a process, and its next start, as clients see them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { CLI } from '../support/cli.ts';
import { type Address, connect, request, requestBytes } from '../support/client.ts';
import { startCommand } from '../support/command.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree } from '../support/tree.ts';

const { addon } = loadNative();
const skip = addon === undefined && 'no addon';
const root = makeTree(t, { 'a.txt': 'hello' });
const keep = requestBytes('/a.txt', { fields: { connection: 'keep-alive' } });

for (const transport of ['native', 'http1'] as const) {
  const title = `${transport}: TERM: each request of 64 clients that began before it is answered`;
  t.test(title, { skip }, async (t) => {
    const { tlsCert, tlsKey } = TLS_OPTIONS;
    const own = [`--tls-cert=${tlsCert}`, `--tls-key=${tlsKey}`, `--transport=${transport}`];
    const listen = '--listen=127.0.0.1:0,plain,127.0.0.1:0,tls';
    for (let round = 0; round < 3; round++) {
      const running = await startCommand(t, [root, listen, ...own]);
      const [plain = 0, secure = 0] = running.report.urls.map((url) => Number(new URL(url).port));
      const kinds: readonly Address[] = [
        { port: plain },
        { port: secure, tls: true },
        ...(transport === 'native' ? [{ port: secure, tls: true, http2: true }] : []),
      ];
      const clients = await Promise.all(
        Array.from({ length: 64 }, (_, i) => connect(kinds[i % kinds.length] ?? { port: plain })),
      );
      for (const client of clients) {
        await client.send(keep);
        await client.read();
      }
      const sent = Promise.all(clients.map((client) => client.send(keep)));
      running.process.kill('SIGTERM');
      await sent;
      const answers = await Promise.all(clients.map((client) => client.read()));
      t.same([...new Set(answers.map(({ status, body }) => `${status} ${body}`))], ['200 hello']);
      for (const client of clients) client.close();
      t.match(await running.ended, { code: 0 });
    }
  });
}

t.test(
  'killed and started again on a socket of systemd: who comes waits, who was there comes anew',
  { skip },
  async (t) => {
    if (addon === undefined) return;
    const [socket = -1] = addon.listen('127.0.0.1', 0, false, 1, false);
    const { port = 0 } = addon.adopt(socket) as { readonly port?: number };
    for (let round = 0; round < 3; round++) {
      const process = await startOn(t, socket);
      const idle = await connect({ port });
      await idle.send(keep);
      await idle.read();
      process.kill('SIGKILL');
      await once(process, 'exit');
      t.equal((await idle.rest()).length, 0, 'the connection is gone');
      const waiting = Array.from({ length: 16 }, () => request({ port }, '/a.txt'));
      const next = await startOn(t, socket);
      for (const { status } of await Promise.all(waiting)) t.equal(status, 200);
      next.kill('SIGKILL');
      await once(next, 'exit');
    }
    addon.closeSockets([socket]);
  },
);

/** As systemd starts it: sd_listen_fds(3). */
async function startOn(t: Test, socket: number): Promise<ChildProcess> {
  const start = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"';
  const child = spawn('sh', ['-c', start, 'sh', process.execPath, ...CLI, root], {
    stdio: ['ignore', 'pipe', 'ignore', socket],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(createInterface({ input: child.stdout as Readable }), 'line');
  return child;
}
