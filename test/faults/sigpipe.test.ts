// An application that has listened to SIGPIPE once leaves it fatal: no write of ours may raise it in the process.
import t from 'tap';
import { CARRIERS, missing, startOrigin } from '../http/carriers.ts';
import { startHost } from '../http/host.ts';
import { request } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { buildShim } from './shim.ts';

const HEALTHY = 20_000;
/** node:http's answers of up to 512 KiB leave on the JavaScript thread, larger ones on an engine thread. */
const SIZES = { 'short.epipe': 100_000, 'long.epipe': 1_000_000 };
const LISTEN_ONCE = 'const no = () => {}; process.on("SIGPIPE", no).off("SIGPIPE", no);';

const built = buildShim(t);

for (const carrier of CARRIERS.filter(({ sendfile }) => sendfile)) {
  const reason = missing(carrier) ?? (built.library === undefined ? built.reason : undefined);
  t.test(carrier.name, { skip: reason ?? false }, async (t) => {
    const host = startHost(t, {
      addon: true,
      env: {
        LD_PRELOAD: built.library ?? '',
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(LISTEN_ONCE)}`,
      },
    });
    const sizes = Object.entries({ ...SIZES, 'healthy.bin': HEALTHY });
    const root = makeTree(t, Object.fromEntries(sizes.map(([name, size]) => [name, { size }])));
    const { address } = await startOrigin(carrier, host, { root, strategy: 'sendfile' });
    for (const name of Object.keys(SIZES)) {
      await t.rejects(request(address, `/${name}`), `${name}: the client that reset gets nothing`);
      const { body } = await request(address, '/healthy.bin');
      t.ok(body.equals(pattern(HEALTHY)), `${name}: the others are served`);
    }
  });
}
