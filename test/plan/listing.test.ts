import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { parseTarget } from '../../src/http/target.ts';
import { escapeHtml, formatSize, listingForm, renderListing } from '../../src/plan/listing.ts';
import { CONTENT_SECURITY_POLICY } from '../../src/plan/listing-page.ts';
import { compareNames } from '../../src/plan/natural-order.ts';
import { STYLE } from '../../src/plan/page-style.ts';
import { plan } from '../../src/plan/plan.ts';
import type { RequestFields, RequestHead } from '../../src/plan/request.ts';
import { contentsOf, type Item } from '../support/contents.ts';
import { ETAG, field, get, LAST_MODIFIED, NOW, page, policy } from './given.ts';

const JSON_PLEASE = { accept: 'application/json' };
const DAY = Date.UTC(2026, 6, 28, 9, 5, 59);

function entry(name: string, over: Partial<Item> = {}): Item {
  return { name, directory: false, size: 1, mtimeMs: DAY, ...over };
}

interface Directory {
  readonly path: string;
  readonly items: readonly Item[];
}

function listing(items: readonly Item[], path = '/dir/'): Directory {
  return { path, items };
}

function render({ path, items }: Directory, request: RequestHead): string[] {
  return [...renderListing(path, contentsOf(items), listingForm(request))];
}

function html(of: Directory, target = '/dir/'): string {
  return render(of, get({}, 'GET', target)).join('');
}

interface Row {
  readonly name: string;
  readonly type: string;
  readonly href: string;
  readonly size: number;
  readonly mtime: string | null;
}

function json(of: Directory, target = '/dir/'): { path: string; entries: Row[] } {
  return JSON.parse(render(of, get(JSON_PLEASE, 'GET', target)).join(''));
}

const NAMES = [
  ...['plain.txt', '#', '?', '%', '%41', '&amp;', '<b>', '"quoted"', "it's", 'a b', ' leading'],
  ...['trailing ', 'a\nb', 'a\rb', '\t', 'ü', 'u\u0308', '日本語', '😀', 'javascript:alert(1)'],
  ...['http:', 'a;b', 'a=b&c', '+', '~', '-', '...', '..a', '*', '`', '{}', '|', '^', '[x]'],
  ...['<script>alert(1)<!--', '"><img src=x onerror=alert(1)>', '$&'],
];

t.test('names round-trip: the href leads to the file, in both forms', (t) => {
  const page = html(listing(NAMES.map((name) => entry(name))));
  const hrefs = [...page.matchAll(/<tr><td><a href="([^"]*)">/g)].map(([, href]) => href).slice(1);
  const rows = json(listing(NAMES.map((name) => entry(name)))).entries;
  const sorted = [...NAMES].sort();
  t.equal(hrefs.length, NAMES.length);
  for (const [at, name] of sorted.entries()) {
    const href = hrefs[at] ?? '';
    t.equal(href, rows[at]?.href, `one href for ${JSON.stringify(name)}`);
    t.equal(rows[at]?.name, name);
    const url = new URL(href, 'http://host/dir/');
    const target = parseTarget(url.pathname);
    t.equal(url.host, 'host');
    t.equal(target.kind === 'path' && target.path, `/dir/${name}`, href);
  }
  t.end();
});

t.test('property: any name round-trips, and no name writes markup', (t) => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => !/[/\\\0]/.test(text) && text !== '.' && text !== '..');
  const frame = html(listing([entry('x')])).length;
  fc.assert(
    fc.property(name, (text) => {
      const page = html(listing([entry(text)]));
      const href = [...page.matchAll(/<tr><td><a href="([^"]*)">/g)][1]?.[1] ?? '';
      const target = parseTarget(new URL(href, 'http://host/dir/').pathname);
      const shown = escapeHtml(text);
      return (
        target.kind === 'path' &&
        target.path === `/dir/${text}` &&
        !/[<>"']/.test(shown) &&
        page.length === frame - 2 + href.length + shown.length
      );
    }),
  );
  t.end();
});

t.test('a path is escaped in title and heading', (t) => {
  const page = html(listing([], '/<script>&"/'));
  t.ok(page.includes('<title>Index of /&#60;script&#62;&#38;&#34;/</title>'));
  t.ok(page.includes('<h1>Index of <a href="../">/</a>&#60;script&#62;&#38;&#34;/</h1>'));
  t.notMatch(page, /<script>&/);
  t.end();
});

