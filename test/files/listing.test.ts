// Listings: exactly what a request could get, and the loop goes on while a large directory is read.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeTree } from '../support/tree.ts';
import { descriptorsBeneath, makeSite, type Site, turn, until, WAYS } from './fixture.ts';

const POLICY = { listing: true, index: [] };
const linux = process.platform === 'linux';

async function names(site: Site, target: string): Promise<string[]> {
  const found = await site.find(target);
  if (found.kind !== 'listing') throw new Error(found.kind);
  return found.entries.map(({ name, directory }) => (directory ? `${name}/` : name)).sort();
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
      'out.txt': { link: join(outside, 'secret.txt') },
      'out-d': { link: join(outside, 'd') },
      dangling: { link: 'nowhere' },
      loop: { link: 'loop' },
      '<b>"&\'#?%.txt': 'special',
      'back\\slash': 'x',
      'Ünï ☃': 'u',
      empty: { directory: true },
    });

    t.test(
      'files, directories and links that stay inside; nothing hidden or refused',
      async (t) => {
        const site = makeSite(t, root, { addon, policy: POLICY });
        const expected = ['<b>"&\'#?%.txt', 'a.txt', 'd/', 'empty/', 'in-d/', 'in.txt', 'Ünï ☃'];
        t.same(await names(site, '/'), expected.sort());
        t.same(await names(site, '/empty/'), []);
        t.same(await names(site, '/in-d/'), ['b.txt']);
        const found = await site.find('/');
        if (found.kind !== 'listing') return t.fail(found.kind);
        t.match(
          found.entries.find(({ name }) => name === 'a.txt'),
          { size: 10, mtimeMs: 1_700_000_000_000, directory: false },
        );
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
    });

    t.test('a directory that cannot be read is an answer, not an exception', async (t) => {
      const site = makeSite(t, root, { addon, policy: POLICY });
      site.root.read = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
      t.match(await site.find('/'), { kind: 'failed', errno: 'EIO' });
      site.root.read = () => Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' }));
      t.match(await site.find('/d/'), { kind: 'forbidden' });
    });

    t.test('a listing is not remembered, and concurrent ones are read once', async (t) => {
      const tree = makeTree(t, { 'a.txt': 'a' });
      const site = makeSite(t, tree, { addon, policy: POLICY });
      await Promise.all([site.find('/'), site.find('/'), site.find('/')]);
      t.equal(site.opened.flat().filter((path) => path === '').length, 1);
      writeFileSync(join(tree, 'b.txt'), 'b');
      t.same(await names(site, '/'), ['a.txt', 'b.txt']);
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
        if (linux && turns % 64 === 0) most = Math.max(most, descriptorsBeneath(tree).length);
      }
      t.equal((await listed).length, 5000);
      t.ok(turns > 5000 / 64, `${turns} turns`);
      t.ok(most <= 160, `${most} descriptors at most`);
      if (linux) await until(() => descriptorsBeneath(tree).length === 0);
    });
  });
}
