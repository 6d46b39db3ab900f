// As middleware, a root that is replaced is seen as by a server, in every framework and by both carriers' caches.
import t, { type Test } from 'tap';
import { request } from '../support/client.ts';
import { WAYS, type Way } from '../support/releases.ts';
import { HOSTS, type Host, MISS } from './hosts.ts';

t.setTimeout(120_000);

for (const host of HOSTS) {
  t.test(host.name, async (t) => {
    for (const way of WAYS) await t.test(way.name, (t) => replaced(t, host, way));
  });
}

async function replaced(t: Test, host: Host, way: Way): Promise<void> {
  const site = way.start(t, { 'a.txt': 'A', 'b.txt': 'B' });
  const address = await host.start(t, site.root, { dev: true });
  const targets = host.mounts ? ['/a.txt', '/static/a.txt'] : ['/a.txt'];
  const seen = async (status: number, body: string) => {
    for (const target of targets) {
      for (let turn = 0; turn < 3; turn++) {
        const answer = await request(address, target);
        t.equal(answer.status, status);
        t.equal(answer.body.toString(), body);
      }
    }
  };
  await seen(200, 'A');
  site.deploy({ 'a.txt': 'second' });
  await seen(200, 'second');
  t.equal((await request(address, '/b.txt')).status, 404);
  site.remove();
  await seen(404, MISS);
  site.deploy({ 'a.txt': 'third' });
  await seen(200, 'third');
}
