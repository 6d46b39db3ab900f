// Listings: exactly what a request could get; read once for many, never older than promised, and bounded.
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { NativeAddon } from '../../src/addon/types.ts';
import type { FilesPolicy } from '../../src/files/policy.ts';
import type { Contents } from '../../src/plan/types.ts';
import { contentsOf, type Item, itemsOf } from '../support/contents.ts';
import { makeTree, type Teardown } from '../support/tree.ts';
import { descriptorsBeneath, makeSite, type Site, turn, until, WAYS } from './fixture.ts';

const POLICY = { listing: true, index: [] };
/** Of a directory whose version tells what is in it: it did not change within this tick of the kernel's clock. */
const OLD = new Date('2001-01-01T00:00:00Z');
const linux = process.platform === 'linux';

async function contentsAt(site: Site, target: string): Promise<Contents> {
  const found = await site.list(target);
  if (found.kind !== 'contents') throw new Error(found.kind);
  return found;
}

async function names(site: Site, target: string): Promise<string[]> {
  const items = itemsOf(await contentsAt(site, target));
  return items.map(({ name, directory }) => (directory ? `${name}/` : name)).sort();
}

async function item(site: Site, target: string, wanted: string): Promise<Item | undefined> {
  return itemsOf(await contentsAt(site, target)).find(({ name }) => name === wanted);
}

/** A directory that is large enough to be kept. */
function makeMany(
  t: Teardown,
  addon: NativeAddon | undefined,
  policy: Partial<FilesPolicy> = {},
): Site {
  const tree = makeTree(t);
  mkdirSync(join(tree, 'many'));
  for (let i = 0; i < 600; i++) writeFileSync(join(tree, `many/${i}`), 'x');
  utimesSync(join(tree, 'many'), OLD, OLD);
  return makeSite(t, tree, { addon, policy: { ...POLICY, ...policy } });
}

