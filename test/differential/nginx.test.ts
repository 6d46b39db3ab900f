// The same requests to zcserve and to nginx on the same tree: every difference is intended, and listed with its reason.
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { type Address, type Answer, connect, request, requestBytes } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { DIFFERENCES, type Difference } from './differences.ts';
import { missingNginx, startNginx } from './nginx.ts';

const MODIFIED = 'Wed, 15 Nov 1995 04:58:08 GMT';
const EARLIER = 'Wed, 15 Nov 1995 04:58:07 GMT';
const LATER = 'Wed, 15 Nov 1995 04:58:09 GMT';
const mtime = new Date(MODIFIED);

const reason = missingNginx();
if (reason !== undefined) {
  t.plan(0, `no differential test: ${reason}`);
  process.exit();
}

const root = makeTree(t, {
  'index.html': { text: '<p>home', mtime },
  'page.txt': { text: 'page\n'.repeat(200), mtime },
  'style.css': { text: 'a{}\n'.repeat(300), mtime },
  'style.css.gz': gzipSync('a{}\n'.repeat(300)),
  'large.bin': { size: 300_000, mtime },
  'empty.txt': { text: '', mtime },
  'dir/index.html': { text: '<p>dir', mtime },
  'bare/file.txt': 'x',
  'a b.txt': { text: 'space', mtime },
  'grüße.txt': { text: 'unicode', mtime },
  '100%.txt': { text: 'percent', mtime },
  '.hidden': 'hidden',
  fifo: { fifo: true },
});

interface Row {
  readonly title: string;
  readonly target: string;
  readonly method?: string;
  /** `ETAG` in a value stands for the asked server's own. */
  readonly fields?: Readonly<Record<string, string>>;
}

const get = (title: string, target: string, fields: Row['fields'] = {}): Row => ({
  title,
  target,
  fields,
});
const conditional = (fields: Row['fields'] = {}): Row => {
  const title = Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
  return { title, target: '/page.txt', fields };
};

