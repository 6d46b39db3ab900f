// The way to a server, before TLS and HTTP.
import { connect, type Socket } from 'node:net';
import type { Address } from './client.ts';

export function dial({ port, host = '127.0.0.1', path, first }: Address): Socket {
  const half = { allowHalfOpen: true };
  const socket = connect(path ? { path, ...half } : { port, host, noDelay: true, ...half });
  if (first !== undefined) socket.write(first);
  return socket;
}
