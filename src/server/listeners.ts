// What a server listens on: each socket is made once, owned here, and lent to whoever serves.
import { chmodSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Log } from '../log/log.ts';
import { OptionError } from '../options/table.ts';
import { type Listener, placeText } from '../rules/listeners.ts';
import type { Bound, BoundAddress, Transport } from '../transport/transport.ts';
import type { TransportName } from './choose.ts';
import { cannotListen } from './problems.ts';
import { holdFile, makeRoom } from './socket-file.ts';

/** A listener from bind(2) on, whoever takes clients from it: where a carrier shares one, what follows the carrier can have it. */
export interface Held {
  /** What it was bound for, and the port that it has: whoever asks for one of them gets this one. */
  readonly keys: readonly string[];
  readonly address: BoundAddress;
  /** By TCP one for each thread; none where a library keeps its own. */
  readonly descriptors: readonly number[];
  /** Closes it, and removes what is ours of files, unless it was left. */
  release(): void;
  /** Closes it in this process: another one has it, and its file. */
  leave(): void;
}

/** A listener that is bound. */
export interface ListeningSocket {
  readonly listener: Listener;
  readonly held: Held;
}

export interface Wishes {
  readonly listeners: readonly Listener[];
  /** Also the next free port; undefined where that is no choice. */
  readonly portFallback: boolean | undefined;
  /** Sockets that are there already: of these, those that are wished for are taken. */
  readonly before: readonly Held[];
}

/**
 * Has the carrier listen. Rejects with a StartError where one of them cannot be bound, and has let go of all that were not
 * there before.
 */
export async function openListeners(
  { listeners, portFallback, before }: Wishes,
  transport: Transport,
  name: TransportName,
): Promise<readonly ListeningSocket[]> {
  const sockets: ListeningSocket[] = [];
  for (const listener of listeners) {
    try {
      const known = (held: Held) =>
        held.keys.includes(keyOf(listener, name)) && !isAmong(held, sockets);
      const there = before.find(known);
      const held =
        there === undefined
          ? await open(listener, portFallback, transport, name)
          : await takeOver(there, listener, transport);
      sockets.push({ listener, held });
      refuseStrangers(listener, held);
    } catch (error) {
      closeListeners(sockets, before);
      throw error instanceof OptionError
        ? error
        : cannotListen(listener.at, portFallback !== undefined, error);
    }
  }
  return sockets;
}

/** Lets go of them, but for those that are kept. No client comes any more when the carrier has ended too. */
export function closeListeners(sockets: readonly ListeningSocket[], kept: readonly Held[]): void {
  for (const { held } of sockets) if (!kept.includes(held)) held.release();
}

function isAmong(held: Held, sockets: readonly ListeningSocket[]): boolean {
  return sockets.some((socket) => socket.held === held);
}

/** A library's listener speaks for good what it was made for. */
function keyOf({ at, ipv6Only, tls }: Listener, name: TransportName): string {
  const marks = [ipv6Only ? ' ipv6only' : '', name === 'uws' && tls ? ' tls' : ''];
  return `${placeText(at)}${marks.join('')}`;
}

async function takeOver(held: Held, listener: Listener, transport: Transport): Promise<Held> {
  const { descriptors } = held;
  await transport.listen({ ...listener, at: { kind: 'descriptors', descriptors } });
  return held;
}

/** Who may connect, where that is others now: the files of sockets that were there already. */
export function setModes(sockets: readonly ListeningSocket[], log: Log): void {
  for (const { at } of sockets.map(({ listener }) => listener)) {
    if (at.kind !== 'unix' || at.mode === undefined) continue;
    try {
      chmodSync(at.path, at.mode);
    } catch (error) {
      log.warn(`${placeText(at)}: its mode stays as it is: ${(error as Error).message}`);
    }
  }
}

async function open(
  listener: Listener,
  portFallback: boolean | undefined,
  transport: Transport,
  name: TransportName,
): Promise<Held> {
  const { at } = listener;
  const keys = [keyOf(listener, name)];
  switch (at.kind) {
    case 'tcp':
      return openPort(listener, at, portFallback, transport, name);
    case 'unix': {
      // Then its file is the primary's, who removes it with the last of them.
      const shared = name === 'http1' && isForked() && (await import('./workers.ts')).isWorker();
      if (!shared) await makeRoom(at.path);
      const bound = await transport.listen(listener);
      return heldBy(keys, bound, shared ? undefined : holdFile(at.path));
    }
    case 'descriptors':
      return heldBy(keys, await transport.listen(listener));
  }
}

/** `last`: what is to be done when nothing of this server listens there any more. */
export function heldBy(
  keys: readonly string[],
  { address, descriptors, close }: Bound,
  last?: () => void,
): Held {
  let open = true;
  const end = (finish?: () => void) => {
    // Somebody else may have the same number by now.
    if (open) close();
    if (open) finish?.();
    open = false;
  };
  return { keys, address, descriptors, release: () => end(last), leave: () => end() };
}

/** Ports that `portFallback` tries after the first. */
export const FALLBACK_PORTS = 100;

async function openPort(
  listener: Listener,
  at: Extract<Listener['at'], { readonly kind: 'tcp' }>,
  portFallback: boolean | undefined,
  transport: Transport,
  name: TransportName,
): Promise<Held> {
  const { port } = at;
  const last = portFallback && port > 0 ? Math.min(port + FALLBACK_PORTS, 65_535) : port;
  // Node's servers ask node:cluster by themselves.
  const { listenAsWorker } = isForked() && name !== 'http1' ? await import('./workers.ts') : {};
  for (let candidate = port; ; candidate++) {
    const wanted = { ...listener, at: { ...at, port: candidate } };
    try {
      const { bound, release } = listenAsWorker
        ? await listenAsWorker(transport, wanted)
        : { bound: await transport.listen(wanted), release: undefined };
      const has = { ...listener, at: { ...at, port: portAt(bound.address) } };
      return heldBy([keyOf(listener, name), keyOf(has, name)], bound, release);
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
function refuseStrangers({ at, proxyFrom }: Listener, { address }: Held): void {
  if (proxyFrom?.length !== 0 || address.path !== undefined) return;
  throw new OptionError(
    (call) =>
      `${call('listen')}: ${placeText(at)}: proxy needs ${call('proxyFrom')}, the addresses of the proxies`,
  );
}

/** The port of the first one that has one. */
export function portOf(sockets: readonly ListeningSocket[]): number {
  return sockets.map(({ held }) => portAt(held.address)).find((port) => port > 0) ?? 0;
}

function portAt(address: BoundAddress): number {
  return address.path === undefined ? address.port : 0;
}

/** Where clients find them: by TCP one URL for each address that a host stands for, loopback first; `unix:` and the path. */
export function urlsOf(sockets: readonly ListeningSocket[]): string[] {
  return sockets.flatMap(({ listener, held: { address } }) => {
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
