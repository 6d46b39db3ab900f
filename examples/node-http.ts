// A server of its own on node:http.  node --import=tsx examples/node-http.ts
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { zcserve } from 'zcserve';

const server = createServer(zcserve('public', { maxAge: '1h' }));
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('http://127.0.0.1:%d', (server.address() as AddressInfo).port);
});
