// Files that are brought into the page cache: which, how many bytes, and when it stops.
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { dropFromPageCache } from '../../bench/page-cache.ts';
import type { NativeAddon } from '../../src/addon/types.ts';
import { availableMemory } from '../../src/files/available-memory.ts';
import { openRoot } from '../../src/files/open.ts';
import { closeAll, type Root } from '../../src/files/root.ts';
import { walk, walkServed } from '../../src/files/walk.ts';
import { warm } from '../../src/files/warm.ts';
import { makeTree, type Node, type Teardown } from '../support/tree.ts';
import { addon } from './fixture.ts';

const MIB = 2 ** 20;
const SERVED = { dotfiles: 'ignore', siteRules: true } as const;

function rootOf(t: Teardown, path: string, by: NativeAddon | undefined): Root {
  const root = openRoot(path, 'inside', by);
  t.teardown(() => root.close());
  return root;
}

/** On the disk and nowhere else, as far as the file system lets its pages go. */
async function makeCold(t: Teardown, nodes: Readonly<Record<string, Node>>): Promise<string> {
  const path = makeTree(t, nodes);
  for (const name of Object.keys(nodes)) {
    const fd = openSync(join(path, name), 'r+');
    fsyncSync(fd);
    closeSync(fd);
    await dropFromPageCache(join(path, name));
  }
  return path;
}

async function residentIn(root: Root, path: string, by: NativeAddon): Promise<number | undefined> {
  const opened = await root.open([path]);
  const [found] = opened;
  try {
    if (found?.type !== 'file' || found.file.native === undefined) return undefined;
    return await by.residentBytes(found.file.native, 0, found.size);
  } finally {
    closeAll(opened);
  }
}

const quiet = { signal: new AbortController().signal, onRead() {} };

t.test('those that would be served: no hidden ones, and no rules of the site', async (t) => {
  const names = ['a', 'd/b', '.h', '.git/c', 'd/.h', '.well-known/w', '_headers', 'd/_headers'];
  const path = makeTree(t, Object.fromEntries(names.map((name) => [name, name])));
  const root = rootOf(t, path, addon);
  const found = async (files: ReturnType<typeof walk>) => {
    const paths: string[] = [];
    for await (const { path, size } of files) {
      paths.push(path);
      t.equal(size, path.length);
    }
    return paths.sort();
  };
  t.same(await found(walk(root)), names.toSorted());
  t.same(await found(walkServed(root, SERVED)), ['.well-known/w', 'a', 'd/_headers', 'd/b']);
  const all = { dotfiles: 'allow', siteRules: false } as const;
  t.same(await found(walkServed(root, all)), names.toSorted());
});

const skip = addon === undefined && 'no addon here';

t.test('what was on the disk alone is in memory then, and was not before', { skip }, async (t) => {
  const by = addon as NativeAddon;
  const sizes = { large: 9 * MIB + 5, small: 100, empty: 0 };
  const nodes = Object.entries(sizes).map(([name, size]) => [name, { size }]);
  const root = rootOf(t, await makeCold(t, Object.fromEntries(nodes)), by);
  if ((await residentIn(root, 'large', by)) !== 0)
    return t.comment('a file system that keeps pages');
  const seen: number[] = [];
  const onRead = (bytes: number) => void seen.push(bytes);
  const how = { ...quiet, addon: by, max: 100 * MIB, onRead };
  const bytes = sizes.large + sizes.small;
  const first = await warm(root, walkServed(root, SERVED), how);
  t.same(first, { files: 3, bytes, resident: 0, failed: 0 });
  t.equal(
    seen.reduce((sum, each) => sum + each, 0),
    bytes,
  );
  for (const [name, size] of Object.entries(sizes)) {
    t.equal(await residentIn(root, name, by), size, name);
  }
  const again = await warm(root, walkServed(root, SERVED), how);
  t.same(again, { files: 3, bytes, resident: bytes, failed: 0 });
});

t.test('no more than it may: the file that does not fit is read as far as it does', async (t) => {
  for (const by of [addon, undefined]) {
    const path = await makeCold(t, { a: { size: 6 * MIB }, b: { size: 6 * MIB } });
    const root = rootOf(t, path, by);
    const done = await warm(root, walkServed(root, SERVED), { ...quiet, addon: by, max: 7 * MIB });
    t.match(done, { bytes: 7 * MIB, failed: 0 });
    t.ok(done.files <= 1);
    if (by === undefined) t.equal(done.resident, undefined, 'only the engine asks');
  }
});

t.test('a stop ends it after what is on its way', { skip }, async (t) => {
  const sizes = Array.from({ length: 8 }, (_, i) => [`f${i}`, { size: 8 * MIB }]);
  const root = rootOf(t, makeTree(t, Object.fromEntries(sizes)), addon);
  const stopping = new AbortController();
  const how = { addon, max: 100 * MIB, signal: stopping.signal, onRead: () => stopping.abort() };
  const { bytes } = await warm(root, walkServed(root, SERVED), how);
  t.ok(bytes > 0 && bytes <= 8 * MIB, `${bytes} bytes: a piece of each reader`);
});

t.test('what cannot be opened is counted, and what has vanished is not', async (t) => {
  const root = rootOf(t, makeTree(t, { a: 'a' }), addon);
  async function* files() {
    yield* [
      { path: 'gone', size: 1 },
      { path: 'a', size: 1 },
      { path: 'a/beneath', size: 1 },
    ];
  }
  const done = await warm(root, files(), { ...quiet, addon, max: MIB });
  t.match(done, { files: 1, bytes: 1, failed: 1 });
});

const MEMINFO = 'MemTotal: 16000 kB\nMemAvailable:    8000 kB\n';
const KIB = 1024;

for (const [what, files, expected] of [
  ['the machine', {}, 8000],
  ['a group without a limit', { '': '0::/a', 'a/memory.max': 'max\n' }, 8000],
  [
    'a group: what it holds of files is counted',
    {
      '': '0::/a/b',
      'a/b/memory.max': `${4000 * KIB}\n`,
      'a/b/memory.current': `${3500 * KIB}\n`,
      'a/b/memory.stat': `anon 1\nactive_file ${200 * KIB}\ninactive_file ${300 * KIB}\n`,
    },
    1000,
  ],
  [
    'the group around it',
    {
      '': '0::/a/b',
      'a/memory.max': `${2000 * KIB}`,
      'a/memory.current': `${500 * KIB}`,
      'a/b/memory.max': 'max',
      'a/b/memory.current': '1',
    },
    1500,
  ],
  [
    'a container whose path is not there',
    { '': '0::/docker/x', 'memory.max': `${100 * KIB}`, 'memory.current': `${200 * KIB}` },
    0,
  ],
  [
    'control groups of version 1',
    {
      '': '8:memory,cpu:/a\n0::/',
      'memory/a/memory.limit_in_bytes': `${700 * KIB}`,
      'memory/a/memory.usage_in_bytes': `${100 * KIB}`,
    },
    600,
  ],
] as const) {
  t.test(`available memory: ${what}`, async (t) => {
    const all = new Map<string, string>([['/proc/meminfo', MEMINFO]]);
    for (const [name, text] of Object.entries(files)) {
      all.set(name === '' ? '/proc/self/cgroup' : `/sys/fs/cgroup/${name}`, text);
    }
    t.equal(
      availableMemory((file) => all.get(file)),
      expected * KIB,
    );
  });
}