for (const [way, addon] of WAYS) {
  t.test(way, async (t) => {
    const outside = makeTree(t, { 'secret.txt': 'secret', 'd/x': 'x' });
    const root = makeTree(t, {
      'a.txt': { size: 10, mtime: new Date(1_700_000_000_000) },
      'd/b.txt': 'b',
      '.hidden': 'h',
      '.git/config': 'c',
      '.well-known/x': 'x',
      fifo: { fifo: true },
      'in.txt': { link: 'd/b.txt' },
      'in-d': { link: 'd' },
      'in-fifo': { link: 'fifo' },
      'out.txt': { link: join(outside, 'secret.txt') },
      'out-d': { link: join(outside, 'd') },
      dangling: { link: 'nowhere' },
      loop: { link: 'loop' },
      '<b>"&\'#?%.txt': 'special',
      'back\\slash': 'x',
      'Ünï ☃ 🦊': 'u',
      'd/deep/in.txt': { link: '../../a.txt' },
      empty: { directory: true },
    });
    if (linux) writeFileSync(Buffer.from(`${root}/not-\xff-utf8`, 'latin1'), 'x');

    t.test(
      'files, directories and links that stay inside; nothing hidden or refused',
      async (t) => {
        const site = makeSite(t, root, { addon, policy: POLICY });
        const expected = ['<b>"&\'#?%.txt', 'a.txt', 'd/', 'empty/', 'in-d/', 'in.txt'];
        t.same(await names(site, '/'), [...expected, 'Ünï ☃ 🦊'].sort());
        // `loop` is refused as the links out of the root are.
        const left = linux
          ? 'names with a backslash or not in UTF-8: 2, links that are not followed: 3'
          : 'names with a backslash or not in UTF-8: 1, links that are not followed: 3';
        await names(site, '/');
        t.same(site.lines, [`warn: / is listed without what cannot be asked for: ${left}`], 'once');
        t.same(await names(site, '/empty/'), []);
        t.equal(site.lines.length, 1, 'and nothing where nothing is left out');
        t.same(await names(site, '/in-d/'), ['b.txt', 'deep/']);
        t.same(await names(site, '/d/deep/'), ['in.txt'], 'links are followed from where they are');
        const wanted = { size: 10, mtimeMs: 1_700_000_000_000, directory: false };
        t.match(await item(site, '/', 'a.txt'), wanted);
        t.match(await item(site, '/d/deep/', 'in.txt'), wanted, 'of a link: what it leads to');
      },
    );

    t.test('every name that is listed can be requested', async (t) => {
      const site = makeSite(t, root, { addon, policy: POLICY });
      for (const name of await names(site, '/')) {
        const found = await site.find(`/${name.split('/').map(encodeURIComponent).join('/')}`);
        t.match(found.kind, /^(?:file|listing)$/, name);
      }
    });

    t.test('no links where the policy follows none; dotfiles where it allows them', async (t) => {
      const none = makeSite(t, root, { addon, policy: { ...POLICY, symlinks: 'none' } });
      t.notOk((await names(none, '/')).some((name) => name.startsWith('in')));
      const dots = makeSite(t, root, { addon, policy: { ...POLICY, dotfiles: 'allow' } });
      t.ok((await names(dots, '/')).includes('.hidden'));
      const follow = makeSite(t, root, { addon, policy: { ...POLICY, symlinks: 'follow' } });
      t.ok((await names(follow, '/')).includes('out-d/'));
    });

    t.test('what may not be read is absent', async (t) => {
      if (process.getuid?.() === 0) return void t.comment('root may read everything');
      const tree = { open: 'x', closed: { text: 'x', mode: 0 }, mine: { text: 'x', mode: 0o400 } };
      const site = makeSite(t, tree, { addon, policy: POLICY });
      t.same(await names(site, '/'), ['mine', 'open']);
    });

    t.test('a directory that cannot be read is an answer, not an exception', async (t) => {
      const site = makeSite(t, root, { addon, policy: POLICY });
      const failWith = (code: string) => {
        site.root.read = () => {
          throw Object.assign(new Error(code), { code });
        };
      };
      failWith('EIO');
      t.match(await site.list('/'), { kind: 'failed', errno: 'EIO' });
      failWith('EACCES');
      t.match(await site.list('/d/'), { kind: 'forbidden' });
      const listing = await site.find('/empty/');
      if (listing.kind !== 'listing') return t.fail(listing.kind);
      site.fault = async (paths) => paths.map(() => ({ type: 'error', errno: 'ENOENT' }));
      t.match(await site.table.list(listing), { kind: 'not-found' }, 'gone since it was found');
    });

    t.test('a small directory is kept when it is asked for again', async (t) => {
      const site = makeSite(t, { 'd/a.txt': 'a' }, { addon, policy: POLICY });
      utimesSync(join(site.path, 'd'), OLD, OLD);
      await Promise.all([site.list('/d/'), site.list('/d/'), site.list('/d/')]);
      t.equal(site.reads.length, 1, 'once for those who ask together');
      const again = await contentsAt(site, '/d/');
      t.equal(site.reads.length, 2);
      writeFileSync(join(site.path, 'd/a.txt'), 'longer');
      t.equal(await contentsAt(site, '/d/'), again);
      site.advance(1000);
      t.match(await item(site, '/d/', 'a.txt'), { size: 6 }, 'its files, within `revalidate`');
      writeFileSync(join(site.path, 'd/b.txt'), 'b');
      t.match(await item(site, '/d/', 'b.txt'), { size: 1 }, 'its names, at once');
    });

    t.test('a lease lasts while who asks would be told the same, and says by what', async (t) => {
      const site = makeSite(t, { 'd/a.txt': 'a' }, { addon, policy: { ...POLICY, index: ['x'] } });
      const place = join(site.path, 'd');
      utimesSync(place, OLD, OLD);
      const lease = async () => {
        const listing = await site.find('/d/');
        if (listing.kind !== 'listing') throw new Error(listing.kind);
        const contents = await site.table.list(listing);
        if (contents.kind !== 'contents') throw new Error(contents.kind);
        return { lease: site.table.lease(listing, contents), version: listing.version };
      };
      t.equal((await lease()).lease, undefined, 'nothing is kept of the first time');
      const kept = await lease();
      const paths = kept.lease?.evidence.map(({ path }) => path);
      t.notOk(paths?.includes('d/x'), 'what is absent from it is told by its version');
      t.match(kept.lease?.evidence.at(-1), { path: 'd', version: kept.version });
      t.equal(kept.lease?.ms, 1000);
      site.advance(400.5);
      t.equal((await lease()).lease?.ms, 599);
      site.forgotten.length = 0;
      site.table.drop('d/a.txt');
      t.ok(site.forgotten.includes('d'), 'who repeats it is told of a change');
      t.equal((await lease()).lease?.ms, 1000, 'read anew');
      writeFileSync(join(place, 'new'), '');
      await lease();
      t.equal((await lease()).lease, undefined, 'changed in this tick: it may have again');
    });

    t.test(
      'a large one is read once in `revalidate`, and not rendered anew if the same',
      async (t) => {
        const site = makeMany(t, addon);
        const first = await contentsAt(site, '/many/');
        t.equal(await contentsAt(site, '/many/'), first);
        site.advance(999);
        t.equal(await contentsAt(site, '/many/'), first);
        t.equal(site.reads.length, 1);
        site.advance(1);
        t.equal(await contentsAt(site, '/many/'), first, 'looked at again: the same object');
        t.equal(site.reads.length, 2);
      },
    );

    t.test('one that takes long to read is trusted for longer, unless nothing is', async (t) => {
      for (const [revalidateMs, lasts] of [
        [1000, 8000],
        [0, 0],
      ] as const) {
        const site = makeMany(t, addon, { revalidateMs });
        const { read } = site.root;
        site.root.read = async (...given) => {
          site.advance(2000);
          return read(...given);
        };
        await site.list('/many/');
        site.advance(Math.max(0, lasts - 2000 - 1));
        await site.list('/many/');
        t.equal(site.reads.length, lasts === 0 ? 2 : 1);
        site.advance(1);
        await site.list('/many/');
        t.equal(site.reads.length, lasts === 0 ? 3 : 2);
      }
    });

    t.test('names that come, go and change are seen at once', async (t) => {
      const site = makeMany(t, addon);
      const many = join(site.path, 'many');
      t.equal((await names(site, '/many/')).length, 600);
      for (const [change, count, present] of [
        [() => writeFileSync(join(many, 'new'), ''), 601, 'new'],
        [() => renameSync(join(many, 'new'), join(many, 'newer')), 601, 'newer'],
        [() => rmSync(join(many, 'newer')), 600, '599'],
      ] as const) {
        change();
        const now = await names(site, '/many/');
        t.equal(now.length, count);
        t.ok(now.includes(present));
      }
    });

    t.test('files that grow and are touched are seen within `revalidate`', async (t) => {
      const site = makeMany(t, addon);
      t.match(await item(site, '/many/', '7'), { size: 1 });
      writeFileSync(join(site.path, 'many/7'), 'longer');
      site.advance(1000);
      t.match(await item(site, '/many/', '7'), { size: 6 });
      utimesSync(join(site.path, 'many/7'), new Date(), new Date(1e12));
      site.advance(1000);
      t.match(await item(site, '/many/', '7'), { size: 6, mtimeMs: 1e12 });
    });

    t.test('and sooner where they are watched', { skip: !linux && 'by inotify' }, async (t) => {
      const site = makeMany(t, addon, { watch: true });
      const first = await contentsAt(site, '/many/');
      writeFileSync(join(site.path, 'many/7'), 'longer');
      let now = first;
      while (now === first) {
        await turn();
        now = await contentsAt(site, '/many/');
      }
      t.match(await item(site, '/many/', '7'), { size: 6 });
    });

    t.test('who asks too late for a read waits for the next, with all the others', async (t) => {
      const site = makeMany(t, addon, { revalidateMs: 10 });
      const { read } = site.root;
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      site.root.read = async (...given) => {
        const holds = site.reads.length === 0;
        const contents = await read(...given);
        if (holds) await held;
        return contents;
      };
      const early = [site.list('/many/'), site.list('/many/')];
      await until(() => site.reads.length === 1);
      writeFileSync(join(site.path, 'many/7'), 'longer');
      site.advance(10);
      const late = [names(site, '/many/'), item(site, '/many/', '7'), item(site, '/many/', '7')];
      await turn();
      t.equal(site.reads.length, 1, 'one at a time');
      release();
      await Promise.all(early);
      t.match((await Promise.all(late))[2], { size: 6 });
      t.equal(site.reads.length, 2);
    });

    t.test('5,000 names: the loop turns meanwhile, and few descriptors are open', async (t) => {
      const tree = makeTree(t);
      mkdirSync(join(tree, 'many'));
      for (let i = 0; i < 5000; i++) writeFileSync(join(tree, `many/${i}.txt`), '');
      const site = makeSite(t, tree, { addon, policy: POLICY });
      let turns = 0;
      let most = 0;
      let done = false;
      const listed = names(site, '/many/').finally(() => {
        done = true;
      });
      while (!done) {
        await turn();
        turns++;
        if (linux && turns % 16 === 0) most = Math.max(most, descriptorsBeneath(tree).length);
      }
      t.equal((await listed).length, 5000);
      t.ok(turns > 10, `${turns} turns`);
      t.ok(most <= 2, `${most} descriptors at most`);
      if (linux) await until(() => descriptorsBeneath(tree).length === 0);
    });
  });
}

