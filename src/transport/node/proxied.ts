// The PROXY protocol before node's servers: they get a connection when its proxy has said who the client is.
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Unproxied } from '../../addon/wire.ts';
import { inNetworks } from '../../rules/networks.ts';
import { type ProxiedPeer, type ProxyHeader, parseProxyHeader } from './proxy-header.ts';

export interface ProxiedOptions {
  readonly tls: boolean;
  /** Networks of the proxies; whoever gets at a Unix socket may speak for clients too. */
  readonly proxyFrom: readonly string[];
  readonly headerTimeoutMs: number;
  readonly onRefused: (why: Unproxied) => void;
  readonly onTimeout: () => void;
}

/** Puts itself before the listeners that the server (node:http's or node:https's) has now: call it first. */
export function expectProxies(server: EventEmitter, options: ProxiedOptions): void {
  const isTrusted = inNetworks(options.proxyFrom);
  const clients = new WeakMap<Socket, { readonly peer: ProxiedPeer }>();
  const taking = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    // A Unix socket has no address.
    const { remoteAddress } = socket;
    if (remoteAddress !== undefined && !isTrusted(remoteAddress)) {
      options.onRefused('stranger');
      socket.destroy();
      return;
    }
    readHeader(socket, options, (header) => {
      if (header.kind === 'client') {
        clients.set(socket, header);
        setPeer(socket, header.peer);
      }
      for (const take of taking) take.call(server, socket);
    });
  });
  server.on('secureConnection', (secure: Secured) => {
    const client = secure._parent && clients.get(secure._parent);
    if (client !== undefined) setPeer(secure, client.peer);
  });
}

/** `_parent`: node's own, in no documentation and in every version: the socket that TLS is spoken over. */
type Secured = TLSSocket & { readonly _parent?: Socket };

function readHeader(
  socket: Socket,
  options: ProxiedOptions,
  done: (header: Extract<ProxyHeader, { readonly size: number }>) => void,
): void {
  let received: Buffer = Buffer.of();
  const deadline = setTimeout(() => {
    options.onTimeout();
    socket.destroy();
  }, options.headerTimeoutMs);
  const stop = () => clearTimeout(deadline);
  // Also where the bytes end: what would be answered is not known.
  const give = () => socket.destroy();
  const receive = (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const header = parseProxyHeader(received);
    switch (header.kind) {
      case 'more':
        return;
      case 'bad':
        options.onRefused('header');
        socket.destroy();
        return;
      case 'client':
      case 'own':
        break;
    }
    stop();
    socket.off('data', receive).off('end', give).off('close', stop);
    socket.pause();
    // What lies behind it is the first of what comes.
    if (received.length > header.size) socket.unshift(received.subarray(header.size));
    done(header);
    // With TLS nobody reads from it any more: node's TLS takes its handle.
    if (!options.tls) socket.resume();
  };
  socket.on('data', receive).once('end', give).once('close', stop);
}

/** For whoever asks the socket. */
function setPeer(socket: Socket, peer: ProxiedPeer): void {
  const family = peer && (peer.address.includes(':') ? 'IPv6' : 'IPv4');
  Object.defineProperties(socket, {
    remoteAddress: { value: peer?.address },
    remotePort: { value: peer?.port },
    remoteFamily: { value: family },
  });
}
