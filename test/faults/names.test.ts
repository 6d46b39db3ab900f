// What is found while a file is sent reaches the file of that name, whatever letters it has.
import t from 'tap';
import { CARRIERS, missing, startOrigin } from '../http/carriers.ts';
import { startHost } from '../http/host.ts';
import { request } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { until } from './process.ts';
import { buildShim } from './shim.ts';

const SIZE = 1_000_000;
const BROKEN = 'größe ✓.eio';
const REFUSED = 'größe ✓.einval';

const built = buildShim(t);

for (const carrier of CARRIERS) {
  const reason = missing(carrier) ?? (built.library === undefined ? built.reason : undefined);
  t.test(carrier.name, { skip: reason ?? false }, async (t) => {
    const host = startHost(t, { addon: carrier.addon, env: { LD_PRELOAD: built.library ?? '' } });
    const root = makeTree(t, { [BROKEN]: { size: SIZE }, [REFUSED]: { size: SIZE } });
    const { address } = await startOrigin(carrier, host, { root, serverTiming: true });

    await request(address, `/${encodeURIComponent(BROKEN)}`).catch(() => {});
    await until(async () => host.lines.some((line) => line.includes(`${BROKEN}: EIO`)));
    t.pass('the line about a fault names it');
    if (!carrier.sendfile) return;

    // Told by the kernel to one answer, the refusal is known to those that are planned later.
    await until(async () => {
      const answer = await request(address, `/${encodeURIComponent(REFUSED)}`);
      if (!answer.body.equals(pattern(SIZE))) t.fail('bytes are wrong');
      return /refused/.test(answer.field('server-timing') ?? '');
    });
    t.pass('a refused file is planned as one');
    const said = host.lines.filter((line) => line.includes('sendfile refused'));
    if (carrier.name === 'native') t.ok(said[0]?.includes(REFUSED), 'and named');
    t.equal(said.length, carrier.name === 'native' ? 1 : 0);
  });
}
