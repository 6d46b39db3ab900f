// The watcher: a change to a cached file is seen at once, long before its next check.
import { mkdirSync, renameSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createWatcher } from '../../src/files/watch.ts';
import { watchRoot } from '../../src/files/watch-root.ts';
import { makeTree } from '../support/tree.ts';
import {
  bytesOf,
  collect,
  fileOf,
  isKnown,
  makeSite,
  type Site,
  until,
  WAYS,
  watches,
} from './fixture.ts';

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
        await until(() => !isKnown(site, '/a/b.txt'));
        t.equal(await see(site, '/a/b.txt'), now);
        t.ok(isKnown(site, '/c.txt'), 'others stay');
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
  const watcher = createWatcher({
    root,
    revalidateMs: DAY,
    onChange: (path) => changed.push(path),
    log: collect([]),
  });
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
  const watcher = createWatcher({
    root,
    revalidateMs: DAY,
    onChange: () => {},
    log: collect(lines),
  });
  t.teardown(() => watcher.close());
  watcher.watch('nowhere');
  watcher.watch('file/below');
  t.same(lines, []);
  watcher.watch('x'.repeat(300));
  watcher.watch('y'.repeat(300));
  t.same(lines, ['warn: cannot watch for changes (ENAMETOOLONG): they are seen by checks only']);
});

/** More events than a directory is listened to in a second, however few of them the kernel merges. */
const MANY = 200;

/** Two files that are written by turns: the kernel merges what is alike and comes together. */
function writeAgainAndAgain(directory: string, names: readonly [string, string]): void {
  for (let n = 0; n < MANY; n++) writeFileSync(join(directory, names[n % 2] ?? ''), String(n));
}

t.test(
  'a directory in which one file is written all the time rests, and is heard again',
  async (t) => {
    const root = makeTree(t, { 'a/x': 'x', 'b/x': 'x' });
    const before = watches();
    const changed: string[] = [];
    const onChange = (path: string) => changed.push(path);
    const watcher = createWatcher({ root, revalidateMs: 1000, onChange, log: collect([]) });
    t.teardown(() => watcher.close());
    watcher.watch('a');
    watcher.watch('b');
    t.equal(watches(), before + 2);
    writeAgainAndAgain(join(root, 'a'), ['x', 'y']);
    await until(() => watches() === before + 1);
    t.ok(changed.length < MANY, `${changed.length} of ${2 * MANY} events and more were heard`);
    writeFileSync(join(root, 'b/x'), 'y');
    await until(() => changed.includes('b/x'));
    t.pass('others are heard meanwhile');
    await until(() => watches() === before + 2);
    changed.length = 0;
    writeFileSync(join(root, 'a/x'), 'z');
    await until(() => changed.includes('a/x'));
    writeAgainAndAgain(join(root, 'a'), ['x', 'y']);
    await until(() => watches() === before + 1);
    watcher.close();
    t.equal(watches(), before, 'closed while one rests');
  },
);

t.test('many files that change a few times are heard, each of them', async (t) => {
  const root = makeTree(t, { 'a/x': 'x' });
  const before = watches();
  const changed = new Set<string>();
  const onChange = (path: string) => changed.add(path);
  const watcher = createWatcher({ root, revalidateMs: 1000, onChange, log: collect([]) });
  t.teardown(() => watcher.close());
  watcher.watch('a');
  for (let n = 0; n < MANY; n++) writeFileSync(join(root, 'a', String(n)), 'x');
  await until(() => changed.size === MANY);
  t.equal(watches(), before + 1);
});

t.test('where checks are seldom, every change is heard', async (t) => {
  const root = makeTree(t, { 'a/x': 'x' });
  const before = watches();
  const changed: string[] = [];
  const onChange = (path: string) => changed.push(path);
  const watcher = createWatcher({ root, revalidateMs: DAY, onChange, log: collect([]) });
  t.teardown(() => watcher.close());
  watcher.watch('a');
  writeAgainAndAgain(join(root, 'a'), ['x', 'y']);
  writeFileSync(join(root, 'a/last'), 'x');
  await until(() => changed.includes('a/last'));
  t.ok(changed.length > MANY, `${changed.length}`);
  t.equal(watches(), before + 1);
});

t.test(
  'what its neighbours do does not concern the root, and is not listened to for ever',
  async (t) => {
    const place = makeTree(t, { 'site/x': 'x', log: 'x' });
    const path = join(place, 'site');
    const before = watches();
    let hints = 0;
    const watcher = watchRoot({
      path,
      revalidateMs: 1000,
      log: collect([]),
      onHint: () => {
        hints++;
      },
    });
    t.teardown(() => watcher.close());
    watcher.renew();
    t.equal(watches(), before + 1);
    for (let n = 0; n < MANY; n++) writeFileSync(join(place, `neighbour${n}`), 'x');
    await until(() => watches() === before);
    t.equal(hints, 0);
    await until(() => watches() === before + 1);
    renameSync(path, `${path}.away`);
    await until(() => hints > 0);
    t.pass('and is heard of the root again');
  },
);