const ROWS: readonly Row[] = [
  ...[
    '/',
    '/page.txt',
    '/index.html',
    '/style.css',
    '/large.bin',
    '/empty.txt',
    '/dir/',
    '/dir',
  ].map((target) => get(target, target)),
  ...['/none', '/none/', '/bare/', '/page.txt/', '/page.txt/x', '/.hidden', '/fifo'].map((target) =>
    get(target, target),
  ),
  ...[
    '/dir?a=1',
    '/page.txt?a=1',
    '/a%20b.txt',
    '/gr%C3%BC%C3%9Fe.txt',
    '/100%25.txt',
    '//page.txt',
    '/./page.txt',
  ].map((target) => get(target, target)),
  ...[
    '/dir/../page.txt',
    '/dir%2findex.html',
    '/..',
    '/../etc/passwd',
    '/%2e%2e/etc/passwd',
    '/%00',
    '/%',
    '/%zz',
    '/dir\\index.html',
  ].map((target) => get(target, target)),
  get('a target of 8200 bytes', `/${'x'.repeat(8200)}`),
  ...['HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'TRACE', 'FOO'].map((method) => ({
    title: method,
    target: '/page.txt',
    method,
  })),
  { title: 'HEAD /none', target: '/none', method: 'HEAD' },
  { title: 'HEAD /dir', target: '/dir', method: 'HEAD' },
  { title: 'HEAD, Range', target: '/page.txt', method: 'HEAD', fields: { Range: 'bytes=0-9' } },
  {
    title: 'HEAD, Range out of reach',
    target: '/page.txt',
    method: 'HEAD',
    fields: { Range: 'bytes=5000-' },
  },
  {
    title: 'HEAD, If-None-Match',
    target: '/page.txt',
    method: 'HEAD',
    fields: { 'If-None-Match': 'ETAG' },
  },
  ...[
    ...[
      'bytes=0-0',
      'bytes=0-9',
      'bytes=0-',
      'bytes=999-',
      'bytes=999-2000',
      'bytes=-1',
      'bytes=-1000',
      'bytes=-2000',
    ],
    ...[
      'bytes=1000-',
      'bytes=1000-2000',
      'bytes=-0',
      'bytes=5-2',
      'bytes=abc',
      'bytes=',
      'bytes=-',
      'items=0-1',
      'bytes=0-9,x',
    ],
    ...[
      'bytes=0-0,2-2',
      'bytes=0-0,-1',
      'bytes=0-9,5-14',
      'bytes=0-9,10-19',
      'bytes=0-0,1000-',
      'bytes=1000-,2000-',
    ],
    ...['bytes= 0-0', 'Bytes=0-0', 'bytes=99999999999999999999-', 'bytes=0-99999999999999999999'],
  ].map((range) => get(`Range: ${range}`, '/page.txt', { Range: range })),
  get('a range of a large file', '/large.bin', { Range: 'bytes=70000-140000' }),
  get('a range of an empty file', '/empty.txt', { Range: 'bytes=0-0' }),
  get('a suffix of an empty file', '/empty.txt', { Range: 'bytes=-1' }),
  get('Range on a 404', '/none', { Range: 'bytes=0-0' }),
  conditional({ 'If-None-Match': 'ETAG' }),
  conditional({ 'If-None-Match': 'W/ETAG' }),
  conditional({ 'If-None-Match': '"x"' }),
  conditional({ 'If-None-Match': '"x", ETAG' }),
  conditional({ 'If-None-Match': '*' }),
  conditional({ 'If-None-Match': 'x' }),
  conditional({ 'If-Modified-Since': MODIFIED }),
  conditional({ 'If-Modified-Since': EARLIER }),
  conditional({ 'If-Modified-Since': LATER }),
  conditional({ 'If-Modified-Since': 'yesterday' }),
  conditional({ 'If-None-Match': '"x"', 'If-Modified-Since': MODIFIED }),
  conditional({ 'If-None-Match': 'ETAG', 'If-Modified-Since': EARLIER }),
  conditional({ 'If-Match': 'ETAG' }),
  conditional({ 'If-Match': 'W/ETAG' }),
  conditional({ 'If-Match': '"x"' }),
  conditional({ 'If-Match': '*' }),
  conditional({ 'If-Unmodified-Since': MODIFIED }),
  conditional({ 'If-Unmodified-Since': EARLIER }),
  conditional({ 'If-Unmodified-Since': LATER }),
  conditional({ 'If-Unmodified-Since': 'yesterday' }),
  conditional({ 'If-Match': 'ETAG', 'If-Unmodified-Since': EARLIER }),
  conditional({ 'If-Unmodified-Since': EARLIER, 'If-None-Match': 'ETAG' }),
  conditional({ 'If-Match': '"x"', 'If-None-Match': 'ETAG' }),
  conditional({ Range: 'bytes=0-9', 'If-Range': 'ETAG' }),
  conditional({ Range: 'bytes=0-9', 'If-Range': 'W/ETAG' }),
  conditional({ Range: 'bytes=0-9', 'If-Range': '"x"' }),
  conditional({ Range: 'bytes=0-9', 'If-Range': MODIFIED }),
  conditional({ Range: 'bytes=0-9', 'If-Range': LATER }),
  conditional({ Range: 'bytes=0-9', 'If-Range': 'x' }),
  conditional({ Range: 'bytes=0-9', 'If-None-Match': 'ETAG' }),
  conditional({ Range: 'bytes=0-9', 'If-Match': '"x"' }),
  conditional({ Range: 'bytes=5000-', 'If-None-Match': 'ETAG' }),
  ...['gzip', 'gzip;q=0', 'br', '*', 'identity', 'gzip;q=0.5, identity'].map((accept) =>
    get(`Accept-Encoding: ${accept}`, '/style.css', { 'Accept-Encoding': accept }),
  ),
  get('a range of gzip', '/style.css', { 'Accept-Encoding': 'gzip', Range: 'bytes=0-9' }),
  get('Accept-Encoding without a variant', '/page.txt', { 'Accept-Encoding': 'gzip' }),
];