t.test('the heading leads to every directory above, by relative links', (t) => {
  const heading = (path: string) => /<h1>Index of (.*)<\/h1>/.exec(html(listing([], path)))?.[1];
  t.equal(heading('/'), '/');
  t.equal(heading('/a/'), '<a href="../">/</a>a/');
  t.equal(
    heading('/a/b c/d/'),
    '<a href="../../../">/</a><a href="../../">a/</a><a href="../">b c/</a>d/',
  );
  const deep = heading(`/${'x/'.repeat(1000)}`) ?? '';
  t.equal(deep.split('<a').length - 1, 33, 'a path of a thousand: the nearest, and the root');
  t.ok(deep.includes(`<a href="${'../'.repeat(1000)}">/</a>`));
  t.end();
});

t.test('the caption says how many there are', (t) => {
  const caption = (count: number) =>
    /<caption>(.*)<\/caption>/.exec(
      html(listing(Array.from({ length: count }, (_, at) => entry(`${at}`)))),
    )?.[1];
  t.same([0, 1, 2, 1234].map(caption), [
    'This folder is empty',
    '1 entry',
    '2 entries',
    '1,234 entries',
  ]);
  t.end();
});

t.test(
  'a row has 50 bytes beside its name, date and size: a hundred thousand are no more than they need',
  (t) => {
    const row = (name: string) =>
      html(listing([entry(name)])).match(/<tr><td><a href="[^?"]*">[^.].*\n/)?.[0] ?? '';
    t.equal(row('x'), '<tr><td><a href="x">x</a><td>1 B<td>2026-07-28 09:05\n');
    t.end();
  },
);

t.test('the parent link is in every directory but the root', (t) => {
  t.match(html(listing([])), /<a href="\.\.\/">\.\.\/<\/a>/);
  t.notMatch(html(listing([], '/'), '/'), /href="\.\.\/"/);
  t.end();
});

t.test('directories come first and end in a slash; their size is not shown', (t) => {
  const page = html(listing([entry('b'), entry('z', { directory: true, size: 4096 })]));
  t.match(page, /href="z\/">z\/<\/a><td>–<td[\s\S]*href="b">b<\/a><td>1 B/);
  const { path, entries } = json(listing([entry('z', { directory: true, size: 0 })]));
  t.equal(path, '/dir/');
  t.same(entries, [
    { name: 'z', type: 'directory', href: 'z/', size: 0, mtime: '2026-07-28T09:05:59.000Z' },
  ]);
  t.end();
});

t.test('dates are UTC; a time that is none is left out', (t) => {
  t.match(html(listing([entry('a')])), /<td>2026-07-28 09:05\n/);
  t.match(html(listing([])), />Modified \(UTC\)</);
  for (const mtimeMs of [Number.NaN, 9e15, Number.POSITIVE_INFINITY]) {
    t.match(html(listing([entry('a', { mtimeMs })])), /<td>1 B<td>\n/);
    t.equal(json(listing([entry('a', { mtimeMs })])).entries[0]?.mtime, null);
  }
  t.end();
});

t.test('the query sorts by name, size or time, either way', (t) => {
  const entries = [
    entry('b', { size: 3, mtimeMs: 1 }),
    entry('a', { size: 2, mtimeMs: 3 }),
    entry('B', { size: 2, mtimeMs: 2 }),
    entry('d', { directory: true, size: 0, mtimeMs: 9 }),
    entry('c', { directory: true, size: 0, mtimeMs: 8 }),
  ];
  const cases: ReadonlyArray<readonly [query: string, names: string]> = [
    ['', 'c d B a b'],
    ['?sort=name', 'c d B a b'],
    ['?sort=name&order=desc', 'd c b a B'],
    ['?sort=size', 'c d B a b'],
    ['?sort=size&order=desc', 'c d b B a'],
    ['?sort=time', 'c d b B a'],
    ['?sort=time&order=desc', 'd c a B b'],
    ['?order=desc', 'd c b a B'],
    ['?sort=colour', 'c d B a b'],
    ['?sort=size&order=up', 'c d B a b'],
    ['?%zz&sort=size&sort=name', 'c d B a b'],
  ];
  for (const [query, names] of cases) {
    const rows = json(listing(entries), `/dir/${query}`).entries;
    t.equal(rows.map(({ name }) => name).join(' '), names, query);
  }
  t.end();
});

