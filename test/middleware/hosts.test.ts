// One suite on every host: what a static middleware answers, leaves alone, and lets go of.
import t from 'tap';
import { connect, request, requestBytes, type SentFields } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { HOST_FIELD, HOSTS, MISS } from './hosts.ts';

const mtime = new Date('2024-01-02T03:04:05Z');
const NUMBERS = '123456789';
const SIZES = { 'middle.bin': 131_072, 'large.bin': 4 * 2 ** 20 };

function site() {
  return makeTree(t, {
    'index.html': { text: '<p>home', mtime },
    'numbers.txt': { text: NUMBERS, mtime },
    'empty.txt': { text: '', mtime },
    '.hidden': 'secret',
    'dir/index.html': { text: '<p>dir', mtime },
    'bare/file.txt': 'x',
    'with space.txt': 'space',
    'snöw.txt': 'snow',
    'a@b.txt': 'at',
    'middle.bin': { size: SIZES['middle.bin'], mtime },
    'large.bin': { size: SIZES['large.bin'], mtime },
  });
}

interface Case {
  readonly title: string;
  readonly target: string;
  readonly method?: string;
  readonly fields?: SentFields;
  readonly status: number;
  readonly body?: string;
  /** Fields that the answer must have. */
  readonly has?: Readonly<Record<string, string | RegExp>>;
}

const lastModified = mtime.toUTCString();
const EARLIER = new Date(0).toUTCString();
const CASES: readonly Case[] = [
  {
    title: 'a file',
    target: '/numbers.txt',
    status: 200,
    body: NUMBERS,
    has: {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '9',
      'last-modified': lastModified,
      'cache-control': 'public, max-age=0',
      'accept-ranges': 'bytes',
      etag: /^"[^"]+"$/,
    },
  },
  { title: 'a file with a query', target: '/numbers.txt?a=b', status: 200, body: NUMBERS },
  {
    title: 'an empty file',
    target: '/empty.txt',
    status: 200,
    body: '',
    has: { 'content-length': '0' },
  },
  { title: 'an encoded space', target: '/with%20space.txt', status: 200, body: 'space' },
  { title: 'encoded UTF-8', target: '/sn%C3%B6w.txt', status: 200, body: 'snow' },
  {
    title: 'HEAD',
    method: 'HEAD',
    target: '/numbers.txt',
    status: 200,
    body: '',
    has: { 'content-length': '9', 'last-modified': lastModified },
  },
  {
    title: 'unmodified',
    target: '/numbers.txt',
    fields: { 'if-modified-since': lastModified },
    status: 304,
    body: '',
    has: { 'cache-control': 'public, max-age=0', etag: /^"/ },
  },
  {
    title: 'If-Modified-Since on two lines is no date: ignored (RFC 9110 §13.1.3)',
    target: '/numbers.txt',
    fields: { 'if-modified-since': [lastModified, lastModified] },
    status: 200,
    body: NUMBERS,
  },
  {
    title: 'If-Unmodified-Since on two lines is no date: ignored (RFC 9110 §13.1.4)',
    target: '/numbers.txt',
    fields: { 'if-unmodified-since': [EARLIER, EARLIER] },
    status: 200,
    body: NUMBERS,
  },
  {
    title: 'modified',
    target: '/numbers.txt',
    fields: { 'if-none-match': '"other"' },
    status: 200,
    body: NUMBERS,
  },
  {
    title: 'a failed precondition',
    target: '/numbers.txt',
    fields: { 'if-match': '"other"' },
    status: 412,
  },
  {
    title: 'a range',
    target: '/numbers.txt',
    fields: { range: 'bytes=0-4' },
    status: 206,
    body: '12345',
    has: { 'content-range': 'bytes 0-4/9', 'content-length': '5' },
  },
  {
    title: 'the first byte',
    target: '/numbers.txt',
    fields: { range: 'bytes=0-0' },
    status: 206,
    body: '1',
  },
  {
    title: 'a suffix',
    target: '/numbers.txt',
    fields: { range: 'bytes=-3' },
    status: 206,
    body: '789',
  },
  {
    title: 'an unsatisfiable range',
    target: '/numbers.txt',
    fields: { range: 'bytes=9-' },
    status: 416,
    has: { 'content-range': 'bytes */9' },
  },
  {
    title: 'two ranges',
    target: '/large.bin',
    fields: { range: 'bytes=0-0,9-9' },
    status: 206,
    has: { 'content-type': /^multipart\/byteranges; boundary=/ },
  },
  { title: 'an index', target: '/', status: 200, body: '<p>home' },
  { title: 'the index of a directory', target: '/dir/', status: 200, body: '<p>dir' },
  { title: 'a directory', target: '/dir?q', status: 301, has: { location: './dir/?q' } },
  { title: 'a missing file', target: '/missing.txt', status: 404, body: MISS },
  { title: 'a directory without an index', target: '/bare/', status: 404, body: MISS },
  { title: 'a file with a slash', target: '/numbers.txt/', status: 404, body: MISS },
  { title: 'a dotfile', target: '/.hidden', status: 404, body: MISS },
  { title: 'dot segments', target: '/../../etc/passwd', status: 404, body: MISS },
  { title: 'encoded dot segments', target: '/%2e%2e/%2e%2e/etc/passwd', status: 404, body: MISS },
  { title: 'an encoded slash', target: '/..%2f..%2fetc/passwd', status: 404, body: MISS },
  { title: 'NUL', target: '/numbers.txt%00', status: 404, body: MISS },
  { title: 'POST', method: 'POST', target: '/numbers.txt', status: 404, body: MISS },
  {
    title: 'a directory of another site',
    target: '//evil.example/%2e%2e/dir',
    status: 404,
    body: MISS,
  },
  {
    title: 'another spelling',
    target: '/a%40b.txt?a=%40',
    status: 301,
    has: { location: './a@b.txt?a=%40' },
  },
];