const COMPARED = [
  ...['accept-ranges', 'allow', 'connection', 'content-encoding', 'content-range'],
  ...['last-modified', 'vary'],
];

/** What is compared of an answer, as text. */
function aspectsOf({ status, field, body }: Answer, { target }: Row): Record<string, string> {
  const aspects: Record<string, string> = { status: String(status) };
  for (const name of COMPARED) aspects[name] = field(name) ?? 'none';
  const location = field('location');
  aspects.location = location ? new URL(location, `http://localhost${target}`).href : 'none';
  aspects.etag = field('etag') === undefined ? 'none' : 'some';
  // Pages of errors and redirects are everyone's own; so are the boundaries of parts.
  const type = status < 300 ? (field('content-type') ?? 'none') : 'own';
  aspects['content-type'] = type.replace(/;\s*boundary=.*/, '');
  if (status < 300 && !type.startsWith('multipart/')) {
    aspects['content-length'] = field('content-length') ?? 'none';
    aspects.body = body.length === 0 ? 'empty' : `${body.length}: ${body.toString('hex', 0, 8)}`;
  }
  return aspects;
}

async function ask(
  address: Address,
  row: Row,
  etag: string,
): Promise<Readonly<Record<string, string>>> {
  const { target, method = 'GET', fields = {} } = row;
  const own = Object.entries(fields).map(([name, value]) => [name, value.replace('ETAG', etag)]);
  const sent = { connection: 'keep-alive', ...Object.fromEntries(own) };
  const connection = await connect(address);
  await connection.send(requestBytes(target, { method, fields: sent }));
  const answer = await connection.read(method);
  connection.close();
  return aspectsOf(answer, row);
}

const isText = (text: string, wanted: string | RegExp) =>
  typeof wanted === 'string' ? text === wanted : wanted.test(text);

t.test('every difference is intended', async (t) => {
  const { port } = await startServer(t, { root, transport: 'native' });
  const [ours, theirs] = [{ port }, await startNginx(t, root)];
  const etagOf = async (address: Address) =>
    (await request(address, '/page.txt')).field('etag') ?? '';
  const [ourEtag, theirEtag] = [await etagOf(ours), await etagOf(theirs)];
  const occurred = new Set<Difference>();
  for (const row of ROWS) {
    const [mine, other] = [await ask(ours, row, ourEtag), await ask(theirs, row, theirEtag)];
    const unlisted: string[] = [];
    for (const what of new Set([...Object.keys(mine), ...Object.keys(other)])) {
      const [a, b] = [mine[what] ?? 'none', other[what] ?? 'none'];
      if (a === b) continue;
      const difference = DIFFERENCES.find(
        (each) =>
          each.what === what &&
          isText(row.title, each.where) &&
          isText(a, each.ours) &&
          isText(b, each.theirs),
      );
      if (difference) occurred.add(difference);
      // Where the statuses differ, so does what comes with them.
      else if (what === 'status' || mine.status === other.status)
        unlisted.push(`${what}: ${a} / ${b}`);
    }
    t.same(unlisted, [], row.title);
  }
  for (const difference of DIFFERENCES) {
    t.ok(
      occurred.has(difference),
      `it occurs: ${difference.what} of ${difference.where}, ${difference.why}`,
    );
  }
});

t.test('both send the same bytes of a large file', async (t) => {
  const { port } = await startServer(t, { root, transport: 'native' });
  for (const address of [{ port }, await startNginx(t, root)]) {
    const { body } = await request(address, '/large.bin', { fields: { Range: 'bytes=1-299998' } });
    t.ok(body.equals(pattern(300_000).subarray(1, -1)));
  }
});
