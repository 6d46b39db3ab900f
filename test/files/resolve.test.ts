// What a path names: tables from request target to outcome, by policy.

import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import type { FileEntry } from '../../src/files/entry.ts';
import type { FilesPolicy } from '../../src/files/policy.ts';
import type { Resolution } from '../../src/plan/types.ts';
import { zstdFrame } from '../support/encoded.ts';
import { makeTree, type Node } from '../support/tree.ts';
import { fileOf, makeSite, WAYS } from './fixture.ts';

const TREE: Readonly<Record<string, Node>> = {
  'index.html': 'home',
  'about.html': 'about',
  'both.html': 'page',
  'both/index.html': 'directory',
  'plain/x.txt': 'x',
  'docs/index.html': 'docs',
  'docs/guide.html': 'guide',
  'docs/index.htm': 'old',
  'a.txt': 'a',
  'bare.html': 'bare page',
  bare: 'bare file',
  'v1.0.html': 'release',
  'data.json': '{}',
  'q&a': { directory: true },
  'a:b/index.html': 'colon',
  '.hidden': 'h',
  '.git/config': 'c',
  '.well-known/acme': 'acme',
  '.well-known/.hidden': 'h',
  'docs/.well-known/x': 'x',
  'docs/.env': 'e',
  fifo: { fifo: true },
  'index-is-directory/index.html/x': 'x',
  'Ünï/☃.html': 'snow',
};

/** File path, or the kind with what matters of it. */
function summary(resolution: Resolution<FileEntry>): string {
  switch (resolution.kind) {
    case 'file':
      return fileOf(resolution).path;
    case 'redirect':
      return `${resolution.status} ${resolution.location}`;
    case 'listing':
      return `listing ${resolution.path}`;
    default:
      return resolution.kind;
  }
}

type Case = readonly [target: string, outcome: string, navigation?: boolean];

const TABLES: ReadonlyArray<
  readonly [title: string, policy: Partial<FilesPolicy>, cases: readonly Case[]]
