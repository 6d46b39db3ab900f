// Opening beneath the root: what is found, what is refused, by the addon and without it.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import type { Symlinks } from '../../src/addon/files.ts';
import { openRoot } from '../../src/files/open.ts';
import { openRootByPath } from '../../src/files/open-by-path.ts';
import { closeAll, type Found, type Root, versionOf } from '../../src/files/root.ts';
import { makeTree, type Teardown } from '../support/tree.ts';
import { WAYS } from './fixture.ts';

type Opener = (root: string, symlinks: Symlinks) => Root;

/** Without the addon in two ways: where the system tells of descriptors, and where it does not. */
const OPENERS: ReadonlyArray<readonly [way: string, open: Opener, native: boolean]> = [
  ...WAYS.map(([way, addon]) => {
    const opener: Opener = (root, symlinks) => openRoot(root, symlinks, addon);
    return [way, opener, addon !== undefined] as const;
  }),
  ['by path, without /proc', (root, symlinks) => openRootByPath(root, symlinks, '/none'), false],
];

async function open(
  t: Teardown,
  opener: Opener,
  root: string,
  symlinks: Symlinks,
  paths: readonly string[],
): Promise<readonly Found[]> {
  const opened = opener(root, symlinks);
  t.teardown(() => opened.close());
  const found = await opened.open(paths);
  t.teardown(() => closeAll(found));
  return found;
}

function summary(found: Found | undefined): string {
  return found?.type === 'error' ? found.errno : (found?.type ?? 'nothing');
}

const linux = process.platform === 'linux';

