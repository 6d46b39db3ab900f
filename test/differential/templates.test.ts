// Files that the engine opens by itself have the answer that is planned for them: random requests over random trees, rules
// and options, to a server with templates and to one that keeps every file from its first use on and has none.
import { statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import { times } from '../faults/effort.ts';
import { cases, mutate, PATH_PIECES, pick, type Random, randomOf, replay } from '../fuzz/mutate.ts';
import { apart } from '../http/protocols.ts';
import { startServer } from '../support/server.ts';
import { makeTree, type Node, pattern } from '../support/tree.ts';
import { type Asked, clientOf } from './client.ts';

const native = loadNative();

const SITES = times(8, 60);
const REQUESTS = times(700, 2000);

const DIRECTORIES = ['', 'a', 'a/b', 'tiles/1', 'assets', 'web/assets', '_next/static/x', 'docs'];
const NAMES = [
  ...['x.png', 'y.png', 'Photo.JPG', 'notes.txt', 'data.json', 'more.json', 'main.css', 'sw.js'],
  ...['app.js', 'app-BX3kq9Zt.js', 'app.8ab44547.js', 'logo-Cx7Kp2aQ.png', 'pic.0a1b2c3d.png'],
  ...['0123456789abcdef0123.bin', 'deadbeef12.bin', 'holiday-photo-0012.jpg', 'getting-started.md'],
  ...['index.html', 'about.html', 'page.html', '404.html', 'LICENSE', 'no.', 'a.b.c.txt'],
  ...['archive.tar.gz', 'pic.svgz', 'app.js.gz', 'main.css.br', 'notes.txt.gz', 'x.png.zst'],
  ...[
    'a b.txt',
    'ü.png',
    "it's.txt",
    '.hidden.txt',
    'chunk-ABCDEFGH.js',
    'main.css.map',
    'a~1.txt',
  ],
];

const OPTIONS: ReadonlyArray<readonly [name: string, values: readonly unknown[]]> = [
  ['cleanUrls', [true]],
  ['spa', ['index.html']],
  ['listing', [true]],
  ['dotfiles', ['allow', 'deny']],
  ['symlinks', ['none', 'follow']],
  ['trailingSlash', ['never', 'always', 'ignore', 'strict']],
  ['extensions', [['html', 'txt'], ['json']]],
  ['precompressed', [[], ['gzip'], ['br', 'gzip']]],
  ['immutableHashed', [false, true]],
  ['etag', ['off', 'stat']],
  ['lastModified', [false]],
  ['errorPages', [false]],
  ['securityHeaders', [true]],
  ['cors', [['*'], ['https://a.example']]],
  ['maxRanges', [0]],
  ['cacheControl', ['no-cache', { '*.png': 'max-age=60' }, { '/a/**': 'no-store', 'x.png': 'a' }]],
  [
    'headers',
    [{ '*.{js,css}': { 'X-A': '1' } }, { '/assets/*': { 'X-B': '2', 'Content-Type': null } }],
  ],
  [
    'headers',
    [{ 'sw.js': { 'X-C': '3' } }, { '**/*': { 'X-D': '4' } }, { '!x.png': { 'X-E': '5' } }],
  ],
  ['mimeTypes', [{ '.png': 'image/x-a' }, { 'a/*': 'text/x-b' }, { 'x.png': 'image/x-c' }]],
  ['redirects', [[{ from: '/a/x.png', to: '/a/y.png' }], [{ from: '/docs/*', to: '/a/*' }]]],
  ['rewrites', [[{ from: '/tiles/:z/y.png', to: '/a/x.png' }]]],
  ['sendfileMin', [1000]],
  ['mmapMax', [500]],
  ['strategy', ['read', 'sendfile', 'mmap']],
];

/** What the site carries, in its root. */
const HEADERS = [
  '/*\n  X-F: 6\n',
  '/a/*\n  X-G: 7\n  Cache-Control: no-cache\n',
  '/*.png\n  X-H: 8\n/*\n  ! X-H\n',
  '/docs\n  X-I: 9\n/about\n  X-J: 1\n/\n  X-K: 1\n',
  '/:d/x.png\n  X-L: 1\n/a/b*\n  X-M: 1\n',
];
const REDIRECTS = [
  '/* /index.html 200',
  '/a/x.png /a/y.png 301!\n/a/* /docs/:splat',
  '/none/* /404.html 404\n/absent /LICENSE 200',
  '/a/:n v=:v /tiles/1/:n 200!\n/assets/* v=1 /a/:splat',
];

function optionsOf(random: Random): OptionsInput {
  const chosen: Record<string, unknown> = {};
  for (let i = random(5); i > 0; i--) {
    const [name, values] = pick(OPTIONS, random);
    chosen[name] = pick(values, random);
  }
  return chosen;
}

function treeOf(random: Random): Readonly<Record<string, Node>> {
  const tree: Record<string, Node> = {};
  for (const directory of DIRECTORIES) {
    if (random(8) === 0) continue;
    const prefix = directory === '' ? '' : `${directory}/`;
    for (const name of NAMES) {
      if (random(3) === 0) continue;
      const text = pattern([0, 5, 700, 1500, 40_000][random(5)] ?? 0, random(255)).toString(
        'latin1',
      );
      const whole = random(5) === 0 ? { mtime: new Date('2024-01-02T03:04:05Z') } : {};
      tree[prefix + name] = { text: name.endsWith('.gz') ? gzipSync(text) : text, ...whole };
    }
    if (directory === '' && random(3) === 0) tree._headers = pick(HEADERS, random);
    if (directory === '' && random(3) === 0) tree._redirects = pick(REDIRECTS, random);
    if (random(3) === 0)
      tree[`${prefix}link.txt`] = { link: pick(['notes.txt', '/etc/passwd'], random) };
    if (random(3) === 0) tree[`${prefix}pipe.txt`] = { fifo: true };
    if (random(3) === 0) tree[`${prefix}folder.png/inside.txt`] = 'inside';
  }
  return tree;
}

function requestOf(
  random: Random,
  etagOf: (path: string) => string,
  dateOf: (path: string) => string,
): Asked {
  const directory = pick([...DIRECTORIES, 'none', 'a/none/deep', 'folder.png'], random);
  const name = pick(
    [...NAMES, 'link.txt', 'pipe.txt', 'folder.png', 'absent.png', 'absent', '_headers', ''],
    random,
  );
  const path = `${directory === '' ? '' : `/${directory}`}/${encodeURI(name)}`;
  const odd =
    random(12) === 0
      ? `/${mutate(path, PATH_PIECES, random).replace(/^\/|[^\x21-\x7e]/g, '')}`
      : path;
  const fields: Record<string, string> = {};
  const add = (field: string, value: string) => {
    if (random(9) === 0) fields[field] = value;
  };
  add(
    'if-none-match',
    pick([etagOf(path), `W/${etagOf(path)}`, '"x"', '*', `"a", ${etagOf(path)}`], random),
  );
  add(
    'if-modified-since',
    pick(
      [dateOf(path), 'Thu, 01 Jan 2015 00:00:00 GMT', 'Fri, 01 Jan 2100 00:00:00 GMT', 'x'],
      random,
    ),
  );
  add('accept-encoding', pick(['gzip', 'br, gzip', 'identity'], random));
  add('range', 'bytes=1-3');
  add('origin', pick(['https://a.example', 'https://b.example'], random));
  add('accept', pick(['text/html', '*/*'], random));
  add('if-match', '*');
  const target = `${odd}${pick(['', '', '', '', '?v=1', '?'], random)}`;
  return {
    method: random(20) === 0 ? 'POST' : pick(['GET', 'GET', 'GET', 'HEAD'], random),
    target,
    fields,
  };
}

/** Names tell what stands in a directory once its last change is so old. */
const SETTLED_MS = 3100;

const skip = native.addon === undefined && native.reason;
t.test('files opened by the engine are answered as planned', { skip }, async (t) => {
  const sites = [...cases(SITES)].map((number) => {
    const random = randomOf(number);
    return { number, random, root: makeTree(t, treeOf(random)), options: optionsOf(random) };
  });
  const settled = Date.now() + SETTLED_MS;
  for (const { root } of sites) {
    // Trees of one moment would have one time.
    for (const [i, name] of NAMES.entries()) {
      const file = join(root, 'a', name);
      if (!statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
      if (statSync(file).mtimeMs % 1000 !== 0) utimesSync(file, 1.7e9, 1.7e9 + i + 0.25);
    }
  }
  while (Date.now() < settled) await new Promise((resolve) => setTimeout(resolve, 100));

  const differences: string[] = [];
  const statuses = new Map<string, number>();
  let opened = 0;
  let hot = 0;
  for (const { number, random, root, options } of sites) {
    const common: OptionsInput = { root, transport: 'native', threads: 1, ...options };
    const [one, other] = [
      await startServer(t, common),
      await startServer(t, { ...common, mmapMinUses: 1 }),
    ];
    const [ask, askOther] = [clientOf(t, { port: one.port }), clientOf(t, { port: other.port })];
    const heads = new Map<string, string>();
    const sentOf = (path: string, name: string) =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(heads.get(path) ?? '')?.[1] ?? '"none"';
    for (let i = 0; i < REQUESTS; i++) {
      const asked = requestOf(
        random,
        (path) => sentOf(path, 'etag'),
        (path) => sentOf(path, 'last-modified'),
      );
      const [answer, planned] = await Promise.all([ask(asked), askOther(asked)]);
      const status = answer.slice(0, 3);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      heads.set(asked.target, answer);
      if (answer === planned) continue;
      const request = JSON.stringify({ ...asked, options });
      differences.push(`${replay(number)}: ${request}: ${apart(answer, planned)}`);
    }
    opened += one.stats().opened;
    hot += one.stats().hot;
    t.equal(other.stats().opened, 0, 'the other plans all of them');
    await Promise.all([one.close(), other.close()]);
  }
  t.same(differences.slice(0, 10), [], `${differences.length} differences`);
  t.comment(
    [...statuses]
      .sort()
      .map(([status, count]) => `${count} × ${status}`)
      .join(', '),
  );
  t.comment(`${opened} opened by the engine, ${hot} prepared, of ${SITES * REQUESTS}`);
  t.ok(opened > SITES * 20, 'many are opened by the engine');
});
