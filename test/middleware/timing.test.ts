// Server-Timing as middleware: how a file was sent, and what the host's connection speaks.
import { readFileSync } from 'node:fs';
import { createServer as createHttp2Server, createSecureServer } from 'node:http2';
import t from 'tap';
import { zcserve } from '../../src/middleware/middleware.ts';
import { request } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree } from '../support/tree.ts';
import { HOSTS } from './hosts.ts';

const root = makeTree(t, { 'a.txt': 'hello' });
const WAY = 'zc;desc="[a-z]+:[a-z-]+"';

for (const host of HOSTS) {
  t.test(host.name, async (t) => {
    const address = await host.start(t, root, { serverTiming: true });
    const spoken = address.tls
      ? 'proto;desc="http/1.1", tls;desc="TLSv1.3"'
      : 'proto;desc="http/1.1"';
    const told = async (fields = {}) =>
      (await request(address, '/a.txt', { fields })).field('server-timing') ?? '';
    t.match(await told(), new RegExp(`^${WAY}, ${spoken}$`));
    t.equal(await told({ 'if-none-match': '*' }), spoken, 'a 304 has no file to send');
  });
}

t.test("HTTP/2's compatibility API", async (t) => {
  const serve = zcserve(root, { serverTiming: true });
  t.teardown(serve.close);
  const pair = { cert: readFileSync(TLS_OPTIONS.tlsCert), key: readFileSync(TLS_OPTIONS.tlsKey) };
  const listener = (req: unknown, res: unknown) => serve(req as never, res as never);
  for (const [tls, server, secured] of [
    [false, createHttp2Server(listener), ''],
    [true, createSecureServer(pair, listener), ', tls;desc="TLSv1.3"'],
  ] as const) {
    const { port } = await listen(t, server);
    const answer = await request({ port, tls, http2: true }, '/a.txt');
    t.match(answer.field('server-timing'), new RegExp(`^${WAY}, proto;desc="h2"${secured}$`));
  }
});
