// A process that starts servers when it is told to, so that tests see them from outside. Forked by host.ts.
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from '../../src/server/server.ts';
import type { Command, Reply } from './host.ts';

const servers = new Map<number, Server>();

process.on('message', async ({ id, command }: { id: number; command: Command }) => {
  const reply: Reply = await obey(command).catch((error: Error) => ({ error: error.message }));
  process.send?.({ id, reply });
});
process.on('disconnect', () => process.exit());

async function obey(command: Command): Promise<Reply> {
  switch (command.kind) {
    case 'start': {
      const server = await createServer(command.options);
      servers.set(server.port, server);
      return { port: server.port, transport: server.transport, admin: server.admin };
    }
    case 'stats':
      return { stats: find(command.port).stats() };
    case 'close':
      await find(command.port).close();
      return {};
    case 'reload':
      await find(command.port).reload();
      return {};
    case 'collect':
      globalThis.gc?.();
      return {};
    case 'block':
      // The file says that the thread is blocked; it goes on when the file is gone.
      writeFileSync(command.file, '');
      while (existsSync(command.file))
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      return {};
  }
}

function find(port: number): Server {
  const server = servers.get(port);
  if (server === undefined) throw new Error(`no server on port ${port}`);
  return server;
}
