// The watcher: a change to a cached file is seen at once, long before its next check.
import { mkdirSync, renameSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createWatcher } from '../../src/files/watch.ts';
import { makeTree } from '../support/tree.ts';
import { bytesOf, collect, fileOf, makeSite, type Site, until, WAYS } from './fixture.ts';

const DAY = 86_400_000;
const POLICY = { watch: true, revalidateMs: DAY };

async function see(site: Site, target: string, navigation = false): Promise<string> {
  const found = await site.find(target, navigation);
  return found.kind === 'file' ? bytesOf(fileOf(found)) : found.kind;
}

/** Until the table was told of a change to this path. */
function told(site: Site, path: string): Promise<void> {
  site.forgotten.length = 0;
  return until(() => site.forgotten.includes(path));
}

for (const [way, addon] of WAYS) {
  t.test(way, async (t) => {
    const changes: ReadonlyArray<
      readonly [title: string, change: (path: string) => void, now: string]
    > = [
      ['rewritten in place', (path) => writeFileSync(path, 'rewritten'), 'rewritten'],
      ['shrunk', (path) => truncateSync(path, 1), 'o'],
      ['deleted', (path) => unlinkSync(path), 'not-found'],
      [
        'replaced by rename',
        (path) => {
          writeFileSync(`${path}.new`, 'replaced');
          renameSync(`${path}.new`, path);
        },
        'replaced',
      ],
    ];
    for (const [title, change, now] of changes) {
      t.test(`a file that is ${title}`, async (t) => {
        const tree = { 'a/b.txt': 'old', 'c.txt': 'c' };
        const site = makeSite(t, tree, { addon, policy: POLICY });
        t.equal(await see(site, '/a/b.txt'), 'old');
        await see(site, '/c.txt');
        change(join(site.path, 'a/b.txt'));
        await told(site, 'a/b.txt');
        await until(() => site.table.lookup('/a/b.txt', false, false) instanceof Promise);
        t.equal(await see(site, '/a/b.txt'), now);
        t.notOk(site.table.lookup('/c.txt', false, false) instanceof Promise, 'others stay');
      });
    }

    t.test('a file that appears beside a cached one', async (t) => {
      const site = makeSite(t, { 'a.txt': 'a' }, { addon, policy: POLICY });
      await see(site, '/a.txt');
      t.equal(await see(site, '/b.txt'), 'not-found');
      writeFileSync(join(site.path, 'b.txt'), 'b');
      await told(site, 'b.txt');
      t.equal(await see(site, '/b.txt'), 'b');
    });

    t.test('a precompressed sibling that appears', async (t) => {
      const site = makeSite(t, { 'a.txt': 'a' }, { addon, policy: POLICY });
      await see(site, '/a.txt');
      writeFileSync(join(site.path, 'a.txt.br'), 'z');
      await told(site, 'a.txt.br');
      const found = await site.find('/a.txt');
      t.equal(found.kind === 'file' && found.resource.variants[0]?.coding, 'br');
    });

    t.test('an index file that appears, and one that goes', async (t) => {
      const tree = { 'd/index.htm': 'old' };
      const policy = { ...POLICY, index: ['index.html', 'index.htm'] };
      const site = makeSite(t, tree, { addon, policy });
      t.equal(await see(site, '/d/'), 'old');
      writeFileSync(join(site.path, 'd/index.html'), 'new');
      await told(site, 'd/index.html');
      t.equal(await see(site, '/d/'), 'new');
      unlinkSync(join(site.path, 'd/index.html'));
      await told(site, 'd/index.html');
      t.equal(await see(site, '/d/'), 'old');
    });

    t.test('a directory that goes and comes back', async (t) => {
      const site = makeSite(t, { 'd/a.txt': 'one' }, { addon, policy: POLICY });
      t.equal(await see(site, '/d/a.txt'), 'one');
      rmSync(join(site.path, 'd'), { recursive: true });
      await told(site, 'd/a.txt');
      t.equal(await see(site, '/d/a.txt'), 'not-found');
    });
  });
}

t.test('directories are watched while something of theirs is cached', async (t) => {
  const root = makeTree(t, { 'a/x': 'x', 'b/x': 'x' });
  const changed: string[] = [];
  const watcher = createWatcher({ root, onChange: (path) => changed.push(path), log: collect([]) });
  t.teardown(() => watcher.close());
  watcher.watch('a');
  watcher.watch('a');
  watcher.watch('b');
  watcher.unwatch('a');
  writeFileSync(join(root, 'a/x'), 'y');
  await until(() => changed.includes('a/x'));
  watcher.unwatch('a');
  changed.length = 0;
  writeFileSync(join(root, 'a/x'), 'z');
  // Events of one inotify instance come in order: b's tells that a's would have come.
  writeFileSync(join(root, 'b/x'), 'y');
  await until(() => changed.includes('b/x'));
  t.same(
    changed.filter((path) => path.startsWith('a')),
    [],
  );
});

t.test('what cannot be watched is said once; what is gone is not', async (t) => {
  const root = makeTree(t, { file: 'x' });
  mkdirSync(join(root, 'd'));
  const lines: string[] = [];
  const watcher = createWatcher({ root, onChange: () => {}, log: collect(lines) });
  t.teardown(() => watcher.close());
  watcher.watch('nowhere');
  watcher.watch('file/below');
  t.same(lines, []);
  watcher.watch('x'.repeat(300));
  watcher.watch('y'.repeat(300));
  t.same(lines, ['warn: cannot watch for changes (ENAMETOOLONG): they are seen by checks only']);
});
