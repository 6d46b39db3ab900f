// The memory cache: which files get in, when they leave, and that their bytes outlive no sender too early.
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { type Node, pattern } from '../support/tree.ts';
import { addon, fileOf, makeSite, type Site, turn, until } from './fixture.ts';

/** Asks for a file as a transport does that wants its bytes. */
async function use(site: Site, target: string) {
  const file = fileOf(await site.find(target));
  site.table.use(file);
  return file;
}

/** Uses it until it is in memory. */
async function warm(site: Site, target: string) {
  for (;;) {
    const file = await use(site, target);
    if (file.cached) return file;
    await turn();
  }
}

/** A file that was written long enough ago to be copied. */
function old(size: number): Node {
  return { size, mtime: new Date(Date.now() - 60_000) };
}

function bytesIn(file: Awaited<ReturnType<typeof use>>): Buffer {
  const bytes = file.memory?.bytes();
  return bytes === undefined ? Buffer.from('nothing') : Buffer.from(bytes);
}

t.test(
  'with the addon',
  { skip: addon === undefined && JSON.stringify(loadNative()) },
  async (t) => {
    t.test('a file enters at its mmapMinUses-th use, with all its bytes', async (t) => {
      const site = makeSite(t, { f: old(5000) }, { addon, policy: { mmapMinUses: 3 } });
      t.equal((await use(site, '/f')).cached, false);
      t.equal((await use(site, '/f')).cached, false);
      await turn();
      t.equal(site.table.stats().memory.entries, 0, 'not yet');
      const file = await use(site, '/f');
      t.equal(file.cached, false, 'the use that makes it hot is answered otherwise');
      await until(() => file.cached);
      t.ok(bytesIn(file).equals(pattern(5000)));
      await use(site, '/f');
      t.match(site.table.stats().memory, { entries: 1, bytes: 79 * 64, hits: 1, misses: 3 });
    });

    t.test('sizes: up to mmapMax, and never an empty file', async (t) => {
      const tree = { zero: '', one: old(1), most: old(4096), more: old(4097) };
      const site = makeSite(t, tree, { addon, policy: { mmapMax: 4096, mmapMinUses: 1 } });
      for (const name of ['/zero', '/one', '/most', '/more']) await use(site, name);
      await until(() => site.table.stats().memory.entries === 2);
      for (const [name, cached] of [
        ['/zero', false],
        ['/one', true],
        ['/most', true],
        ['/more', false],
      ] as const) {
        t.equal((await use(site, name)).cached, cached, name);
      }
    });

    t.test('no cache, no copies', async (t) => {
      const site = makeSite(t, { f: old(1) }, { addon, policy: { cacheSize: 0, mmapMinUses: 1 } });
      for (let i = 0; i < 5; i++) await use(site, '/f');
      await turn();
      t.equal(fileOf(await site.find('/f')).cached, false);
    });

    t.test('the budget holds to the page; the least recently used makes room', async (t) => {
      const tree: Record<string, Node> = {};
      for (let i = 0; i < 8; i++) tree[`f${i}`] = old(4096);
      const site = makeSite(t, tree, { addon, policy: { cacheSize: 4 * 4096, mmapMinUses: 2 } });
      for (let i = 0; i < 4; i++) await warm(site, `/f${i}`);
      await use(site, '/f0');
      const before = site.forgotten.length;
      await warm(site, '/f4');
      t.same(site.forgotten.slice(before), ['f1'], 'prepared answers from its memory go too');
      await turn();
      t.equal((await use(site, '/f1')).cached, false);
      t.equal((await use(site, '/f0')).cached, true);
      t.match(site.table.stats().memory, { entries: 4, bytes: 4 * 4096 });
    });

    t.test(
      'what hot answers use is spared; the newcomer is crowded out until there is room',
      async (t) => {
        const tree: Record<string, Node> = {};
        for (let i = 0; i < 5; i++) tree[`f${i}`] = old(4096);
        const site = makeSite(t, tree, { addon, policy: { cacheSize: 4 * 4096 } });
        for (let i = 0; i < 4; i++) {
          await warm(site, `/f${i}`);
          site.used.add(`f${i}`);
        }
        await use(site, '/f4');
        const newcomer = await use(site, '/f4');
        await until(() => newcomer.crowded === true);
        t.equal(site.table.stats().memory.entries, 4);
        site.table.drop('f2');
        await turn();
        t.equal(newcomer.crowded, false);
        t.ok(site.forgotten.includes('f4'), 'its prepared answers go, so that it is judged again');
        await warm(site, '/f4');
        t.equal(site.table.stats().memory.entries, 4);
      },
    );

    t.test(
      'memory that is evicted while it is sent is given back when the sender is done',
      async (t) => {
        const tree = { a: old(4096), b: old(4096) };
        const site = makeSite(t, tree, { addon, policy: { cacheSize: 4096 } });
        const a = await warm(site, '/a');
        a.retain();
        await use(site, '/b');
        const b = await use(site, '/b');
        await until(() => !a.cached && b.crowded === true);
        a.release();
        t.equal(b.crowded, false);
        t.ok(bytesIn(await warm(site, '/b')).equals(pattern(4096)));
      },
    );

    t.test('what is evicted is not in memory any more, in the same turn', async (t) => {
      const tree = { a: old(4096), b: old(4096) };
      const site = makeSite(t, tree, { addon, policy: { cacheSize: 4096, mmapMinUses: 2 } });
      const a = await warm(site, '/a');
      await use(site, '/b');
      const at: boolean[] = [];
      site.table.attach({ forget: (paths) => paths.includes('a') && at.push(a.cached) });
      await warm(site, '/b');
      t.same(at, [false], 'when its prepared answers go, no more can be made');
      t.equal(a.memory, undefined);
    });

    t.test('nobody writes into memory that is being sent', async (t) => {
      const tree = { a: { size: 4096, mtime: new Date(0) }, b: old(4096) };
      const site = makeSite(t, tree, { addon, policy: { cacheSize: 4096 } });
      const a = await warm(site, '/a');
      a.retain();
      const bytes = bytesIn(a);
      writeFileSync(join(site.path, 'b'), pattern(4096, 1));
      utimesSync(join(site.path, 'b'), new Date(0), new Date(0));
      await use(site, '/b');
      const b = await use(site, '/b');
      await until(() => !a.cached && b.crowded === true);
      t.ok(bytes.equals(pattern(4096)));
      a.release();
    });

    t.test(
      'a file that changed since it was opened does not get in: it is forgotten',
      async (t) => {
        const site = makeSite(t, { f: old(100) }, { addon });
        const before = await use(site, '/f');
        writeFileSync(join(site.path, 'f'), pattern(200, 1));
        await use(site, '/f');
        await until(() => site.forgotten.includes('f'));
        t.equal(before.cached, false);
        const now = await warm(site, '/f');
        t.ok(bytesIn(now).equals(pattern(200, 1)));
      },
    );

    t.test('the next version starts outside', async (t) => {
      const site = makeSite(t, { f: old(100) }, { addon, policy: { revalidateMs: 0 } });
      await warm(site, '/f');
      writeFileSync(join(site.path, 'f'), pattern(100, 1));
      t.equal((await use(site, '/f')).cached, false);
      t.equal(site.table.stats().memory.entries, 0);
    });

    t.test('source file: the mapping is the file itself', async (t) => {
      const site = makeSite(t, { f: old(100) }, { addon, policy: { mmapSource: 'file' } });
      const file = await warm(site, '/f');
      t.equal(file.memory?.bytes(), undefined, 'no view for user space');
      t.equal(file.memory?.size, 100);
    });

    t.test('a working set larger than the cache leaves nothing behind', async (t) => {
      const tree: Record<string, Node> = {};
      for (let i = 0; i < 200; i++) tree[`f${i}`] = old(1000 + i);
      const policy = { cacheSize: 16 * 4096, mmapMinUses: 1 };
      const site = makeSite(t, tree, { addon, policy });
      let most = 0;
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 200; i++) {
          const file = await use(site, `/f${i}`);
          if (file.cached && !bytesIn(file).equals(pattern(1000 + i))) t.fail(`f${i}`);
          most = Math.max(most, site.table.stats().memory.bytes);
        }
        await turn();
      }
      t.ok(most > 8 * 4096 && most <= 16 * 4096, `${most} bytes at most`);
    });
  },
);

t.test('without the addon nothing is cached', async (t) => {
  const site = makeSite(t, { f: 'x' }, { policy: { mmapMinUses: 1 } });
  for (let i = 0; i < 3; i++) await use(site, '/f');
  await turn();
  t.match(site.table.stats().memory, { entries: 0, bytes: 0 });
});