for (const [way, opener, native] of OPENERS) {
  t.test(way, async (t) => {
    const outside = makeTree(t, { 'secret.txt': 'secret', 'dir/secret.txt': 'secret' });
    const root = makeTree(t, {
      'a.txt': 'a',
      'Ünï çødé ☃ 🐈.txt': 'u',
      '#?%&<>"\'.txt': 'special',
      'dir/b.txt': 'b',
      fifo: { fifo: true },
      in: { link: 'dir/b.txt' },
      'in-dir': { link: 'dir' },
      'up-and-in': { link: 'dir/../a.txt' },
      out: { link: join(outside, 'secret.txt') },
      'out-dir': { link: join(outside, 'dir') },
      'out-relative': { link: '../../../../../../../../../etc/passwd' },
      loop: { link: 'loop' },
      dangling: { link: 'nowhere' },
      proc: { link: '/proc/self' },
      null: { link: '/dev/null' },
    });
    symlinkSync('/proc/self/exe', join(root, 'magic'));
    symlinkSync(join(root, 'a.txt'), join(root, 'absolute'));
    symlinkSync(join(root, 'in-dir'), join(root, 'absolute-dir'));
    symlinkSync(`../${basename(root)}/a.txt`, join(root, 'around'));
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling-absolute'));
    const server = createServer().listen(join(root, 'socket'));
    await once(server, 'listening');
    t.teardown(() => server.close());

    const cases: ReadonlyArray<readonly [path: string, Readonly<Record<Symlinks, string>>]> = [
      ['', { inside: 'directory', none: 'directory', follow: 'directory' }],
      ['a.txt', { inside: 'file', none: 'file', follow: 'file' }],
      ['Ünï çødé ☃ 🐈.txt', { inside: 'file', none: 'file', follow: 'file' }],
      ['#?%&<>"\'.txt', { inside: 'file', none: 'file', follow: 'file' }],
      ['dir', { inside: 'directory', none: 'directory', follow: 'directory' }],
      ['dir/b.txt', { inside: 'file', none: 'file', follow: 'file' }],
      ['A.TXT', { inside: 'ENOENT', none: 'ENOENT', follow: 'ENOENT' }],
      ['none', { inside: 'ENOENT', none: 'ENOENT', follow: 'ENOENT' }],
      ['a.txt/', { inside: 'ENOTDIR', none: 'ENOTDIR', follow: 'ENOTDIR' }],
      ['a.txt/x', { inside: 'ENOTDIR', none: 'ENOTDIR', follow: 'ENOTDIR' }],
      ['x'.repeat(256), { inside: 'ENAMETOOLONG', none: 'ENAMETOOLONG', follow: 'ENAMETOOLONG' }],
      [
        `${'x/'.repeat(3000)}x`,
        { inside: 'ENAMETOOLONG', none: 'ENAMETOOLONG', follow: 'ENAMETOOLONG' },
      ],
      ['fifo', { inside: 'other', none: 'other', follow: 'other' }],
      ['socket', { inside: 'other', none: 'other', follow: 'other' }],
      ['in', { inside: 'file', none: 'ELOOP', follow: 'file' }],
      ['in-dir/b.txt', { inside: 'file', none: 'ELOOP', follow: 'file' }],
      ['up-and-in', { inside: 'file', none: 'ELOOP', follow: 'file' }],
      ['absolute', { inside: 'file', none: 'ELOOP', follow: 'file' }],
      ['absolute-dir/b.txt', { inside: 'file', none: 'ELOOP', follow: 'file' }],
      ['absolute-dir/none', { inside: 'ENOENT', none: 'ELOOP', follow: 'ENOENT' }],
      ['around', { inside: 'file', none: 'ELOOP', follow: 'file' }],
      ['dangling-absolute', { inside: 'ENOENT', none: 'ELOOP', follow: 'ENOENT' }],
      ['out', { inside: 'EXDEV', none: 'ELOOP', follow: 'file' }],
      ['out-dir', { inside: 'EXDEV', none: 'ELOOP', follow: 'directory' }],
      ['out-dir/secret.txt', { inside: 'EXDEV', none: 'ELOOP', follow: 'file' }],
      ['out-relative', { inside: 'EXDEV', none: 'ELOOP', follow: 'file' }],
      ['loop', { inside: 'ELOOP', none: 'ELOOP', follow: 'ELOOP' }],
      ['dangling', { inside: 'ENOENT', none: 'ELOOP', follow: 'ENOENT' }],
      ['proc/environ', { inside: 'EXDEV', none: 'ELOOP', follow: 'EOPNOTSUPP' }],
      ['null', { inside: 'EXDEV', none: 'ELOOP', follow: 'other' }],
    ];
    for (const symlinks of ['inside', 'none', 'follow'] as const) {
      t.test(`links: ${symlinks}`, { skip: !linux && 'errnos are Linux' }, async (t) => {
        const paths = cases.map(([path]) => path);
        const found = await open(t, opener, root, symlinks, paths);
        for (const [i, [path, expected]] of cases.entries()) {
          const name = path.length > 40 ? `${path.slice(0, 8)}… (${path.length})` : path;
          const wanted = expected[symlinks];
          // By path, a link that leads nowhere is found out only where it leads somewhere.
          const lost = /^dangling|none$/.test(path);
          const alike = !native && lost ? 'ENOENT' : wanted;
          t.equal(summary(found[i]), alike, JSON.stringify(name));
        }
      });
    }

    t.test('a path that climbs is refused', async (t) => {
      const found = await open(t, opener, root, 'inside', ['..', 'dir/../..', '../x']);
      t.same(found.map(summary), ['EXDEV', 'EXDEV', 'EXDEV']);
    });

    t.test('a magic link is refused', { skip: !linux && 'no proc(5)' }, async (t) => {
      const found = await open(t, opener, root, 'inside', ['magic']);
      t.match(summary(found[0]), /^(?:EXDEV|ELOOP)$/);
    });

    t.test('a missing root throws with its errno', async (t) => {
      t.throws(() => opener(join(root, 'nowhere'), 'inside'), { code: 'ENOENT' });
      t.throws(() => opener(join(root, 'a.txt'), 'inside'), { code: 'ENOTDIR' });
    });

    t.test('size, time and bytes are those of the opened file', async (t) => {
      const time = new Date(1_700_000_000_123);
      const sized = makeTree(t, { f: { text: 'twelve bytes', mtime: time } });
      const [found] = await open(t, opener, sized, 'inside', ['f']);
      if (found?.type !== 'file') return t.fail(summary(found));
      t.equal(found.size, 12);
      t.equal(Math.round(found.mtimeMs), time.getTime());
      const bytes = Buffer.alloc(20);
      t.equal(readSync(found.file.fd, bytes, 0, 20, 0), 12);
      t.equal(bytes.toString('latin1', 0, 12), 'twelve bytes');
    });

    t.test(
      'the version holds while the file is the same and moves with every change',
      async (t) => {
        const tree = makeTree(t, { f: 'one' });
        const version = async () => {
          const found = await open(t, opener, tree, 'inside', ['f']);
          return found.map(versionOf).join();
        };
        const first = await version();
        t.match(first, /^[\da-f]+(?:-[\da-f]+){4}$/);
        t.equal(await version(), first, 'opened again');
        writeFileSync(join(tree, 'f'), 'three');
        const second = await version();
        t.not(second, first, 'rewritten in place');
        writeFileSync(join(tree, 'g'), 'three');
        renameSync(join(tree, 'g'), join(tree, 'f'));
        t.not(await version(), second, 'replaced by rename');
      },
    );

    t.test('permission denied is EACCES', async (t) => {
      const tree = makeTree(t, { shut: { text: 'x', mode: 0 }, open: 'x' });
      execFileSync('chmod', ['755', tree]);
      const opened = opener(tree, 'inside');
      t.teardown(() => opened.close());
      // root may read anything: be nobody for a moment (setresuid(2) is for all threads).
      const isRoot = process.geteuid?.() === 0;
      if (isRoot) process.seteuid?.(65534);
      try {
        const found = await opened.open(['shut', 'open']);
        closeAll(found);
        t.same(found.map(summary), ['EACCES', 'file']);
      } finally {
        if (isRoot) process.seteuid?.(0);
      }
    });

    t.test(
      'a directory that is swapped for a link out of the root is never followed',
      async (t) => {
        const tree = makeTree(t, {
          'd/secret.txt': 'public',
          spare: { link: join(outside, 'dir') },
        });
        const flips = 10_000;
        const worker = new Worker(
          `const { renameSync } = require('node:fs');
         const { parentPort, workerData: d } = require('node:worker_threads');
         for (let i = 0; i < ${flips}; i++) {
           renameSync(d + '/d', d + '/aside'); renameSync(d + '/spare', d + '/d');
           renameSync(d + '/d', d + '/spare'); renameSync(d + '/aside', d + '/d');
         }
         parentPort.postMessage('done');`,
          { eval: true, workerData: tree },
        );
        const ended = once(worker, 'message');
        let flipping = true;
        void ended.then(() => {
          flipping = false;
        });
        const opened = opener(tree, 'inside');
        t.teardown(() => opened.close());
        const seen = new Map<string, number>();
        while (flipping) {
          const found = await opened.open(Array<string>(16).fill('d/secret.txt'));
          for (const one of found) {
            const what = one.type === 'file' ? readFileSync(one.file.fd, 'utf8') : summary(one);
            seen.set(what, (seen.get(what) ?? 0) + 1);
          }
          closeAll(found);
        }
        await worker.terminate();
        const [still] = await opened.open(['d/secret.txt']);
        t.equal(still?.type === 'file' && readFileSync(still.file.fd, 'utf8'), 'public');
        closeAll(still ? [still] : []);
        t.comment(
          `${flips} flips: ${[...seen].map(([what, times]) => `${what} ${times}`).join(', ')}`,
        );
        t.equal(seen.get('secret'), undefined, 'nothing from outside');
      },
    );
  });
}

t.test('every way gives one file one version', async (t) => {
  const tree = makeTree(t, { f: 'x', 'd/g': 'y' });
  const versions = await Promise.all(
    OPENERS.map(async ([, opener]) =>
      (await open(t, opener, tree, 'inside', ['f', 'd', 'd/g'])).map(versionOf),
    ),
  );
  for (const one of versions) t.same(one, versions[0]);
});
