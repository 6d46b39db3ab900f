// As middleware, a root that is replaced is seen as by a server, in every framework and by both carriers' caches.
import t, { type Test } from 'tap';
import { zcserve } from '../../src/middleware/middleware.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { request } from '../support/client.ts';
import { WAYS, type Way } from '../support/releases.ts';
import { HOSTS, type Host, MISS } from './hosts.ts';

t.setTimeout(120_000);

for (const host of HOSTS) {
  t.test(host.name, async (t) => {
    for (const way of WAYS) await t.test(way.name, (t) => replaced(t, host, way, MISS));
  });
}

t.test('inside a uWebSockets.js app', async (t) => {
  const { library, ...why } = await loadUws();
  if (library === undefined) return t.comment('reason' in why ? why.reason : 'not here');
  const start: Host['start'] = async (t, root) => {
    const handler = zcserve.uws(root, { revalidate: 0, watch: false });
    const app = library.App().any('/*', handler);
    const token = await new Promise((resolve) => app.listen('127.0.0.1', 0, 1, resolve));
    t.teardown(() => {
      app.close();
      handler.close();
    });
    return { port: library.us_socket_local_port(token) };
  };
  const host: Host = { name: 'uws', mounts: false, start };
  for (const way of WAYS) await t.test(way.name, (t) => replaced(t, host, way, undefined));
});

/** `miss`: the body of the host's own 404. */
async function replaced(t: Test, host: Host, way: Way, miss: string | undefined): Promise<void> {
  const site = way.start(t, { 'a.txt': 'A', 'b.txt': 'B' });
  const address = await host.start(t, site.root, { dev: true });
  const targets = host.mounts ? ['/a.txt', '/static/a.txt'] : ['/a.txt'];
  const seen = async (status: number, body: string | undefined) => {
    for (const target of targets) {
      for (let turn = 0; turn < 3; turn++) {
        const answer = await request(address, target);
        t.equal(answer.status, status);
        if (body !== undefined) t.equal(answer.body.toString(), body);
      }
    }
  };
  await seen(200, 'A');
  site.deploy({ 'a.txt': 'second' });
  await seen(200, 'second');
  t.equal((await request(address, '/b.txt')).status, 404);
  site.remove();
  await seen(404, miss);
  site.deploy({ 'a.txt': 'third' });
  await seen(200, 'third');
}
