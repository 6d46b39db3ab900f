// A process that starts servers when it is told to, so that tests see them from outside. Forked by host.ts.
import { existsSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { createServer, type Server } from '../../src/server/server.ts';
import type { Command, Reply } from './host.ts';

const servers = new Map<string, Server>();

process.on('message', async ({ id, command }: { id: number; command: Command }) => {
  const reply: Reply = await obey(command).catch((error: Error) => ({ error: error.message }));
  process.send?.({ id, reply });
});
process.on('disconnect', () => process.exit());

async function obey(command: Command): Promise<Reply> {
  switch (command.kind) {
    case 'start': {
      const server = await createServer(command.options);
      servers.set(server.url, server);
      return {
        port: server.port,
        url: server.url,
        transport: server.transport,
        admin: server.admin,
      };
    }
    case 'stats':
      return { stats: find(command.url).stats() };
    case 'close':
      await find(command.url).close();
      return {};
    case 'reload':
      await find(command.url).reload();
      return {};
    case 'collect':
      // V8 gives pages back when the next collection finds them swept.
      for (let round = 0; round < 3; round++) {
        globalThis.gc?.();
        await setImmediate();
      }
      return {};
    case 'block':
      // The file says that the thread is blocked; it goes on when the file is gone.
      writeFileSync(command.file, '');
      while (existsSync(command.file))
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      return {};
  }
}

function find(url: string): Server {
  const server = servers.get(url);
  if (server === undefined) throw new Error(`no server at ${url}`);
  return server;
}
