// Port 0 in workers of one program: one free port for all, as node:cluster has it for node's own servers.
import { createSocket, type Socket } from 'node:dgram';

/** A number that the other workers get too, as long as one of them holds it. */
export interface CommonPort {
  readonly port: number;
  release(): void;
}

/** Where nobody else binds: the workers' own sockets are counted by their addresses. */
const ADDRESS = '127.122.99.1';

/**
 * The primary gives the first socket that a worker binds to port 0 of an address, the second… the number that it has
 * given the others for theirs. One of UDP keeps the number without keeping anybody from listening there by TCP, and
 * nobody writes to it. Rejects with an Error that has `code`.
 */
export function bindCommonPort(): Promise<CommonPort> {
  const socket: Socket = createSocket('udp4').unref();
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, ADDRESS, () => {
      resolve({ port: socket.address().port, release: () => socket.close() });
    });
  });
}
