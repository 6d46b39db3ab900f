// A server whose files are brought into the page cache: how far it is, and that it ends with it.
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import t from 'tap';
import { createServer } from '../../src/server/server.ts';
import { until } from '../faults/process.ts';
import { makeTree } from '../support/tree.ts';

const MIB = 2 ** 20;
const QUIET = { port: 0, logLevel: 'silent' } as const;

t.test('it tells how far it is', async (t) => {
  const root = makeTree(t, { a: { size: 3 * MIB }, 'b.js': { size: MIB } });
  const server = await createServer({ ...QUIET, root, warm: '*.js', warmMax: '1g' });
  t.teardown(() => server.close());
  await until(() => server.stats().warming?.over === true);
  t.same(server.stats().warming, { wanted: MIB, done: MIB, over: true });
  await server.reload({ ...QUIET, root, warm: '**', warmMax: 3 * MIB });
  await until(() => server.stats().warming?.over === true);
  t.same(server.stats().warming, { wanted: 3 * MIB, done: 3 * MIB, over: true });
  await server.reload({ ...QUIET, root });
  t.equal(server.stats().warming, undefined);
});

t.test('it begins when the server listens, and ends with it', async (t) => {
  const files = Array.from({ length: 12 }, (_, i) => [`f${i}`, { size: 8 * MIB }] as const);
  const root = makeTree(t, Object.fromEntries(files));
  const server = await createServer({ ...QUIET, root, warm: '**', warmMax: '1g' });
  await until(() => (server.stats().warming?.done ?? 0) > 0);
  await server.close();
  await until(() => server.stats().warming?.over === true);
  t.ok((server.stats().warming?.done ?? 0) < 96 * MIB, 'not all of it');
  if (!existsSync('/proc/self/fd')) return;
  const open = readdirSync('/proc/self/fd').filter((fd) => isIn(root, fd));
  t.same(open, [], 'nothing of it is open');
});

function isIn(root: string, fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith(root);
  } catch {
    return false;
  }
}