t.test('the heads are links that sort, without any script', (t) => {
  const heads = (target: string) =>
    [...html(listing([]), target).matchAll(/<th scope="col"([^>]*)><a href="([^"]*)">/g)].map(
      ([, attributes = '', href = '']) =>
        `${/aria-sort="(\w+)"/.exec(attributes)?.[1] ?? '-'} ${href.replace('&amp;', '&')}`,
    );
  t.same(heads('/dir/'), [
    'ascending ?sort=name&order=desc',
    '- ?sort=size&order=asc',
    '- ?sort=time&order=asc',
  ]);
  t.same(heads('/dir/?sort=size&order=desc'), [
    '- ?sort=name&order=asc',
    'descending ?sort=size&order=asc',
    '- ?sort=time&order=asc',
  ]);
  const plain = { json: false, integrity: false, column: 'name', descending: false };
  t.same(listingForm(get({}, 'GET', '/x')), plain);
  t.same(listingForm(get({}, 'GET', '/x?integrity')), plain, 'hashes are for programs');
  const json = { accept: 'application/json' };
  t.same(listingForm(get(json, 'GET', '/x?integrity')), { ...plain, json: true, integrity: true });
  t.end();
});

t.test('the page’s own policy lets its style and its script run, and nothing else', (t) => {
  const page = html(listing([entry('a')]));
  for (const [tag, count] of [
    ['style', 2],
    ['script', 1],
  ] as const) {
    const texts = [...page.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))];
    const hashes = texts.map(([, text = '']) => {
      return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    });
    t.ok(CONTENT_SECURITY_POLICY.includes(`; ${tag}-src ${hashes.join(' ')};`), tag);
    t.equal(texts.length, count);
    t.equal(page.split(`<${tag}`).length - 1, count, `no other ${tag}`);
  }
  t.ok(page.includes(`<style>${STYLE}</style>`), 'the stylesheet of all pages');
  t.same(page.match(/<link[^>]*>/g), ['<link rel="icon" href="data:,">'], 'nothing is fetched');
  t.notMatch(page, /\sstyle=|\son\w+=|src=/);
  t.notMatch(page, /url\((?!"data:)/, 'icons are drawn by the style');
  t.match(CONTENT_SECURITY_POLICY, /^default-src 'none'/);
  t.notMatch(CONTENT_SECURITY_POLICY, /unsafe/);
  t.end();
});

t.test('as an answer: type by Accept, Vary, a tag, no caching without asking', (t) => {
  const of = page({ bytes: new TextEncoder().encode('ü') });
  const terms = policy({ common: ['X-Common', '1'] });
  const shown = plan(get(), of, terms, NOW);
  t.equal(shown.status, 200);
  t.equal(field(shown.fields, 'content-type'), 'text/html; charset=utf-8');
  t.equal(field(shown.fields, 'vary'), 'Accept');
  t.equal(field(shown.fields, 'cache-control'), 'no-cache');
  t.equal(field(shown.fields, 'etag'), ETAG);
  t.equal(field(shown.fields, 'content-security-policy'), CONTENT_SECURITY_POLICY);
  t.equal(field(shown.fields, 'x-common'), '1');
  const data = plan(get(JSON_PLEASE), of, terms, NOW);
  t.equal(field(data.fields, 'content-type'), 'application/json');
  t.equal(field(data.fields, 'content-security-policy'), undefined);
  for (const { body, fields } of [shown, data]) {
    t.equal(body.kind === 'bytes' && body.bytes, of.bytes, 'the very bytes, not a copy');
    t.equal(field(fields, 'content-length'), '2');
  }
  t.end();
});

t.test('who has the page is told so; what describes it is not repeated', (t) => {
  const terms = policy({ common: ['X-Common', '1'] });
  const rows: ReadonlyArray<
    readonly [fields: RequestFields, etag: string | undefined, status: number]
  > = [
    [{ 'if-none-match': ETAG }, ETAG, 304],
    [{ 'if-none-match': `"x", W/${ETAG}` }, ETAG, 304],
    [{ 'if-none-match': '"x"' }, ETAG, 200],
    [{ 'if-none-match': ETAG }, undefined, 200],
    [{ 'if-modified-since': LAST_MODIFIED }, ETAG, 200],
    [{ 'if-match': '"x"' }, ETAG, 412],
    [{ 'if-match': ETAG }, ETAG, 200],
    [{ range: 'bytes=0-0' }, ETAG, 200],
    [{ range: 'bytes=0-0', 'if-range': ETAG }, ETAG, 200],
  ];
  for (const [fields, etag, status] of rows) {
    t.equal(plan(get(fields), page({ etag }), terms, NOW).status, status, JSON.stringify(fields));
  }
  const { fields, body } = plan(get({ 'if-none-match': ETAG }), page(), terms, NOW);
  t.same(fields, ['ETag', ETAG, 'Cache-Control', 'no-cache', 'Vary', 'Accept', 'X-Common', '1']);
  t.equal(body.kind, 'none');
  t.end();
});

t.test('100,000 entries come in many chunks, none of them large, all in order', (t) => {
  const count = 100_000;
  const entries = Array.from({ length: count }, (_, at) =>
    entry(`f${String((at * 7919) % count).padStart(6, '0')}`, { size: at % 100 }),
  );
  for (const accept of ['text/html', 'application/json']) {
    const chunks = render(listing(entries), get({ accept }));
    t.ok(chunks.length > 500, `${accept}: ${chunks.length} turns, sorting included`);
    t.ok(Math.max(...chunks.map((chunk) => chunk.length)) < 128 * 1024, 'each is small');
    const names = chunks.join('').match(/f\d{6}(?=<\/a>|","type)/g) ?? [];
    t.equal(names.length, count);
    t.ok(
      names.every((name, at) => at === 0 || (names[at - 1] ?? '') < name),
      'sorted',
    );
  }
  t.end();
});

t.test('property: sorting in turns is sorting', (t) => {
  const entries = fc.array(
    fc.record({
      name: fc.string({ minLength: 1 }),
      directory: fc.boolean(),
      size: fc.nat(5),
      mtimeMs: fc.nat(5),
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(entries, (some) => {
      // Many times over, so that several runs have to be merged.
      const many = Array.from({ length: 60 }, () => some).flat();
      const sizes = json(listing(many), '/dir/?sort=size&order=desc').entries;
      return (
        sizes.length === many.length &&
        sizes.every((row, at) => {
          const before = sizes[at - 1];
          if (before === undefined || before.type !== row.type) {
            return before === undefined || row.type === 'file';
          }
          return (
            before.size > row.size ||
            (before.size === row.size && compareNames(before.name, row.name) <= 0)
          );
        })
      );
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test('property: JSON is what JSON.stringify and Date make of the entries', (t) => {
  const item = fc.record({
    name: fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => !name.includes('\0')),
    directory: fc.constant(false),
    size: fc.maxSafeNat(),
    mtimeMs: fc.double({ min: -9e15, max: 9e15, noNaN: true }),
  });
  fc.assert(
    fc.property(item, ({ name, size, mtimeMs }) => {
      const text = render(listing([entry(name, { size, mtimeMs })]), get(JSON_PLEASE)).join('');
      const mtime = Math.abs(mtimeMs) <= 8.64e15 ? new Date(mtimeMs).toISOString() : null;
      const row = { name, type: 'file', href: encodeURIComponent(name), size, mtime };
      return text === `{"path":"/dir/","entries":[${JSON.stringify(row)}]}\n`;
    }),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('sizes are shown in powers of 1024', (t) => {
  const cases: ReadonlyArray<readonly [bytes: number, text: string]> = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1434, '1.4 KiB'],
    [20 * 1024 ** 2, '20 MiB'],
    [5 * 1024 ** 3, '5.0 GiB'],
    [2 ** 53, '8.0 PiB'],
    [2 ** 70, '1048576 PiB'],
  ];
  for (const [bytes, text] of cases) t.equal(formatSize(bytes), text);
  t.end();
});
