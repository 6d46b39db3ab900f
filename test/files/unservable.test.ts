// A root that is there and cannot be used says so at the start, and files that tell no size are not served as empty.
import { chmodSync, existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openRoot } from '../../src/files/open.ts';
import { createServer } from '../../src/server/server.ts';
import { makeTree } from '../support/tree.ts';
import { makeSite, WAYS } from './fixture.ts';

/** Any user but the superuser, who may enter everything. */
const NOBODY = 65_534;

/** As somebody who has no rights by being root. */
async function asNobody<T>(work: () => T | Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

for (const [way, addon] of WAYS) {
  t.test(way, async (t) => {
    const tree = makeTree(t, { 'closed/a.txt': 'a', 'open/a.txt': 'a' });
    chmodSync(tree, 0o755);
    const closed = join(tree, 'closed');
    // Its names may be read, nothing in it can be reached.
    chmodSync(closed, 0o644);
    t.teardown(() => chmodSync(closed, 0o755));
    const skip = process.platform === 'win32' && 'no modes';

    t.test('a root that may not be entered is refused at the start', { skip }, async (t) => {
      await asNobody(() => {
        t.throws(() => openRoot(closed, 'inside', addon), { code: 'EACCES' });
        openRoot(join(tree, 'open'), 'inside', addon).close();
      });
    });

    t.test('one that may not be entered any more is no root', { skip }, async (t) => {
      const root = openRoot(closed, 'inside', addon);
      t.teardown(() => root.close());
      t.same(await asNobody(() => root.look()), { kind: 'error', errno: 'EACCES' });
    });

    const proc = existsSync('/proc/cpuinfo') ? false : 'no proc(5)';
    t.test(
      'what tells no size is refused, with a line, not served as empty',
      { skip: proc },
      async (t) => {
        const links = makeTree(t);
        symlinkSync('/proc/cpuinfo', join(links, 'cpu'));
        symlinkSync('/sys/kernel/mm', join(links, 'mm'));
        const site = makeSite(t, links, { addon, policy: { symlinks: 'follow' } });
        t.equal((await site.find('/cpu')).kind, 'forbidden');
        t.same(site.lines, [
          'warn: cannot open cpu: EOPNOTSUPP (made up as it is read, without a size)',
        ]);
        const huge = '/sys/kernel/mm/transparent_hugepage/enabled';
        if (existsSync(huge)) {
          t.equal((await site.find('/mm/transparent_hugepage/enabled')).kind, 'forbidden');
        }
        const version = makeSite(t, '/proc/sys/kernel', { addon });
        t.equal((await version.find('/ostype')).kind, 'forbidden', 'as the root itself');
      },
    );
  });
}

t.test('the start says why', { skip: process.platform === 'win32' && 'no modes' }, async (t) => {
  const tree = makeTree(t, { 'closed/a.txt': 'a' });
  chmodSync(tree, 0o755);
  const root = join(tree, 'closed');
  chmodSync(root, 0o600);
  t.teardown(() => chmodSync(root, 0o755));
  const message = `cannot serve ${root}: no permission to enter it`;
  await asNobody(() => t.rejects(createServer({ root, port: 0 }), { message }));
});
