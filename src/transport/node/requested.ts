// What an access log says of a request of node:http. Its socket may be gone when the answer has ended.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Requested } from '../ended.ts';

export function requestedOf({
  method = '',
  url = '',
  headers,
  socket,
}: IncomingMessage): Requested {
  const field = (name: string) => [headers[name] ?? ''].flat().join(', ');
  return { method, target: url, ...connectionOf(socket), field };
}

/** On this connection, and it could not be read. */
export function unreadOn(socket: Socket): Requested {
  return { method: '', target: '', ...connectionOf(socket), field: () => '' };
}

function connectionOf(socket: Socket): Pick<Requested, 'peer' | 'tls'> {
  const { getProtocol } = socket as Partial<TLSSocket>;
  return { peer: socket.remoteAddress ?? '', tls: getProtocol?.call(socket) ?? '' };
}
