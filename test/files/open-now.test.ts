// openNow: what open says, without waiting for anything, or nothing at all.
import { execFileSync } from 'node:child_process';
import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Symlinks } from '../../src/addon/files.ts';
import { loadNative } from '../../src/addon/load.ts';
import { openRoot } from '../../src/files/open.ts';
import type { Found } from '../../src/files/root.ts';
import { makeTree } from '../support/tree.ts';

const { addon } = loadNative();

/** statfs(2); there is nothing to wait for. */
const TMPFS = 0x01021994;

/** What stands there, without the handle, which is closed. */
function facts(found: Found | undefined): unknown {
  if (found === undefined || !('file' in found)) return found;
  found.file.close();
  const { type, mtimeMs, version } = found;
  if (type === 'directory') return { type, mtimeMs, version };
  const { size, trusted } = found;
  return { type, mtimeMs, version, size, trusted };
}

t.test('openNow', { skip: addon === undefined && 'no addon' }, async (t) => {
  if (addon === undefined) return;
  const folder = makeTree(t, {
    'a.txt': 'hello',
    'dir/b.txt': 'b',
    'in.txt': { link: 'a.txt' },
    'in-dir': { link: 'dir' },
    out: { link: '/etc/hostname' },
    loop: { link: 'loop' },
    'around/over.txt': { link: '../../etc/hostname' },
  });
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  const open = (path: string, symlinks: Symlinks = 'inside') => {
    const root = openRoot(path, symlinks, addon);
    t.teardown(() => root.close());
    return root;
  };
  const paths = ['', 'a.txt', 'dir', 'dir/b.txt', 'a.txt/x', 'nowhere', 'dir/nowhere', 'fifo'];
  paths.push('in.txt', 'in-dir/b.txt', 'out', 'loop', 'around/over.txt', '../etc/hostname');

  t.test('says what open says, under each policy of links', async (t) => {
    let answered = 0;
    for (const symlinks of ['inside', 'none', 'follow'] satisfies Symlinks[]) {
      const root = open(folder, symlinks);
      for (const path of paths) {
        // Looked for once, the kernel remembers it.
        const waited = await root.open([path]);
        const now = root.openNow([path]);
        if (now === undefined) continue;
        answered++;
        t.strictSame(now.map(facts), waited.map(facts), `${symlinks}: ${path}`);
      }
    }
    t.ok(answered > 2 * paths.length, `${answered} at once`);
  });

  t.test('says nothing of a name that the kernel would have to look for', async (t) => {
    const name = `never-${process.pid}-${Date.now()}`;
    const root = open(folder);
    const now = root.openNow(['a.txt', name]);
    if (statfsSync(folder).type === TMPFS) t.match(now?.[1], { errno: 'ENOENT' });
    else t.equal(now, undefined, 'not of the others either');
    await root.open([name]);
    const [own, other] = root.openNow(['a.txt', name]) ?? [];
    t.match(facts(own), { type: 'file', size: 5 });
    t.strictSame(other, { type: 'error', errno: 'ENOENT' });
  });

  t.test('says nothing of another file system than the root', async (t) => {
    const top = open('/');
    for (const path of ['proc/self/status', 'sys/kernel', 'dev/shm']) {
      for (const found of await top.open([path])) facts(found);
      t.equal(top.openNow([path]), undefined, path);
    }
  });

  t.test('leaves nothing open', async (t) => {
    const root = open(folder);
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const paths = ['a.txt', 'dir', 'nowhere', 'fifo', `never-again-${Date.now()}`];
    for (const one of root.openNow(paths) ?? []) facts(one);
    t.equal(descriptors(), before);
  });
});
