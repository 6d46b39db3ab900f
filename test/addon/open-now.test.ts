// openNow: what open says, without waiting for anything, or nothing at all.
import { execFileSync } from 'node:child_process';
import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type {
  NativeAddon,
  NativeRoot,
  Opened,
  OpenedNow,
  Symlinks,
} from '../../src/addon/types.ts';
import { makeTree } from '../support/tree.ts';

const { addon } = loadNative();

/** Linux 5.12: without it nothing can be told without waiting. tmpfs never has to wait. */
const TMPFS = 0x01021994;

/** What stands there, without the handle, which is released. */
function facts(opened: Opened | OpenedNow): unknown {
  if (typeof opened === 'string') return { type: 'error', errno: opened };
  if (!('file' in opened)) return opened;
  const { file, ...rest } = opened;
  file.release();
  return rest;
}

function rootOf(
  t: { teardown(fn: () => void): void },
  { openRoot }: NativeAddon,
  path: string,
): NativeRoot {
  const root = openRoot(path);
  t.teardown(() => root.close());
  return root;
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
  const root = rootOf(t, addon, folder);
  const paths = ['', 'a.txt', 'dir', 'dir/b.txt', 'a.txt/x', 'nowhere', 'dir/nowhere', 'fifo'];
  paths.push('in.txt', 'in-dir/b.txt', 'out', 'loop', 'around/over.txt', '../etc/hostname');

  t.test('says what open says, under each policy of links', async (t) => {
    let answered = 0;
    for (const symlinks of ['inside', 'none', 'follow'] satisfies Symlinks[]) {
      for (const path of paths) {
        // Looked for once, the kernel remembers it.
        const [waited] = await addon.open(root, [path], symlinks);
        const now = addon.openNow(root, [path], symlinks);
        if (now === undefined) continue;
        answered++;
        t.strictSame(now.map(facts), waited && [facts(waited)], `${symlinks}: ${path}`);
      }
    }
    t.ok(answered > 2 * paths.length, `${answered} at once`);
  });

  t.test('says nothing of a name that the kernel would have to look for', async (t) => {
    const name = `never-${process.pid}-${Date.now()}`;
    const now = addon.openNow(root, ['a.txt', name], 'inside');
    if (statfsSync(folder).type === TMPFS) t.equal(now?.[1], 'ENOENT');
    else t.equal(now, undefined, 'not of the others either');
    await addon.open(root, [name], 'inside');
    const [own, other] = addon.openNow(root, ['a.txt', name], 'inside') ?? [];
    t.match(own && facts(own), { type: 'file', size: 5 });
    t.equal(other, 'ENOENT');
  });

  t.test('says nothing of another file system than the root', async (t) => {
    const top = rootOf(t, addon, '/');
    for (const path of ['proc/self/status', 'sys/kernel', 'dev/shm']) {
      await addon.open(top, [path], 'inside');
      t.equal(addon.openNow(top, [path], 'inside'), undefined, path);
    }
  });

  t.test('leaves nothing open', async (t) => {
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    const paths = ['a.txt', 'dir', 'nowhere', 'fifo', `never-again-${Date.now()}`];
    for (const one of addon.openNow(root, paths, 'inside') ?? []) facts(one);
    t.equal(open(), before);
  });
});
