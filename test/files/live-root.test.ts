// A root that is replaced: what was known is forgotten, what is under way ends where it began.
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Freshness } from '../../src/files/freshness.ts';
import { LiveRoot } from '../../src/files/live-root.ts';
import { restingRoot } from '../../src/files/open.ts';
import { closedRoot, type Look, type Root } from '../../src/files/root.ts';
import { WAYS as DEPLOYMENTS } from '../support/releases.ts';
import { makeTree } from '../support/tree.ts';
import {
  bytesOf,
  collect,
  descriptorsBeneath,
  fileOf,
  makeSite,
  type Site,
  until,
  WAYS,
} from './fixture.ts';

async function see(site: Site, target: string): Promise<string> {
  const found = await site.find(target);
  return found.kind === 'file' ? bytesOf(fileOf(found)) : found.kind;
}

for (const [way, addon] of WAYS) {
  t.test(way, async (t) => {
    for (const { name, start } of DEPLOYMENTS) {
      t.test(name, async (t) => {
        const { root, deploy, remove } = start(t, { 'a.txt': 'A', 'b.txt': 'B' });
        const site = makeSite(t, root, { addon, policy: { revalidateMs: 1000 } });
        t.equal(await see(site, '/a.txt'), 'A');
        t.equal(await see(site, '/c.txt'), 'not-found');
        const old = fileOf(await site.find('/a.txt'));
        old.retain();
        deploy({ 'a.txt': 'second', 'c.txt': 'C' });
        t.notOk(site.table.lookup('/a.txt', false, false) instanceof Promise, 'trusted meanwhile');
        site.advance(1000);
        t.equal(await see(site, '/a.txt'), 'second');
        t.equal(await see(site, '/b.txt'), 'not-found');
        t.equal(await see(site, '/c.txt'), 'C');
        t.equal(bytesOf(old), 'A', 'an answer under way goes on');
        old.release();
        t.equal(site.lines.length, 1, 'one line says it');
        remove();
        site.advance(1000);
        t.equal(await see(site, '/a.txt'), 'not-found');
        site.advance(1000);
        t.equal(await see(site, '/c.txt'), 'not-found');
        t.equal(site.lines.length, 2, 'one line for all the time that it is gone');
        t.strictSame(site.table.stats().files, 0);
        deploy({ 'a.txt': 'third' });
        site.advance(1000);
        t.equal(await see(site, '/a.txt'), 'third');
        t.equal(site.lines.length, 3);
      });
    }

    t.test('a miss looks at once: the last release may be gone already', async (t) => {
      const [link] = DEPLOYMENTS;
      if (link === undefined) return;
      const { root, deploy } = link.start(t, { 'a.txt': 'A' });
      const site = makeSite(t, root, { addon, policy: { revalidateMs: 86_400_000 } });
      t.equal(await see(site, '/a.txt'), 'A');
      deploy({ 'a.txt': 'second', 'b.txt': 'B' });
      t.equal(await see(site, '/b.txt'), 'B');
      t.equal(await see(site, '/a.txt'), 'second');
    });

    t.test('the same directory again, after it was away', async (t) => {
      const root = join(makeTree(t, { 'site/a.txt': 'A' }), 'site');
      const site = makeSite(t, root, { addon, policy: { revalidateMs: 0 } });
      renameSync(root, `${root}.away`);
      t.equal(await see(site, '/a.txt'), 'not-found');
      renameSync(`${root}.away`, root);
      t.equal(await see(site, '/a.txt'), 'A');
    });

    t.test(
      'a search under way ends on the root that it began on, and is not remembered',
      async (t) => {
        const [link] = DEPLOYMENTS;
        if (link === undefined) return;
        const { root, deploy } = link.start(t, { 'a.txt': 'A', 'a.txt.br': 'zA' });
        const site = makeSite(t, root, { addon, policy: { revalidateMs: 86_400_000 } });
        let go = () => {};
        const { root: real } = site;
        const waits = new Promise<void>((resolve) => {
          go = resolve;
        });
        let opened = false;
        site.fault = async (paths) => {
          site.fault = undefined;
          const found = await real.open(paths);
          opened = true;
          await waits;
          return found;
        };
        const first = site.find('/a.txt');
        await until(() => opened);
        deploy({ 'a.txt': 'second' });
        await site.table.lookAtRoot();
        t.equal(await see(site, '/a.txt'), 'second', 'nobody waits for the last one');
        go();
        const late = await first;
        t.equal(bytesOf(fileOf(late)), 'A');
        t.equal(late.kind === 'file' && late.resource.variants.length, 1, 'with its own variant');
        t.equal(await see(site, '/a.txt'), 'second');
        // That nothing of it stays open: without the addon, descriptors are closed in libuv's pool.
        const last = join(root, '..', 'releases/1');
        await until(() => descriptorsBeneath(last).length === 0);
      },
    );

    t.test('is told to those who keep prepared answers, once', async (t) => {
      const [link] = DEPLOYMENTS;
      if (link === undefined) return;
      const { root, deploy, remove } = link.start(t, { 'a.txt': 'A' });
      const site = makeSite(t, root, { addon, policy: { revalidateMs: 0 } });
      const roots: unknown[] = [];
      site.table.attach({
        forget: () => {},
        setRoot: ({ root }) => roots.push(root !== undefined),
      });
      await see(site, '/a.txt');
      deploy({ 'a.txt': 'second' });
      await see(site, '/a.txt');
      await see(site, '/a.txt');
      t.strictSame(roots, [addon !== undefined]);
      remove();
      await see(site, '/a.txt');
      t.strictSame(roots, [addon !== undefined, false]);
    });

    t.test('a watcher needs no look', async (t) => {
      const [link] = DEPLOYMENTS;
      if (link === undefined) return;
      const { root, deploy } = link.start(t, { 'a.txt': 'A' });
      const policy = { revalidateMs: 86_400_000, watch: true };
      const site = makeSite(t, root, { addon, policy });
      t.equal(await see(site, '/a.txt'), 'A');
      for (const name of ['second', 'third']) {
        deploy({ 'a.txt': name });
        await until(() => site.lines.some((line) => line.includes('another')));
        t.equal(await see(site, '/a.txt'), name);
        site.lines.length = 0;
      }
    });
  });
}

