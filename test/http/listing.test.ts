// Directory listings on every carrier: HTML and JSON, escaped, confined, and large ones without holding up others.
import { linkSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { connect, request, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { type Carrier, type Origin, onEveryCarrier, type Serve } from './carriers.ts';
import { type Case, checkCases } from './cases.ts';
import { claimsExcept } from './claims.ts';

const NAMES = [
  ...['plain.txt', 'a b.txt', 'a#b.txt', 'a?b.txt', '100%.txt', 'a&b.txt', '<b>.txt', '"q".txt'],
  ...["it's.txt", 'a:b.txt', '%41.txt', 'grüße.txt', '日本語.txt', '🦊.txt', 'javascript:alert(1)'],
  ...[
    '</script><script>alert(1)</script>'.replaceAll('/', ''),
    '..x',
    'a\nb.txt',
    '&lt;.txt',
    '+.txt',
  ],
];
const VISIBLE = NAMES.filter((name) => !name.startsWith('.'));

const root = makeTree(t, {
  ...Object.fromEntries(NAMES.map((name) => [`odd/${name}`, `this is ${name}`])),
  'odd/deeper/x.txt': 'x',
  'mixed/b.txt': { size: 10, mtime: new Date('2001-01-01T00:00:00Z') },
  'mixed/a.txt': { size: 3000, mtime: new Date('2002-01-01T00:00:00Z') },
  'mixed/c.txt': { size: 200, mtime: new Date('2003-01-01T00:00:00Z') },
  'mixed/dir/x.txt': 'x',
  'mixed/.hidden': 'x',
  'mixed/out': { link: '/etc/passwd' },
  'mixed/fifo': { fifo: true },
  'empty/deeper': { directory: true },
  ...Object.fromEntries(['f10', 'f2', 'f1', 'F3'].map((name) => [`numbers/${name}`, 'x'])),
  'numbers/d10/x': 'x',
  'numbers/d9/x': 'x',
  'with-index/index.html': 'index',
});
const claims = claimsExcept([]);
const JSON_ONLY = { Accept: 'application/json' };
const OLD = new Date('2001-01-01T00:00:00Z');

interface Entry {
  readonly name: string;
  readonly type: 'file' | 'directory';
  readonly href: string;
  readonly size: number;
  readonly mtime: string;
}

async function entriesOf({ address }: Origin, target: string): Promise<readonly Entry[]> {
  const answer = await request(address, target, { fields: JSON_ONLY });
  return (JSON.parse(answer.body.toString()) as { entries: Entry[] }).entries;
}

const CASES: readonly Case[] = [
  {
    title: 'HTML',
    target: '/mixed/',
    status: 200,
    wants: {
      'content-type': 'text/html; charset=utf-8',
      vary: 'Accept',
      'cache-control': 'no-cache',
      etag: /^"[\w-]{22}"$/,
      'content-security-policy': /default-src 'none'/,
    },
    body: /<title>Index of &#?\w*;?\/?mixed|Index of \/mixed\//,
  },
  {
    title: 'JSON by Accept',
    target: '/mixed/',
    fields: JSON_ONLY,
    status: 200,
    wants: { 'content-type': 'application/json', vary: 'Accept' },
    body: /^\{"path":"\/mixed\/","entries":\[/,
  },
  {
    title: 'a browser gets HTML',
    target: '/mixed/',
    fields: { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' },
    status: 200,
    wants: { 'content-type': /html/ },
  },
  {
    title: 'JSON rather than HTML',
    target: '/mixed/',
    fields: { Accept: 'text/html;q=0.5, application/json' },
    status: 200,
    wants: { 'content-type': /json/ },
  },
  {
    title: 'HTML rather than JSON',
    target: '/mixed/',
    fields: { Accept: 'application/json;q=0.5, text/html' },
    status: 200,
    wants: { 'content-type': /html/ },
  },
  {
    title: 'a tie is for HTML',
    target: '/mixed/',
    fields: { Accept: 'application/json, text/html' },
    status: 200,
    wants: { 'content-type': /html/ },
  },
  { title: 'a link to the parent', target: '/mixed/', status: 200, body: /<a href="\.\.\/">/ },
  { title: 'none at the root', target: '/', status: 200, body: /^(?![\s\S]*href="\.\.\/")/ },
  {
    title: 'hidden files, links out of the root and FIFOs are absent',
    target: '/mixed/',
    status: 200,
    body: /^(?![\s\S]*(?:"\.hidden|passwd|"out|fifo))/,
  },
  {
    title: 'an empty directory',
    target: '/empty/deeper/',
    fields: JSON_ONLY,
    status: 200,
    body: /"entries":\[\]/,
  },
  { title: 'an index wins', target: '/with-index/', status: 200, body: 'index' },
  {
    title: 'without its slash it redirects',
    target: '/mixed',
    status: 301,
    wants: { location: './mixed/' },
  },
  {
    title: 'a query that is no order is ignored',
    target: '/mixed/?sort=<script>&order=%22',
    status: 200,
    body: /^(?![\s\S]*<script>[^\n])/,
  },
  { title: 'Range does not count', target: '/mixed/', fields: { Range: 'bytes=0-0' }, status: 200 },
  {
    title: 'another tag, and a date',
    target: '/mixed/',
    fields: { 'If-None-Match': '"x"', 'If-Modified-Since': 'Tue, 31 Dec 2199 23:59:59 GMT' },
    status: 200,
  },
  {
    title: 'only if it is what it is not',
    target: '/mixed/',
    fields: { 'If-Match': '"x"' },
    status: 412,
  },
  { title: 'what is not there', target: '/none/', status: 404 },
];

const ORDERS: ReadonlyArray<readonly [query: string, names: readonly string[]]> = [
  ['', ['dir', 'a.txt', 'b.txt', 'c.txt']],
  ['?sort=name&order=desc', ['dir', 'c.txt', 'b.txt', 'a.txt']],
  ['?sort=size', ['dir', 'b.txt', 'c.txt', 'a.txt']],
  ['?sort=size&order=desc', ['dir', 'a.txt', 'c.txt', 'b.txt']],
  ['?sort=time', ['dir', 'b.txt', 'a.txt', 'c.txt']],
  ['?sort=time&order=desc', ['dir', 'c.txt', 'a.txt', 'b.txt']],
];

const NUMBERS: ReadonlyArray<readonly [query: string, names: readonly string[]]> = [
  ['', ['d9', 'd10', 'F3', 'f1', 'f2', 'f10']],
  ['?order=desc', ['d10', 'd9', 'f10', 'f2', 'f1', 'F3']],
  ['?sort=size', ['d9', 'd10', 'F3', 'f1', 'f2', 'f10']],
];

async function checkRoundTrip(t: Test, origin: Origin): Promise<void> {
  const entries = await entriesOf(origin, '/odd/');
  t.same(
    entries.map(({ name }) => name).sort(),
    [...VISIBLE, 'deeper'].sort(),
    'JSON has every visible name as it is',
  );
  const page = (await request(origin.address, '/odd/')).body.toString();
  const links = [...page.matchAll(/<a href="([^"?]*)">/g)].map(([, href]) => href ?? '');
  t.same(
    links.filter((href) => href !== '../').sort(),
    entries.map(({ href }) => href).sort(),
    'HTML has the same links',
  );
  t.equal(page.match(/<script/g)?.length, 1, 'no name becomes a script');
  for (const { name, href, type } of entries) {
    const target = new URL(href, 'http://localhost/odd/').pathname;
    const answer = await request(origin.address, target);
    const expected = type === 'file' ? `this is ${name}` : undefined;
    t.equal(answer.status, 200, `${JSON.stringify(name)} → ${href}`);
    if (expected !== undefined) t.equal(answer.body.toString(), expected);
  }
}

/** A directory that is large enough to be remembered, and what is done to its files. */
async function checkChanges(t: Test, serve: Serve): Promise<void> {
  for (const watch of [true, false]) {
    const many = makeTree(
      t,
      Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`many/${i}`, 'x'])),
    );
    const origin = await serve({ root: many, listing: true, revalidate: 0, watch });
    const listed = async () => await entriesOf(origin, '/many/');
    const size = async (wanted: string) =>
      (await listed()).find(({ name }) => name === wanted)?.size;
    const how = watch ? 'watched' : 'not watched';
    t.equal((await listed()).length, 600);
    writeFileSync(join(many, 'many/7'), 'longer');
    t.equal(await size('7'), 6, `${how}: a file that grows`);
    writeFileSync(join(many, 'many/new'), 'new');
    t.equal(await size('new'), 3, `${how}: one that comes`);
    rmSync(join(many, 'many/new'));
    t.equal(await size('new'), undefined, `${how}: one that goes`);
    const pages = ['/many/', '/many/?of=nothing', '/many/?sort=name&order=asc'];
    const all = await Promise.all(pages.map((target) => request(origin.address, target)));
    t.equal(new Set(all.map(({ body }) => body.toString())).size, 1, `${how}: asked at once`);
    t.equal(all[0]?.body.toString().match(/<tr><td><a/g)?.length, 601, `${how}: whole`);
    const head = await request(origin.address, '/many/', { method: 'HEAD' });
    t.equal(head.field('content-length'), String(all[0]?.body.length), `${how}: HEAD`);
  }
}

/** Whoever has a page is told so, by GET and HEAD, until it would be another. */
async function checkTags(t: Test, serve: Serve): Promise<void> {
  for (const count of [3, 600]) {
    const tree = Array.from({ length: count }, (_, i) => [`d/${i}`, 'x'] as const);
    const root = makeTree(t, Object.fromEntries(tree));
    const { address } = await serve({ root, listing: true, revalidate: 0 });
    const tags = new Set<string>();
    for (const fields of [{}, JSON_ONLY]) {
      for (const query of ['', '?order=desc']) {
        const target = `/d/${query}`;
        const page = await request(address, target, { fields });
        const etag = page.field('etag') ?? '';
        tags.add(etag);
        const head = await request(address, target, { method: 'HEAD', fields });
        t.same([head.status, head.field('etag')], [200, etag], `HEAD ${target}`);
        t.equal(head.field('content-length'), String(page.body.length));
        const having = { ...fields, 'If-None-Match': etag };
        for (const method of ['GET', 'HEAD']) {
          const answer = await request(address, target, { method, fields: having });
          t.same([answer.status, answer.field('etag'), answer.body.length], [304, etag, 0]);
          t.equal(answer.field('content-type'), undefined);
          t.equal(answer.field('vary'), 'Accept');
        }
      }
    }
    t.equal(tags.size, 4, 'each form has its own');
    writeFileSync(join(root, 'd/0'), 'longer');
    const [tag = ''] = tags;
    const changed = await request(address, '/d/', { fields: { 'If-None-Match': tag } });
    t.equal(changed.status, 200, 'a file that grows is another page');
    t.not(changed.field('etag'), tag);
    const off = await serve({ root, listing: true, etag: 'off' });
    t.equal((await request(off.address, '/d/')).field('etag'), undefined);
  }
}

/** As often as it takes to be kept and repeated: what comes, goes and is sorted is seen with the next request. */
async function checkRepeated(t: Test, serve: Serve, { transport }: Carrier): Promise<void> {
  const root = makeTree(t, { 'd/a': 'x', 'd/b': 'xx', 'e/x': 'x' });
  const place = join(root, 'd');
  const { address, stats } = await serve({ root, listing: true, revalidate: '1h', watch: false });
  const connection = await connect(address);
  const listed = async (query = '') => {
    const asked = { fields: { ...JSON_ONLY, connection: 'keep-alive' } };
    await connection.send(requestBytes(`/d/${query}`, asked));
    const { body } = await connection.read();
    return (JSON.parse(body.toString()) as { entries: Entry[] }).entries.map(({ name }) => name);
  };
  let expected = ['a', 'b'];
  const settle = async () => {
    // Its version tells nothing within the tick in which it changed.
    utimesSync(place, OLD, OLD);
    for (let i = 0; i < 5; i++) t.same(await listed(), expected);
  };
  await settle();
  const { hot } = await stats();
  for (let i = 0; i < 10; i++) t.same(await listed(), expected);
  if (transport === 'native') t.equal((await stats()).hot, hot + 10, 'repeated by the engine');
  for (let i = 0; i < 3; i++) {
    t.same(await listed('?order=desc'), expected.toReversed(), 'a query is another page');
  }
  const changes: ReadonlyArray<readonly [title: string, change: () => void, names: string[]]> = [
    ['a name that comes', () => writeFileSync(join(place, 'c'), ''), ['a', 'b', 'c']],
    ['one that goes', () => rmSync(join(place, 'a')), ['b', 'c']],
    ['one that is another', () => renameSync(join(place, 'b'), join(place, 'd')), ['c', 'd']],
    [
      'another directory',
      () => {
        renameSync(place, join(root, 'old'));
        renameSync(join(root, 'e'), place);
      },
      ['x'],
    ],
  ];
  for (const [title, change, names] of changes) {
    change();
    t.same(await listed(), names, title);
    expected = names;
    await settle();
  }
  writeFileSync(join(place, 'index.html'), 'index');
  t.equal((await request(address, '/d/')).body.toString(), 'index', 'an index that comes');
  connection.close();
}

/** What happens to the files of a page that is repeated: seen when it has lasted, or by who watches. Otherwise never. */
async function checkLeases(t: Test, serve: Serve): Promise<void> {
  for (const policy of [
    { watch: false, revalidate: '250ms' },
    { watch: true, revalidate: '1h' },
  ] as const) {
    const root = makeTree(t, { 'd/a': 'x' });
    utimesSync(join(root, 'd'), OLD, OLD);
    const origin = await serve({ root, listing: true, ...policy });
    const size = async () => (await entriesOf(origin, '/d/'))[0]?.size;
    for (let i = 0; i < 5; i++) t.equal(await size(), 1);
    writeFileSync(join(root, 'd/a'), 'longer');
    while ((await size()) !== 6);
    t.pass(JSON.stringify(policy));
  }
}

const MANY = 100_000;

const crowded = makeTree(t, { 'crowd/0': 'x', 'small.txt': 'small', a: '', b: '' });
// Links are made faster than files, and no file has 100 000 of them.
for (let i = 1; i < MANY; i++) {
  linkSync(join(crowded, i % 2 ? 'a' : 'b'), join(crowded, `crowd/${i}`));
}

/** A page that takes long, and a small file that does not wait for it. */
async function checkLarge(t: Test, serve: Serve): Promise<void> {
  const { address } = await serve({ root: crowded, listing: true });
  const [listing, other] = [await connect(address), await connect(address)];
  const order: string[] = [];
  const asked = { fields: { ...JSON_ONLY, connection: 'keep-alive' } };
  await listing.send(requestBytes('/crowd/?sort=size&order=desc', asked));
  const page = listing.read().then((answer) => {
    order.push('listing');
    return answer;
  });
  const small = [];
  for (let i = 0; i < 5; i++) {
    await other.send(requestBytes('/small.txt', { fields: { connection: 'keep-alive' } }));
    small.push((await other.read()).body.toString());
    order.push('small');
  }
  const { entries } = JSON.parse((await page).body.toString()) as { entries: Entry[] };
  t.equal(entries.length, MANY, 'every entry is there');
  t.equal(entries[0]?.name, '0', 'in order');
  t.equal(new Set(entries.map(({ name }) => name)).size, MANY, 'once');
  t.same(small, Array(5).fill('small'));
  t.equal(order.at(-1), 'listing', 'five small files were served meanwhile');
  listing.close();
  other.close();
}

/** What a proxy on this machine makes of somebody else's request, or keeps of it. */
const STRANGERS: ReadonlyArray<Readonly<Record<string, string>>> = [
  { host: 'a.example' },
  { host: '192.0.2.1:8080' },
  { 'X-Forwarded-For': '192.0.2.1' },
  { 'X-Forwarded-Host': 'a.example' },
  { 'X-Forwarded-Proto': 'https' },
  { 'X-Real-IP': '192.0.2.1' },
  { Forwarded: 'for=192.0.2.1' },
  { Via: '1.1 proxy' },
];

onEveryCarrier(t, async (t, serve, carrier) => {
  const origin = await serve({ root, listing: true, revalidate: 0 });
  await checkCases(t, origin, claims, CASES);
  for (const [query, names] of ORDERS) {
    const got = (await entriesOf(origin, `/mixed/${query}`)).map((entry) => entry.name);
    t.same(got, names, `order ${query}`);
  }
  for (const [query, names] of NUMBERS) {
    const got = (await entriesOf(origin, `/numbers/${query}`)).map((entry) => entry.name);
    t.same(got, names, `numbers ${query}`);
  }
  const [first] = await entriesOf(origin, '/mixed/?sort=size&order=desc');
  const [, file] = await entriesOf(origin, '/mixed/?sort=size&order=desc');
  t.match(first, { name: 'dir', type: 'directory', href: 'dir/' });
  t.match(file, { name: 'a.txt', type: 'file', size: 3000, mtime: '2002-01-01T00:00:00.000Z' });
  await checkRoundTrip(t, origin);

  const off = await serve({ root });
  await checkCases(t, off, claims, [
    { title: 'no listing unless asked for', target: '/mixed/', status: 404 },
    // Again and again: what the engine repeats by itself says so too.
    ...Array.from({ length: 4 }, () => ({
      title: 'a server of this machine only: the miss says that there is one',
      target: '/mixed/',
      status: 404,
      body: /<code>--listing<\/code>/,
    })),
    ...STRANGERS.map((fields) => ({
      title: `not where somebody else may read it: ${JSON.stringify(fields)}`,
      target: '/mixed/',
      fields,
      status: 404,
      body: /^(?![\s\S]*--listing)/,
    })),
    {
      title: 'and again to who runs it',
      target: '/mixed/',
      fields: { host: `127.0.0.1:${off.address.port}` },
      status: 404,
      body: /<code>--listing<\/code>/,
    },
    {
      title: 'not of what is no folder',
      target: '/mixed/none',
      status: 404,
      body: /^(?![\s\S]*--listing)/,
    },
  ]);
  const shown = await serve({ root, listing: true, dotfiles: 'allow' });
  t.ok(
    (await entriesOf(shown, '/mixed/')).some((entry) => entry.name === '.hidden'),
    'dotfiles allow: listed',
  );
  await checkChanges(t, serve);
  await checkTags(t, serve);
  await checkRepeated(t, serve, carrier);
  await checkLeases(t, serve);
  if (carrier.name === 'native') await checkLarge(t, serve);
});

claims.settle(t);
