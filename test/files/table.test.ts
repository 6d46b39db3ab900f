// The file table: what is remembered, when it is looked at again, and that nothing stays open.
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import type { Found } from '../../src/files/root.ts';
import { FileTable } from '../../src/files/table.ts';
import type { Node } from '../support/tree.ts';
import {
  bytesOf,
  collect,
  descriptorsBeneath,
  fileOf,
  isKnown,
  makeSite,
  NO_FIELDS,
  POLICY,
  turn,
  until,
  WAYS,
} from './fixture.ts';

const linux = process.platform === 'linux';
const error = (errno: string): Found => ({ type: 'error', errno });

for (const [way, addon] of WAYS) {
  t.test(way, async (t) => {
    t.test('a fresh path is answered at once, without I/O', async (t) => {
      const site = makeSite(t, { 'a.txt': 'a', 'dir/index.html': 'd' }, { addon });
      for (const target of ['/a.txt', '/dir', '/dir/', '/nowhere', '/.hidden']) {
        const first = await site.find(target);
        const batches = site.opened.length;
        const again = site.table.lookup(target.replace(/(.)\/$/, '$1'), /.\/$/.test(target), false);
        t.notOk(again instanceof Promise, `${target} is known`);
        t.equal(await again, first);
        t.equal(site.opened.length, batches);
      }
    });

    t.test('of a path that is asked for once, nothing is kept', async (t) => {
      const tree = { 'a.txt': 'a', 'dir/index.html': 'd' };
      const site = makeSite(t, tree, { addon, policy: { mmapMinUses: 2 } });
      for (const target of ['/a.txt', '/dir/', '/dir', '/nowhere']) {
        const kept = site.table.stats();
        await site.find(target);
        await turn();
        t.match(site.table.stats(), { paths: kept.paths, files: kept.files }, `${target}, once`);
        // Without the addon a descriptor is closed in the pool.
        if (linux) await until(() => descriptorsBeneath(site.path).length === kept.descriptors);
        await site.find(target);
        await turn();
        t.match(site.table.stats(), { paths: kept.paths + 1 }, `${target}, again`);
      }
      t.match(site.table.stats(), { files: 2, descriptors: 2 });
    });

    t.test('1,000 concurrent misses open once', async (t) => {
      const site = makeSite(t, { 'a.txt': 'a' }, { addon });
      const all = await Promise.all(Array.from({ length: 1000 }, () => site.find('/a.txt')));
      t.equal(site.opened.length, 1);
      t.equal(new Set(all).size, 1);
      await Promise.all(Array.from({ length: 1000 }, () => site.find('/nowhere')));
      t.equal(site.opened.length, 2, 'of a missing path too');
      if (linux) t.equal(descriptorsBeneath(site.path).length, 1);
    });

    t.test('is looked at again after the time to revalidate, in one batch, and kept', async (t) => {
      const site = makeSite(t, { 'a.txt': 'a' }, { addon });
      const first = fileOf(await site.find('/a.txt'));
      site.advance(999);
      await site.find('/a.txt');
      t.equal(site.opened.length, 1);
      site.advance(1);
      t.equal(fileOf(await site.find('/a.txt')), first);
      t.equal(site.opened.length, 2);
      site.advance(999);
      await site.find('/a.txt');
      t.equal(site.opened.length, 2);
    });

    t.test('revalidate 0: every request sees the state of its own time', async (t) => {
      const site = makeSite(t, { 'a.txt': 'one' }, { addon, policy: { revalidateMs: 0 } });
      const path = join(site.path, 'a.txt');
      const see = async () => {
        const found = await site.find('/a.txt');
        return found.kind === 'file' ? bytesOf(fileOf(found)) : found.kind;
      };
      t.equal(await see(), 'one');
      writeFileSync(path, 'three');
      t.equal(await see(), 'three', 'rewritten');
      appendFileSync(path, ' more');
      t.equal(await see(), 'three more', 'grown');
      truncateSync(path, 3);
      t.equal(await see(), 'thr', 'shrunk');
      writeFileSync(`${path}.new`, 'new');
      renameSync(`${path}.new`, path);
      t.equal(await see(), 'new', 'replaced by rename');
      unlinkSync(path);
      t.equal(await see(), 'not-found', 'deleted');
      mkdirSync(path);
      t.equal(await see(), 'redirect', 'a directory in its place');
      rmSync(path, { recursive: true });
      writeFileSync(path, 'back');
      t.equal(await see(), 'back', 'there again');
      if (linux) {
        await until(() => descriptorsBeneath(site.path).length === 1);
        t.same(descriptorsBeneath(site.path), [path], 'and only the last version is open');
      }
    });

    t.test('a file that appears is seen after the time to revalidate', async (t) => {
      const site = makeSite(t, {}, { addon });
      t.equal((await site.find('/a.txt')).kind, 'not-found');
      writeFileSync(join(site.path, 'a.txt'), 'a');
      t.equal((await site.find('/a.txt')).kind, 'not-found');
      site.advance(1000);
      t.equal((await site.find('/a.txt')).kind, 'file');
    });

    t.test('whoever sends keeps the version that was answered', async (t) => {
      const site = makeSite(t, { 'a.txt': 'old' }, { addon, policy: { revalidateMs: 0 } });
      const old = fileOf(await site.find('/a.txt'));
      old.retain();
      writeFileSync(join(site.path, 'b.txt'), 'new');
      renameSync(join(site.path, 'b.txt'), join(site.path, 'a.txt'));
      const now = fileOf(await site.find('/a.txt'));
      await turn();
      t.equal(bytesOf(now), 'new');
      t.equal(bytesOf(old), 'old');
      t.not(old.etag, now.etag);
      old.release();
      if (linux) await until(() => descriptorsBeneath(site.path).length === 1);
      t.throws(() => old.retain(), /retained too late/);
      t.throws(() => old.release(), /more often/);
    });

    t.test('an entry is open until the end of the turn that answered', async (t) => {
      const site = makeSite(t, { 'a.txt': 'a' }, { addon });
      const kept = fileOf(await site.find('/a.txt'));
      site.table.drop('a.txt');
      kept.retain();
      await turn();
      t.equal(bytesOf(kept), 'a');
      kept.release();
      const late = fileOf(await site.find('/a.txt'));
      site.table.drop('a.txt');
      await turn();
      t.throws(() => late.retain(), /retained too late/);
    });

    t.test('keeps no more descriptors than it may', async (t) => {
      const tree: Record<string, Node> = {};
      for (let i = 0; i < 100; i++) tree[`${i}.txt`] = String(i);
      tree['0.txt.br'] = 'z';
      const site = makeSite(t, tree, { addon, policy: { maxOpenFiles: 10 } });
      for (let i = 0; i < 100; i++)
        t.equal(bytesOf(fileOf(await site.find(`/${i}.txt`))), String(i));
      t.equal(site.table.stats().descriptors, 10);
      if (linux) await until(() => descriptorsBeneath(site.path).length === 10);
      t.ok(site.forgotten.includes('0.txt') && site.forgotten.includes('0.txt.br'));
      await site.find('/0.txt');
      t.equal(site.table.stats().descriptors, 10, 'a sibling counts');
      site.table.close();
      if (linux) await until(() => descriptorsBeneath(site.path).length === 0);
    });

    t.test('the least recently used goes first, unless a hot answer uses it', async (t) => {
      const tree: Record<string, Node> = {};
      for (let i = 0; i < 20; i++) tree[`${i}.txt`] = String(i);
      const site = makeSite(t, tree, { addon, policy: { maxOpenFiles: 8, codings: [] } });
      for (let i = 0; i < 8; i++) await site.find(`/${i}.txt`);
      await site.find('/0.txt');
      site.used.add('1.txt');
      await site.find('/8.txt');
      await site.find('/9.txt');
      t.same(site.forgotten, ['2.txt', '3.txt']);
      for (let i = 0; i < 8; i++) site.used.add(`${i}.txt`);
      site.used.add('8.txt').add('9.txt');
      await site.find('/10.txt');
      t.equal(site.forgotten.length, 3, 'where all are in use, one goes all the same');
    });

    t.test('many paths share one fallback', async (t) => {
      const site = makeSite(t, { 'index.html': 'app' }, { addon, policy: { spa: 'index.html' } });
      const files = new Set<unknown>();
      for (let i = 0; i < 100; i++) files.add(fileOf(await site.find(`/users/${i}`, true)));
      t.equal(files.size, 1);
      if (linux) await until(() => descriptorsBeneath(site.path).length === 1);
    });

    t.test('a check that fails for want of descriptors is no change, and is said', async (t) => {
      const site = makeSite(t, { 'a.txt': 'a' }, { addon });
      const first = fileOf(await site.find('/a.txt'));
      for (const errno of ['EMFILE', 'EIO']) {
        site.advance(1000);
        site.fault = async (paths) => paths.map(() => error(errno));
        const found = await site.find('/a.txt');
        if (errno === 'EIO') t.equal(bytesOf(fileOf(found)), 'a');
        else t.match(found, { kind: 'failed', errno }, 'nothing to close but the file itself');
        site.fault = undefined;
        await site.find('/a.txt');
      }
      t.ok(first);
      t.ok(
        site.lines.some((line) => /cannot (?:open|check) a\.txt: E/.test(line)),
        site.lines.join(),
      );
    });

    t.test('failures of the server are answered, said, and not remembered', async (t) => {
      const site = makeSite(t, { 'a.txt': 'a' }, { addon });
      site.fault = async (paths) => paths.map(() => error('EIO'));
      t.match(await site.find('/a.txt'), { kind: 'failed', errno: 'EIO' });
      t.same(site.lines, ['error: cannot open a.txt: EIO']);
      site.fault = undefined;
      t.equal((await site.find('/a.txt')).kind, 'file');
    });

    t.test(
      'a suspected path is looked at before the next answer, and kept if it is the same',
      async (t) => {
        const tree = { 'a.txt': 'a', 'b.txt': 'b', 'b.txt.br': 'z' };
        const site = makeSite(t, tree, { addon });
        const a = fileOf(await site.find('/a.txt'));
        const b = fileOf(await site.find('/b.txt'));
        site.table.suspect(['a.txt', 'b.txt.br']);
        site.opened.length = 0;
        t.equal(fileOf(await site.find('/a.txt')), a);
        t.equal(site.opened.length, 1);
        writeFileSync(join(site.path, 'b.txt'), 'changed');
        t.equal(bytesOf(fileOf(await site.find('/b.txt'))), 'changed');
        await turn();
        t.throws(() => b.retain());
      },
    );

    t.test('a file that sendfile refuses is planned anew, its siblings are not', async (t) => {
      const site = makeSite(t, { 'a.js': 'a', 'a.js.br': 'z' }, { addon });
      const found = await site.find('/a.js');
      if (found.kind !== 'file') return t.fail(found.kind);
      site.table.markRefused('a.js.br');
      t.equal(found.resource.identity.refused, false);
      t.equal(found.resource.variants[0]?.refused, true);
      t.same(site.forgotten, ['a.js.br']);
      site.table.markRefused('nowhere');
    });

    t.test('what a drop overtakes is looked at again', async (t) => {
      const site = makeSite(t, { 'a.txt': 'a' }, { addon });
      const search = site.find('/a.txt');
      site.table.drop('a.txt');
      await search;
      t.notOk(isKnown(site, '/a.txt'));
    });

    t.test('closing lets go of all, also of what is on its way', async (t) => {
      const site = makeSite(t, { 'a.txt': 'a', 'b.txt': 'b' }, { addon });
      await site.find('/a.txt');
      const late = site.find('/b.txt');
      site.table.close();
      await late;
      if (linux) await until(() => descriptorsBeneath(site.path).length === 0);
      t.equal(site.table.stats().descriptors, 0);
    });

    t.test(
      'out of descriptors: cached files are closed for the new one, else 503',
      { skip: !linux },
      async (t) => {
        const tree = { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c', 'd.txt': 'd', 'e.txt': 'e' };
        const site = makeSite(t, tree, { addon });
        const child = fileURLToPath(new URL('./descriptors-child.ts', import.meta.url));
        const { stdout, stderr } = spawnSync(
          'sh',
          [
            '-c',
            'ulimit -n 96; exec "$0" "$@"',
            process.execPath,
            '--import=tsx',
            child,
            site.path,
            addon ? 'addon' : 'path',
          ],
          { encoding: 'utf8' },
        );
        t.same(
          JSON.parse(stdout || '{}'),
          {
            limited: true,
            full: 'EMFILE',
            cached: 'file',
            relieved: 'file',
            nothingToClose: { kind: 'failed', errno: 'EMFILE' },
            after: 'file',
          },
          stderr,
        );
      },
    );
  });
}

const flood = process.env.ZCSERVE_SOAK === '1' ? 1_000_000 : 200_000;

t.test(`${flood} distinct missing paths leave memory flat`, async (t) => {
  const table = new FileTable({
    policy: { ...POLICY, root: '/', codings: [] },
    root: {
      native: undefined,
      openNow: () => undefined,
      isSame: () => false,
      open: async (paths) => paths.map(() => error('ENOENT')),
      names: async (paths) => paths.map(() => undefined),
      read: () => {
        throw new Error('not a directory');
      },
      look: async () => ({ kind: 'same' }),
      close: () => {},
    },
    addon: undefined,
    describe: () => NO_FIELDS,
    log: collect([]),
  });
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  const heap = () => {
    gc();
    return process.memoryUsage().heapUsed;
  };
  const request = async (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      await table.lookup(`/missing/${i}/${'x'.repeat(i % 100)}`, false, i % 2 === 0);
    }
  };
  await request(0, flood / 5);
  const before = heap();
  await request(flood / 5, flood);
  const growth = heap() - before;
  t.comment(`heap grew by ${growth} bytes, ${table.stats().paths} paths remembered`);
  t.ok(growth < 4 * 1024 * 1024, 'under 4 MiB');
  t.ok(table.stats().paths <= 16_384);
  table.close();
});
