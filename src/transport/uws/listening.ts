// Where uWebSockets.js listens, and why it does not.
import { chmodSync, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Place } from '../../rules/listeners.ts';
import type { UwsListening } from './apps.ts';
import type { UwsApp, UwsLibrary } from './library.ts';

/** LIBUS_LISTEN_DEFAULT, which the library does not export. */
const SHARED_PORT = 0;

/** As the system gives them to files, where nothing else was asked for. */
const ANYBODY = 0o777;

/** Rejects with an Error that has `code`. */
export async function listenOn(
  app: UwsApp,
  library: UwsLibrary,
  at: Place,
  shared: boolean,
): Promise<UwsListening> {
  switch (at.kind) {
    case 'tcp': {
      const { host, port } = at;
      const sharing = shared ? SHARED_PORT : library.LIBUS_LISTEN_EXCLUSIVE_PORT;
      const by = (name: string) => listenByTcp(app, library, name, port, sharing);
      if (host !== '') return by(host);
      // Of both families by one socket, where the system has IPv6.
      return by('::').catch((error) =>
        NO_IPV6.has(error.code) ? by('0.0.0.0') : Promise.reject(error),
      );
    }
    case 'unix': {
      const { path, mode = ANYBODY & ~process.umask() } = at;
      // It would take anybody's place.
      if (existsSync(path)) throw inUse(path);
      const token = await new Promise((resolve) => app.listen_unix(resolve, path));
      if (!token) throw await whyNot({ path });
      chmodSync(path, mode);
      return { token, address: { path } };
    }
    case 'descriptors':
      throw new Error('uWebSockets.js takes no descriptors');
  }
}

const NO_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL']);

async function listenByTcp(
  app: UwsApp,
  library: UwsLibrary,
  host: string,
  port: number,
  sharing: number,
): Promise<UwsListening> {
  const token = await new Promise((resolve) => app.listen(host, port, sharing, resolve));
  if (!token) throw await whyNot({ host, port });
  return { token, address: { host, port: library.us_socket_local_port(token) } };
}

function inUse(what: string): Error {
  return Object.assign(new Error(`cannot listen on ${what}`), { code: 'EADDRINUSE' });
}

/** The library only says that it cannot listen: node says why. */
function whyNot(where: { host: string; port: number } | { path: string }): Promise<Error> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen(where, () => {
      probe.close();
      resolve(inUse(JSON.stringify(where)));
    });
  });
}
