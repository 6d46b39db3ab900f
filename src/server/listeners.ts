// What a server listens on: each socket is made once, owned here, and lent to whoever serves.
import { networkInterfaces } from 'node:os';
import { OptionError } from '../options/table.ts';
import { type Listener, placeText } from '../rules/listeners.ts';
import type { Bound, Transport } from '../transport/transport.ts';
import type { TransportName } from './choose.ts';
import { cannotListen } from './problems.ts';
import { holdFile, makeRoom } from './socket-file.ts';

/** A listener that is bound. */
export interface ListeningSocket extends Bound {
  readonly listener: Listener;
}

export interface Listeners {
  readonly sockets: readonly ListeningSocket[];
  /** Lets go of them all, and removes what is ours of files. No client comes any more when the carrier has ended too. */
  close(): void;
}

export interface Wishes {
  readonly listeners: readonly Listener[];
  /** Also the next free port; undefined where that is no choice. */
  readonly portFallback: boolean | undefined;
}

/** Rejects with a StartError, and has let go of all, where one of them cannot be bound. */
export async function openListeners(
  { listeners, portFallback }: Wishes,
  transport: Transport,
  name: TransportName,
): Promise<Listeners> {
  const sockets: ListeningSocket[] = [];
  const releases: Array<() => void> = [];
  const close = () => {
    for (const release of releases.splice(0)) release();
  };
  for (const listener of listeners) {
    try {
      const { bound, release } = await open(listener, portFallback, transport, name);
      releases.push(release);
      sockets.push({ ...bound, listener });
      refuseStrangers(listener, bound);
    } catch (error) {
      close();
      throw error instanceof OptionError
        ? error
        : cannotListen(listener.at, portFallback !== undefined, error);
    }
  }
  return { sockets, close };
}

interface Opened {
  readonly bound: Bound;
  readonly release: () => void;
}

async function open(
  listener: Listener,
  portFallback: boolean | undefined,
  transport: Transport,
  name: TransportName,
): Promise<Opened> {
  const { at } = listener;
  switch (at.kind) {
    case 'tcp':
      return openPort(listener, at, portFallback, transport, name);
    case 'unix': {
      // Then its file is the primary's, who removes it with the last of them.
      const shared = name === 'http1' && isForked() && (await import('./workers.ts')).isWorker();
      if (!shared) await makeRoom(at.path);
      const bound = await transport.listen(listener);
      const removeFile = shared ? () => {} : holdFile(at.path);
      return {
        bound,
        release() {
          bound.close();
          removeFile();
        },
      };
    }
    case 'descriptors': {
      const bound = await transport.listen(listener);
      return { bound, release: bound.close };
    }
  }
}

/** Ports that `portFallback` tries after the first. */
export const FALLBACK_PORTS = 100;

async function openPort(
  listener: Listener,
  at: Extract<Listener['at'], { readonly kind: 'tcp' }>,
  portFallback: boolean | undefined,
  transport: Transport,
  name: TransportName,
): Promise<Opened> {
  const { port } = at;
  const last = portFallback && port > 0 ? Math.min(port + FALLBACK_PORTS, 65_535) : port;
  // Node's servers ask node:cluster by themselves.
  const { listenAsWorker } = isForked() && name !== 'http1' ? await import('./workers.ts') : {};
  for (let candidate = port; ; candidate++) {
    const wanted = { ...listener, at: { ...at, port: candidate } };
    try {
      const { bound, release } = listenAsWorker
        ? await listenAsWorker(transport, wanted)
        : { bound: await transport.listen(wanted) };
      return {
        bound,
        release() {
          bound.close();
          release?.();
        },
      };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' || candidate >= last) throw error;
    }
  }
}

/** Has it a parent to talk to, as every worker of node:cluster has? */
export function isForked(): boolean {
  return process.channel !== undefined;
}

/** What a descriptor is shows when it listens: by TCP anybody may come, and claim to be a proxy. */
function refuseStrangers({ at, proxyFrom }: Listener, { address }: Bound): void {
  if (proxyFrom?.length !== 0 || address.path !== undefined) return;
  throw new OptionError(
    (call) =>
      `${call('listen')}: ${placeText(at)}: proxy needs ${call('proxyFrom')}, the addresses of the proxies`,
  );
}

/** The port of the first one that has one. */
export function portOf(sockets: readonly ListeningSocket[]): number {
  for (const { address } of sockets) if (address.path === undefined) return address.port;
  return 0;
}

/** Where clients find them: by TCP one URL for each address that a host stands for, loopback first; `unix:` and the path. */
export function urlsOf(sockets: readonly ListeningSocket[]): string[] {
  return sockets.flatMap(({ listener, address }) => {
    if (address.path !== undefined) return [`unix:${address.path}`];
    const { at, tls, ipv6Only } = listener;
    // A name stays as it was asked for: a certificate may be for it.
    const host = at.kind === 'tcp' && at.host !== '' ? at.host : address.host;
    const scheme = tls ? 'https' : 'http';
    return addressesOf(host, ipv6Only).map(
      (each) => `${scheme}://${each.includes(':') ? `[${each}]` : each}:${address.port}`,
    );
  });
}

function addressesOf(host: string, ipv6Only: boolean): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const families = host === '0.0.0.0' ? ['IPv4'] : ipv6Only ? ['IPv6'] : ['IPv4', 'IPv6'];
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, scopeid }) => families.includes(family) && !scopeid)
    .toSorted((a, b) => Number(b.internal) - Number(a.internal))
    .map(({ address }) => address);
}
