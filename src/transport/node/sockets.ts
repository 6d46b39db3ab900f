// Who owns a socket of node's servers, and until when: from accept to end, in the states too that node sets no limit for.
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { EngineLimits } from '../../addon/types.ts';
import type { Counters } from '../counters.ts';

export interface Sockets {
  /** Owns every socket that the server (node:http's or node:https's) accepts from now on, and counts them. */
  own(server: EventEmitter, tls: boolean): void;
  /** Connections of this moment, those within their TLS handshake too. */
  readonly size: number;
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
type SocketLimits = Pick<EngineLimits, 'maxConnections' | 'sendTimeoutMs'>;

/** Of all servers together. */
export function ownSockets(
  { maxConnections, sendTimeoutMs }: SocketLimits,
  counters: Counters,
): Sockets {
  /** As accepted: ending one ends the TLS socket over it. */
  const accepted = new Set<Socket>();
  const ready = new WeakSet<Socket>();

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

  /** Node takes its own listeners off where it hands a socket out (CONNECT), under the answers before that too. */
  function limit(socket: Socket): void {
    ready.add(socket);
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

/** Who listens has heard of it by `close` too; without a listener an error ends the process. */
function ignore(): void {}