for (const [way, addon] of WAYS) {
  t.test(`a root at rest, ${way}`, async (t) => {
    function rest(path: string): { live: LiveRoot; lines: string[] } {
      const lines: string[] = [];
      const log = collect(lines);
      const policy = { root: path, revalidateMs: 86_400_000, watch: true };
      const freshness = new Freshness({ policy, log, now: () => 0 });
      const root = restingRoot(path, 'inside', addon);
      const live = new LiveRoot({ root, path, watch: true, log, freshness });
      t.teardown(() => live.close());
      return { live, lines };
    }
    const openOf = async (live: LiveRoot) =>
      (await live.use((root) => root.open(['']))).map((found) => {
        if (found.type === 'directory') found.file.close();
        return found.type === 'error' ? found.errno : found.type;
      });

    t.test('is open from the first look on, without a word', async (t) => {
      const path = join(makeTree(t, { 'site/a.txt': 'A' }), 'site');
      const { live, lines } = rest(path);
      t.notOk(live.fresh, 'to be looked at');
      t.strictSame(descriptorsBeneath(path), []);
      renameSync(path, `${path}.old`);
      mkdirSync(path);
      await live.look();
      t.ok(live.fresh);
      t.strictSame(await openOf(live), ['directory']);
      t.equal(live.current.native !== undefined, addon !== undefined);
      renameSync(path, `${path}.older`);
      await until(() => !live.fresh);
      await until(() => lines.length > 0);
      t.match(lines, [/cannot open .*: ENOENT; nothing is served/], 'watched from then on');
    });

    t.test('that has gone until it is asked for comes back', async (t) => {
      const path = join(makeTree(t, { 'site/a.txt': 'A' }), 'site');
      const { live, lines } = rest(path);
      renameSync(path, `${path}.away`);
      await live.look();
      t.strictSame(await openOf(live), ['ENOENT']);
      renameSync(`${path}.away`, path);
      await live.look();
      t.strictSame(await openOf(live), ['directory']);
      t.match(lines, [/ENOENT; nothing is served/, /is back$/]);
    });

    t.test('that is closed meanwhile keeps nothing open', async (t) => {
      const path = join(makeTree(t, { 'site/a.txt': 'A' }), 'site');
      const { live } = rest(path);
      const looking = live.look();
      live.close();
      await looking;
      t.strictSame(descriptorsBeneath(path), []);
    });

    t.test('is one that can be opened', (t) => {
      const path = makeTree(t, { file: 'x' });
      t.throws(() => rest(join(path, 'none')), { code: 'ENOENT' });
      t.throws(() => rest(join(path, 'file')), { code: 'ENOTDIR' });
      t.end();
    });
  });
}

t.test('a root at rest that cannot be opened for reasons of our own is tried again', async (t) => {
  const looks: Look[] = [
    { kind: 'error', errno: 'EMFILE' },
    { kind: 'error', errno: 'EMFILE' },
  ];
  const lines: string[] = [];
  const open: Root = closedRoot('EIO', async () => ({ kind: 'same' }));
  const look = async (): Promise<Look> => looks.shift() ?? { kind: 'opened', root: open };
  const live = new LiveRoot({
    root: { ...closedRoot('EBADF', look), resting: true },
    path: '/site',
    watch: false,
    log: collect(lines),
    freshness: new Freshness({
      policy: { root: '/site', revalidateMs: 0, watch: false },
      log: collect(lines),
      now: () => 0,
    }),
  });
  await live.look();
  t.strictSame(await live.current.open(['a']), [{ type: 'error', errno: 'EMFILE' }]);
  await live.look();
  await live.look();
  t.equal(live.current, open);
  t.strictSame(lines, [
    'warn: cannot open /site: EMFILE; nothing is served until it can be opened',
    'info: /site is back',
  ]);
  live.close();
});

t.test('trouble of our own is no evidence of a change', async (t) => {
  const looks: Look[] = [
    { kind: 'error', errno: 'EMFILE' },
    { kind: 'error', errno: 'EIO' },
  ];
  const lines: string[] = [];
  const root: Root = {
    native: undefined,
    openNow: () => undefined,
    isSame: () => false,
    open: async (paths) => paths.map(() => ({ type: 'other' })),
    names: async (paths) => paths.map(() => undefined),
    read: () => {
      throw new Error('not a directory');
    },
    look: async () => looks.shift() ?? { kind: 'same' },
    close: () => {},
  };
  const freshness = new Freshness({
    policy: { root: '/site', revalidateMs: 0, watch: false },
    log: collect(lines),
    now: () => 0,
  });
  const replaced = () => t.fail('replaced');
  freshness.join({ drop: replaced, clear: replaced });
  const live = new LiveRoot({
    root,
    path: '/site',
    watch: false,
    log: collect(lines),
    freshness,
  });
  await live.look();
  await live.look();
  await live.look();
  t.equal(live.current, root);
  t.strictSame(lines, ['error: cannot look at /site: EMFILE']);
  live.close();
});