/** So many entries, made up. */
function madeUp(count: number): Contents {
  return contentsOf(
    Array.from({ length: count }, (_, i) => ({
      name: String(i),
      directory: false,
      size: 1,
      mtimeMs: 0,
    })),
  );
}

t.test('two directories are read at a time; the others wait', async (t) => {
  const tree = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`d${i}/x`, 'x']));
  const site = makeSite(t, tree, { policy: POLICY });
  let reading = 0;
  let most = 0;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  site.root.read = async () => {
    most = Math.max(most, ++reading);
    await held;
    reading--;
    return { ...madeUp(1), unnameable: 0, refused: 0 };
  };
  const all = Object.keys(tree).map((name) => contentsAt(site, `/${name.slice(0, 2)}/`));
  await until(() => reading === 2);
  release();
  await Promise.all(all);
  t.equal(most, 2);
  t.equal(reading, 0);
});

t.test('a directory of more than a million entries is not listed, whoever asks', async (t) => {
  const site = makeSite(t, { 'd/x': 'x' }, { policy: POLICY });
  utimesSync(join(site.path, 'd'), OLD, OLD);
  const limits: number[] = [];
  site.root.read = async (_directory, _path, _dotfiles, maxEntries) => {
    limits.push(maxEntries);
    throw Object.assign(new Error('EFBIG'), { code: 'EFBIG' });
  };
  t.match(await site.list('/d/'), { kind: 'failed', errno: 'EFBIG' });
  t.match(await site.list('/d/'), { kind: 'failed', errno: 'EFBIG' });
  t.same(limits, [1_000_000], 'it is not read again to find the same');
  t.match(site.lines, ['error: cannot open d: EFBIG']);
});