const keepAlive = { fields: { connection: 'keep-alive' } };

for (const host of HOSTS) {
  t.test(host.name, async (t) => {
    const root = site();
    const address = await host.start(t, root);

    for (const { title, target, method = 'GET', fields = {}, status, body, has = {} } of CASES) {
      const answer = await request(address, target, { method, fields });
      t.equal(answer.status, status, title);
      if (body !== undefined) t.equal(answer.body.toString(), body, `${title}: body`);
      for (const [name, value] of Object.entries(has)) {
        t.match(answer.field(name), value, `${title}: ${name}`);
      }
      t.equal(answer.field(HOST_FIELD[0]), HOST_FIELD[1], `${title}: the host's field survives`);
    }

    if (host.mounts) {
      t.test('below a mount path the same files', async (t) => {
        const answer = await request(address, '/static/numbers.txt');
        t.equal(answer.body.toString(), NUMBERS);
        t.equal((await request(address, '/static/dir')).field('location'), './dir/');
        t.equal((await request(address, '/static/dir/')).body.toString(), '<p>dir');
        t.equal((await request(address, '/static/missing')).body.toString(), MISS);
      });
    }

    t.test('larger files arrive byte for byte, again and again on one connection', async (t) => {
      const connection = await connect(address);
      t.teardown(() => connection.close());
      for (let i = 0; i < 3; i++) {
        for (const [name, size] of Object.entries(SIZES)) {
          await connection.send(requestBytes(`/${name}`, keepAlive));
          t.ok((await connection.read()).body.equals(pattern(size)), name);
        }
        await connection.send(requestBytes('/numbers.txt', keepAlive));
        t.equal((await connection.read()).body.toString(), NUMBERS);
      }
    });

    t.test('pipelined requests are answered in order', async (t) => {
      const targets = ['/numbers.txt', '/large.bin', '/missing', '/middle.bin', '/empty.txt', '/'];
      const connection = await connect(address);
      t.teardown(() => connection.close());
      const requests = targets.map((target) => requestBytes(target, keepAlive));
      await connection.send(Buffer.concat(requests));
      const lengths = [];
      for (const _ of targets) lengths.push((await connection.read()).body.length);
      t.same(lengths, [9, SIZES['large.bin'], MISS.length, SIZES['middle.bin'], 0, 7]);
    });
  });
}
