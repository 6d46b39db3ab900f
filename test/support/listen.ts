// A server of node's on a free port of the loopback, which goes with its test.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Address } from './client.ts';
import type { Teardown } from './tree.ts';

/** Of a listener, one of node:http. Connections that are open when the test ends are cut. */
export async function listen(
  t: Teardown,
  serving: RequestListener | Server | Http2Server,
): Promise<Address> {
  const server = typeof serving === 'function' ? createServer(serving) : serving;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port };
}