> = [
  [
    'by default: files, index files, a slash for directories',
    {},
    [
      ['/', 'index.html'],
      ['/a.txt', 'a.txt'],
      ['/a.txt?query', 'a.txt'],
      ['/%61.txt', 'a.txt'],
      ['/x/../a.txt', 'a.txt'],
      ['/a.txt/', 'not-found'],
      ['/a.txt/x', 'not-found'],
      ['/A.TXT', 'not-found'],
      ['/docs', '301 ./docs/'],
      ['/docs/', 'docs/index.html'],
      ['/docs/index.html', 'docs/index.html'],
      ['/plain', '301 ./plain/'],
      ['/plain/', 'not-found'],
      ['/about', 'not-found'],
      ['/about.html', 'about.html'],
      ['/q%26a', '301 ./q%26a/'],
      ['/a:b', '301 ./a%3Ab/'],
      ['//docs', '301 ./docs/'],
      ['/%C3%9Cn%C3%AF/%E2%98%83.html', 'Ünï/☃.html'],
      ['/%C3%9Cn%C3%AF', '301 ./%C3%9Cn%C3%AF/'],
      ['/fifo', 'forbidden'],
      ['/index-is-directory/', 'not-found'],
      [`/${'x'.repeat(255)}`, 'not-found'],
      [`/${'x'.repeat(256)}`, 'not-found'],
      ['/nowhere', 'not-found', true],
    ],
  ],
  [
    'dotfiles: ignore',
    { dotfiles: 'ignore' },
    [
      ['/.hidden', 'not-found'],
      ['/.git/config', 'not-found'],
      ['/.git', 'not-found'],
      ['/docs/.env', 'not-found'],
      ['/.nowhere', 'not-found'],
      ['/.well-known/acme', '.well-known/acme'],
      ['/.well-known', '301 ./.well-known/'],
      ['/.well-known/.hidden', 'not-found'],
      ['/docs/.well-known/x', 'not-found'],
      ['/.well-knownx', 'not-found'],
    ],
  ],
  [
    'dotfiles: deny',
    { dotfiles: 'deny' },
    [
      ['/.hidden', 'forbidden'],
      ['/.nowhere', 'forbidden'],
      ['/docs/.env', 'forbidden'],
      ['/.well-known/acme', '.well-known/acme'],
      ['/.well-known/.hidden', 'forbidden'],
    ],
  ],
  [
    'dotfiles: allow',
    { dotfiles: 'allow' },
    [
      ['/.hidden', '.hidden'],
      ['/.git/config', '.git/config'],
      ['/docs/.env', 'docs/.env'],
    ],
  ],
  [
    'clean URLs',
    { cleanUrls: true },
    [
      ['/', 'index.html'],
      ['/about', 'about.html'],
      ['/about.html', '308 ./about'],
      ['/about/', '308 ../about'],
      ['/index.html', '308 ./'],
      ['/index', 'index.html'],
      ['/docs', '301 ./docs/'],
      ['/docs/', 'docs/index.html'],
      ['/docs/index.html', '308 ./'],
      ['/docs/guide', 'docs/guide.html'],
      ['/docs/guide.html', '308 ./guide'],
      ['/v1.0', 'v1.0.html'],
      ['/nowhere.html', 'not-found'],
      ['/nowhere', 'not-found'],
      // A page and a directory of one name have one URL each.
      ['/both', 'both.html'],
      ['/both/', 'both/index.html'],
      ['/both.html', '308 ./both'],
      // The clean path is another file's: the page keeps its own.
      ['/bare', 'bare'],
      ['/bare.html', 'bare.html'],
      ['/%C3%9Cn%C3%AF/%E2%98%83.html', '308 ./%E2%98%83'],
    ],
  ],
  [
    'trailing slash: always',
    { cleanUrls: true, trailingSlash: 'always' },
    [
      ['/about', '308 ./about/'],
      ['/about/', 'about.html'],
      ['/about.html', '308 ./about/'],
      ['/docs', '301 ./docs/'],
      ['/docs/', 'docs/index.html'],
      ['/a.txt', 'a.txt'],
    ],
  ],
  [
    'trailing slash: never',
    { cleanUrls: true, trailingSlash: 'never', listing: true },
    [
      ['/', 'index.html'],
      ['/about', 'about.html'],
      ['/about/', '308 ../about'],
      ['/docs', 'docs/index.html'],
      ['/docs/', '301 ../docs'],
      ['/plain', '301 ./plain/'],
      ['/plain/', 'listing /plain/'],
    ],
  ],
  [
    'trailing slash: ignore',
    { cleanUrls: true, trailingSlash: 'ignore' },
    [
      ['/about', 'about.html'],
      ['/about/', 'about.html'],
      ['/docs', 'docs/index.html'],
      ['/docs/', 'docs/index.html'],
      ['/a.txt/', 'not-found'],
    ],
  ],
  [
    'trailing slash: strict',
    { cleanUrls: true, trailingSlash: 'strict' },
    [
      ['/about', 'about.html'],
      ['/about/', 'not-found'],
      ['/docs', 'not-found'],
      ['/docs/', 'docs/index.html'],
    ],
  ],
  [
    'index files, in order',
    { index: ['index.htm', 'index.html'] },
    [
      ['/', 'index.html'],
      ['/docs/', 'docs/index.htm'],
    ],
  ],
  ['no index files', { index: [] }, [['/', 'not-found']]],
  [
    'extensions, for names with a dot too',
    { extensions: ['htm', 'html', 'json'] },
    [
      ['/about', 'about.html'],
      ['/data', 'data.json'],
      ['/bare', 'bare'],
      ['/docs', '301 ./docs/'],
      ['/v1.0', 'v1.0.html'],
      ['/v2.0', 'not-found'],
      ['/about/', 'not-found'],
    ],
  ],
  [
    'listing',
    { listing: true },
    [
      ['/', 'index.html'],
      ['/plain', '301 ./plain/'],
      ['/plain/', 'listing /plain/'],
      ['/nowhere/', 'not-found'],
      ['/a.txt/', 'not-found'],
      ['/fifo/', 'forbidden'],
      ['/.git/', 'not-found'],
    ],
  ],
  [
    'single-page app',
    { spa: 'index.html' },
    [
      ['/users/7', 'index.html', true],
      ['/users/', 'index.html', true],
      ['/users/7', 'not-found', false],
      ['/docs/guide.html', 'docs/guide.html', true],
      ['/.hidden', 'not-found', true],
      ['/fifo', 'forbidden', true],
      ['/docs', '301 ./docs/', true],
    ],
  ],
  ['single-page app without its page', { spa: 'app.html' }, [['/users', 'not-found', true]]],
];

