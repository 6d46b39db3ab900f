// Node's servers behind proxies: whoever asks a socket is told the client's address, over TLS too.
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { expectProxies } from '../../src/transport/node/proxied.ts';
import { connect, requestBytes } from '../support/client.ts';
import { ADDRESSES6, PROXY_V1, PROXY_V2, proxyV2, TCP6, UNIX } from '../support/proxy.ts';
import { TEST_TLS } from '../support/tls.ts';

const [{ cert, key }] = TEST_TLS.certificates;

for (const tls of [false, true]) {
  t.test(tls ? 'node:https' : 'node:http', async (t) => {
    const server = tls ? createHttps({ cert, key }) : createHttp();
    expectProxies(server, {
      ...{ tls, proxyFrom: ['127.0.0.1'], headerTimeoutMs: 60_000 },
      onRefused: (why) => t.fail(why),
      onTimeout: () => t.fail('timeout'),
    });
    const told: unknown[] = [];
    server.on('request', ({ socket }, res) => {
      told.push([socket.remoteAddress, socket.remotePort, socket.remoteFamily]);
      res.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const rows: ReadonlyArray<readonly [first: Buffer, peer: readonly unknown[]]> = [
      [PROXY_V1, ['203.0.113.7', 50_000, 'IPv4']],
      [PROXY_V2, ['203.0.113.7', 50_000, 'IPv4']],
      [proxyV2(1, TCP6, ADDRESSES6), ['2001:db8:0:0:0:0:0:7', 50_000, 'IPv6']],
      [proxyV2(1, UNIX, Buffer.alloc(216)), [undefined, undefined, undefined]],
    ];
    for (const [first, peer] of rows) {
      const connection = await connect({ port, tls, first });
      await connection.send(requestBytes('/'));
      await connection.rest();
      connection.close();
      t.strictSame(told.pop(), peer);
    }
    const own = await connect({ port, tls, first: proxyV2(0, 0, Buffer.of()) });
    await own.send(requestBytes('/'));
    await own.rest();
    own.close();
    t.match(told.pop(), ['127.0.0.1', own.socket.localPort ?? Number, 'IPv4'], 'LOCAL: its own');
  });
}
