// The way to a server, before TLS and HTTP.
import { connect, type Socket } from 'node:net';
import type { Address } from './client.ts';

/** HTTP/1 may be half-closed. */
export function dial(address: Address): Socket {
  const { port, host = '127.0.0.1', from, path, first, http2 = false } = address;
  const half = { allowHalfOpen: !http2 };
  const local = from === undefined ? {} : { localAddress: from };
  const socket = connect(
    path ? { path, ...half } : { port, host, ...local, noDelay: true, ...half },
  );
  if (first !== undefined) socket.write(first);
  return socket;
}