for (const [way, addon] of WAYS) {
  t.test(`${way}: reading stops at the limit`, async (t) => {
    const names = Array.from({ length: 600 }, (_, i) => [`d/${i}`, 'x'] as const);
    const { root } = makeSite(t, Object.fromEntries(names), { addon, policy: POLICY });
    const read = async (max: number) => {
      const [found] = await root.open(['d']);
      if (found?.type !== 'directory') throw new Error(found?.type);
      return root.read(found.file, 'd', false, max).finally(() => found.file.close());
    };
    t.equal((await read(600)).count, 600);
    await t.rejects(read(599), { code: 'EFBIG' });
  });

  t.test(`${way}: what is said to be sorted is: by code unit, directories first`, async (t) => {
    const names = ['b', 'a', '~', 'ab', 'é', '\ue000', '\uffee', '\u{10000}', '🦊', '日', 'A'];
    const files = names.map((name) => [name, 'x'] as const);
    const directories = names.map((name) => [`d${name}/x`, 'x'] as const);
    const tree = Object.fromEntries([...files, ...directories]);
    const contents = await contentsAt(makeSite(t, tree, { addon, policy: POLICY }), '/');
    t.equal(contents.sorted, addon !== undefined);
    if (!contents.sorted) return;
    t.same(
      itemsOf(contents).map(({ name }) => name),
      [...names.map((name) => `d${name}`).sort(), ...names.sort()],
    );
  });
}

t.test('what is kept has a bound: the least used goes, its directory is read again', async (t) => {
  const tree = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`d${i}/x`, 'x']));
  const site = makeSite(t, tree, { policy: POLICY });
  // 16 bytes of numbers and some 6 of the name for each: 4.5 MB a directory.
  const contents = madeUp(200_000);
  const reads: string[] = [];
  site.root.read = async (_, path) => {
    reads.push(path);
    return { ...contents, unnameable: 0, refused: 0 };
  };
  const ask = async (i: number) => void (await contentsAt(site, `/d${i}/`));
  for (let i = 0; i < 8; i++) await ask(i);
  t.equal(reads.length, 8);
  await ask(7);
  await ask(6);
  t.equal(reads.length, 8, 'the last ones are kept');
  await ask(0);
  t.equal(reads.length, 9, 'the first is not');
});