for (const [way, addon] of WAYS) {
  t.test(way, async (t) => {
    const root = makeTree(t, TREE);
    for (const [title, policy, cases] of TABLES) {
      t.test(title, async (t) => {
        const site = makeSite(t, root, { policy, addon });
        for (const [target, outcome, navigation = false] of cases) {
          const name = target.length > 60 ? `${target.slice(0, 8)}… (${target.length})` : target;
          t.equal(
            summary(await site.find(target, navigation)),
            outcome,
            `${name}${navigation ? ' (navigation)' : ''}`,
          );
        }
      });
    }

    t.test(
      'the fallback of a single-page app rests on what tells a navigation, a file does not',
      async (t) => {
        const site = makeSite(t, root, { policy: { spa: 'index.html' }, addon });
        t.match(await site.find('/users', true), {
          kind: 'file',
          judged: ['accept', 'sec-fetch-dest'],
        });
        t.notOk('judged' in (await site.find('/docs/guide.html', true)));
      },
    );

    t.test('the fallback rests on the absence of what it stands for', async (t) => {
      const site = makeSite(t, root, { policy: { spa: 'index.html', codings: [] }, addon });
      const found = await site.find('/users', true);
      if (found.kind !== 'file') return t.fail(found.kind);
      t.same(
        found.evidence.map(({ path, version }) => [path, version !== '']),
        [
          ['users', false],
          ['index.html', true],
        ],
      );
    });

    t.test('error pages: the nearest at or above the path', async (t) => {
      const pages = makeTree(t, {
        '404.html': 'top',
        'a/404.html': 'a',
        'a/b/x.txt': 'x',
        'c/x.txt': 'x',
        '50x.html': 'trouble',
      });
      const site = makeSite(t, pages, { addon });
      for (const [path, expected] of [
        ['/nowhere', '404.html'],
        ['/nowhere/deep/down', '404.html'],
        ['/a/nowhere', 'a/404.html'],
        ['/a/b/nowhere', 'a/404.html'],
        ['/c/nowhere', '404.html'],
        [`${'/a'.repeat(2000)}`, 'a/404.html'],
      ] as const) {
        t.equal(
          summary(await site.table.errorPage(path, '404.html', 404)),
          expected,
          path.slice(0, 40),
        );
      }
      t.match(await site.table.errorPage('/x', '404.html', 404), { kind: 'file', status: 404 });
      t.match(await site.table.errorPage('/a/x', '50x.html', 503), { kind: 'file', status: 503 });
      t.match(await site.table.errorPage('/a/x', '403.html', 403), { kind: 'not-found' });
    });

    t.test('no path reaches outside the root or a hidden file', async (t) => {
      const secrets = makeTree(t, { 'secret.txt': 'secret' });
      const tree = makeTree(t, {
        'a/b/c.txt': 'c',
        '.env': 'secret',
        'a/.env': 'secret',
        out: { link: secrets },
        'a/out': { link: join(secrets, 'secret.txt') },
      });
      const site = makeSite(t, tree, { policy: { cleanUrls: true, listing: true }, addon });
      const segment = fc.constantFrom(
        'a',
        'b',
        'c.txt',
        'out',
        'secret.txt',
        '.env',
        '..',
        '.',
        '%2e%2e',
        '%2E.',
        '...',
        '',
        ' ',
        '%00',
        '%5c..',
        'é',
      );
      await fc.assert(
        fc.asyncProperty(fc.array(segment, { maxLength: 6 }), async (segments) => {
          const target = `/${segments.join('/')}`;
          const resolution = await site.find(target).catch(() => undefined);
          if (resolution?.kind !== 'file') return true;
          return fileOf(resolution).path === 'a/b/c.txt';
        }),
        { numRuns: 500 },
      );
    });

    t.test('precompressed siblings', async (t) => {
      const day = 86_400_000;
      const now = Date.now();
      const gzip = gzipSync('original');
      const at = (ms: number, text: string | Buffer) => ({ text, mtime: new Date(now + ms) });
      const tree = makeTree(t, {
        'all.js': at(0, 'original'),
        'all.js.br': at(0, 'b'),
        'all.js.zst': at(day, zstdFrame(8, 20)),
        'all.js.gz': at(0, gzip),
        'old.js': at(0, 'original'),
        'old.js.br': at(-day, 'b'),
        'old.js.gz': at(0, gzip),
        'empty.js': at(0, 'original'),
        'empty.js.gz': at(0, ''),
        'odd.js': at(0, 'original'),
        'odd.js.gz/x': 'a directory',
        'odd.js.br': { fifo: true },
        'plain.js': at(0, 'original'),
      });
      const variants = async (site: ReturnType<typeof makeSite>, target: string) => {
        const found = await site.find(target);
        if (found.kind !== 'file') throw new Error(found.kind);
        return found.resource.variants.map(({ coding, path, size }) => `${coding} ${path} ${size}`);
      };

      await t.test('are offered with their own size and entity-tag', async (t) => {
        const site = makeSite(t, tree, { addon });
        t.same(await variants(site, '/all.js'), [
          'br all.js.br 1',
          'zstd all.js.zst 20',
          `gzip all.js.gz ${gzip.length}`,
        ]);
        const found = await site.find('/all.js');
        if (found.kind !== 'file') return t.fail(found.kind);
        const { identity, variants: others } = found.resource;
        t.equal(new Set([identity, ...others].map(({ etag }) => etag)).size, 4);
        t.same(others[0]?.contentFields, ['Content-Type', 'all.js', 'Content-Encoding', 'br']);
      });
      await t.test('are opened with the original in one batch', async (t) => {
        const site = makeSite(t, tree, { addon });
        await site.find('/all.js');
        t.same(site.opened, [['all.js', 'all.js.br', 'all.js.zst', 'all.js.gz']]);
      });
      await t.test('that are older than the original are not used, said once', async (t) => {
        const site = makeSite(t, tree, { addon, policy: { revalidateMs: 0 } });
        t.same(await variants(site, '/old.js'), [`gzip old.js.gz ${gzip.length}`]);
        site.table.drop('old.js');
        await variants(site, '/old.js');
        t.same(site.lines, ['warn: old.js.br is older than old.js: not used']);
      });
      await t.test('that are empty, directories or FIFOs are not used', async (t) => {
        const site = makeSite(t, tree, { addon });
        t.same(await variants(site, '/empty.js'), []);
        t.same(await variants(site, '/odd.js'), []);
      });
      await t.test('are looked for by policy only', async (t) => {
        const site = makeSite(t, tree, { addon, policy: { codings: ['gzip'] } });
        t.same(await variants(site, '/all.js'), [`gzip all.js.gz ${gzip.length}`]);
      });
      await t.test('varies is said only where there is one', async (t) => {
        const site = makeSite(t, tree, { addon });
        t.same(fileOf(await site.find('/all.js')).fields.slice(2), ['Vary', 'true']);
        t.same(fileOf(await site.find('/plain.js')).fields.slice(2), ['Vary', 'false']);
      });
      await t.test('that appear later are seen at the next check', async (t) => {
        const site = makeSite(t, tree, { addon });
        t.same(await variants(site, '/plain.js'), []);
        writeFileSync(join(tree, 'plain.js.gz'), gzip);
        utimesSync(join(tree, 'plain.js.gz'), new Date(), new Date(now + day));
        site.advance(1000);
        t.same(await variants(site, '/plain.js'), [`gzip plain.js.gz ${gzip.length}`]);
      });
    });
  });
}
