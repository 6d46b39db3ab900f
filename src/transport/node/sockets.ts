// Who owns a socket of node's servers, and until when: from accept to end, in the states too that node sets no limit for.
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { EngineLimits } from '../../addon/engine.ts';
import { clientKeyOf } from '../../rules/networks.ts';
import type { Counters } from '../counters.ts';

export interface Sockets {
  /** Owns every socket that the server (node:http's or node:https's) accepts from now on, and counts them. */
  own(server: EventEmitter, tls: boolean): void;
  /** Connections of this moment, those within their TLS handshake too. */
  readonly size: number;
  /** Are there too many of its client? Then each of its requests is refused. */
  isSurplus(socket: Socket): boolean;
  /** One more request on it is answered. True: none after it. */
  isLast(socket: Socket): boolean;
  /** Can HTTP be spoken on it? Not before the end of its TLS handshake. */
  isReady(socket: Socket): boolean;
  /**
   * Says the last bytes of the connection and ends it: as soon as the kernel has taken them, at the latest
   * after the time of a send, which nothing that the client does extends.
   */
  finish(socket: Socket, bytes?: Uint8Array): void;
  /** Ends every connection, whatever state it is in. */
  destroyAll(): void;
}

/** What limits sockets. */
type SocketLimits = Pick<
  EngineLimits,
  | 'maxConnections'
  | 'maxConnectionsPerAddress'
  | 'keepAliveRequests'
  | 'keepAliveLifeMs'
  | 'sendTimeoutMs'
>;

/** Of all servers together. */
export function ownSockets(limits: SocketLimits, counters: Counters): Sockets {
  /** As accepted: ending one ends the TLS socket over it. */
  const accepted = new Set<Socket>();
  const ready = new WeakSet<Socket>();
  const used = new WeakMap<Socket, { readonly since: number; requests: number }>();
  const surplus = new WeakSet<Socket>();
  const ofClient = new Map<string, number>();
  const { maxConnections, maxConnectionsPerAddress, sendTimeoutMs } = limits;
  const { keepAliveRequests, keepAliveLifeMs } = limits;

  function own(server: EventEmitter, tls: boolean): void {
    server.on('connection', (socket: Socket) => {
      counters.accepted++;
      // Node looks at the connections of one server.
      if (accepted.size >= maxConnections) {
        counters.rejected++;
        socket.destroy();
        return;
      }
      accepted.add(socket);
      socket.once('close', () => accepted.delete(socket));
      socket.on('error', ignore);
      if (maxConnectionsPerAddress > 0) count(socket, tls);
      if (!tls) limit(socket);
    });
    server.on('drop', () => {
      counters.accepted++;
      counters.rejected++;
    });
    server.on('tlsClientError', () => {
      counters.unfinished++;
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      counters.handshakes++;
      if (socket.getProtocol() === 'TLSv1.2') counters.tls12++;
      if (socket.isSessionReused()) counters.resumed++;
      // Not earlier: a client that half-closes within its handshake has gone (RFC 9112 §9.6 is about requests).
      socket.allowHalfOpen = true;
      limit(socket);
    });
  }

  function count(socket: Socket, tls: boolean): void {
    const client = clientKeyOf(socket.remoteAddress ?? '');
    if (client === undefined) return;
    const there = (ofClient.get(client) ?? 0) + 1;
    ofClient.set(client, there);
    socket.once('close', () => {
      const left = (ofClient.get(client) ?? 1) - 1;
      if (left > 0) ofClient.set(client, left);
      else ofClient.delete(client);
    });
    if (there <= maxConnectionsPerAddress) return;
    counters.rejected++;
    surplus.add(socket);
    // What could be said within TLS costs a handshake first.
    if (tls || there > maxConnectionsPerAddress + REFUSALS_OF_CLIENT) socket.destroy();
  }

  /** Node takes its own listeners off where it hands a socket out (CONNECT), under the answers before that too. */
  function limit(socket: Socket): void {
    ready.add(socket);
    used.set(socket, { since: performance.now(), requests: 0 });
    socket.on('error', ignore);
    socket.on('timeout', () => {
      // One without bytes that wait for it was idle.
      if (socket.writableLength > 0) counters.timeouts++;
      socket.destroy();
    });
  }

  return {
    own,
    get size() {
      return accepted.size;
    },
    isSurplus: (socket) => surplus.has(socket),
    isLast(socket) {
      const use = used.get(socket);
      if (use === undefined) return false;
      use.requests++;
      const spent = keepAliveRequests > 0 && use.requests >= keepAliveRequests;
      return spent || (keepAliveLifeMs > 0 && performance.now() - use.since >= keepAliveLifeMs);
    },
    isReady: (socket) => ready.has(socket),
    finish(socket, bytes) {
      // Cut while the answers before were on their way: nothing is left to be told when it closes.
      if (socket.destroyed) return;
      const deadline = setTimeout(() => socket.destroy(), sendTimeoutMs);
      socket.once('close', () => clearTimeout(deadline));
      if (bytes && socket.writable) socket.write(bytes);
      socket.destroySoon();
    },
    destroyAll() {
      for (const socket of accepted) socket.destroy();
    },
  };
}

/** Connections over their client's limit that are told so at the same time. */
const REFUSALS_OF_CLIENT = 16;

/** Who listens has heard of it by `close` too; without a listener an error ends the process. */
function ignore(): void {}
