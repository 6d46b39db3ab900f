// Where a server of node's listens: by address, by the path of a socket, on a descriptor that somebody else has opened.
import { chmodSync } from 'node:fs';
import type { AddressInfo, ListenOptions, Server } from 'node:net';
import type { Listener } from '../../rules/listeners.ts';
import type { BoundAddress } from '../transport.ts';

/** A server for each socket: node has but one listener a server. `open` makes one that does not listen yet. */
export async function listenByNode<S extends Server>(
  { at, ipv6Only }: Listener,
  open: () => S,
): Promise<{ readonly address: BoundAddress; readonly servers: readonly S[] }> {
  switch (at.kind) {
    case 'tcp': {
      const { host, port } = at;
      return one(await listening(open(), { port, ipv6Only, ...(host && { host }) }));
    }
    case 'unix':
      return one(await withMode(at.mode, at.path, () => listening(open(), { path: at.path })));
    case 'descriptors': {
      // In a worker of node:cluster a descriptor would be the primary's.
      const servers = at.descriptors.map((fd) =>
        listening(open(), { fd, exclusive: true, backlog: BACKLOG }),
      );
      const all = await Promise.all(servers);
      const [first] = all;
      if (first === undefined) throw new Error('no descriptor to listen on');
      return { address: addressOf(first), servers: all };
    }
  }
}

/** Node sets it anew. As in native/net/listener.cc. */
const BACKLOG = 4096;

function one<S extends Server>(server: S) {
  return { address: addressOf(server), servers: [server] };
}

function listening<S extends Server>(
  server: S,
  where: ListenOptions & { fd?: number },
): Promise<S> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

/** Node binds and listens at once: until chmod(2) nobody is let in whom the mode would not. */
async function withMode<T>(
  mode: number | undefined,
  path: string,
  listen: () => Promise<T>,
): Promise<T> {
  if (mode === undefined) return listen();
  // Of the process, and only its main thread may set it.
  const before = process.getBuiltinModule('node:worker_threads').isMainThread
    ? process.umask(0o777 & ~mode)
    : undefined;
  const listens = listen();
  if (before !== undefined) process.umask(before);
  const listened = await listens;
  chmodSync(path, mode);
  return listened;
}

function addressOf(server: Server): BoundAddress {
  const address = server.address() as AddressInfo | string | null;
  // Of a Unix socket that was opened by somebody else node may know no path.
  if (typeof address !== 'object' || address === null) return { path: address ?? '' };
  return { host: address.address, port: address.port };
}
