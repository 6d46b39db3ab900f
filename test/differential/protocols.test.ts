// The same requests, made up at random, to the engine over HTTP/1.1 and HTTP/2, with TLS and without: the same answers.
// (The cases of test/http are compared where they are asked: test/http/protocols.ts.)
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import { times } from '../faults/effort.ts';
import {
  cases,
  FIELD_PIECES,
  mutate,
  PATH_PIECES,
  pick,
  type Random,
  randomOf,
  replay,
} from '../fuzz/mutate.ts';
import { validatorsOf } from '../http/cases.ts';
import { apart } from '../http/protocols.ts';
import type { Address } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree } from '../support/tree.ts';
import { type Asked, clientOf } from './client.ts';

const native = loadNative();

/** Each is asked as often: planned, from memory, and prepared in the engine. */
const TIMES = 3;

const MODIFIED = 'Wed, 15 Nov 1995 04:58:08 GMT';
const mtime = new Date(MODIFIED);
const CSS = 'a { color: red }\n'.repeat(300);
const root = makeTree(t, {
  'index.html': { text: '<p>home', mtime },
  'page.txt': { text: 'page\n'.repeat(200), mtime },
  'style.css': { text: CSS, mtime },
  'style.css.gz': { text: gzipSync(CSS), mtime },
  'large.bin': { size: 300_000, mtime },
  'empty.txt': { text: '', mtime },
  'dir/index.html': { text: '<p>dir', mtime },
  'bare/a b.txt': { text: 'x', mtime },
  'grüße.txt': { text: 'unicode', mtime },
  '.hidden': 'hidden',
  'outside.txt': { link: '/etc/passwd' },
  fifo: { fifo: true },
});

const METHODS = [...Array<string>(20).fill('GET'), 'HEAD', 'HEAD', 'OPTIONS', 'POST', 'FOO'];

const FILES = ['/page.txt', '/page.txt?a=1', '/style.css', '/large.bin', '/gr%C3%BC%C3%9Fe.txt'];
const TARGETS = [
  ...FILES,
  ...FILES,
  ...FILES,
  ...['/', '/empty.txt', '/dir', '/dir/', '/bare/', '/bare/?sort=size', '/bare/a%20b.txt'],
  ...['/none', '/.hidden', '/outside.txt', '/fifo'],
  ...['/dir/../page.txt', '/%2e%2e/etc/passwd', '//page.txt', '/%zz'],
];

const RANGES = [
  'bytes=0-0',
  'bytes=1-99',
  'bytes=-5',
  'bytes=100-',
  'bytes=0-0,5-9',
  'bytes=500000-',
];
/** ETAG stands for the tag of what is asked for. */
const TAGS = ['ETAG', 'W/ETAG', '"x"', '"x", ETAG', '*'];
const DATES = [MODIFIED, 'Wed, 15 Nov 1995 04:58:07 GMT', 'Thu, 01 Jan 2026 00:00:00 GMT', 'today'];

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  range: [...RANGES, 'bytes=9-8', 'bytes=70000-299999'],
  'if-none-match': TAGS,
  'if-match': TAGS,
  'if-modified-since': DATES,
  'if-unmodified-since': DATES,
  'if-range': [...TAGS, ...DATES],
  'accept-encoding': ['gzip', 'br', 'gzip;q=0.5, identity;q=0', 'gzip;q=0', '*', 'identity'],
  accept: ['application/json', 'text/html', '*/*'],
  origin: ['https://a.example', 'https://b.example'],
  'access-control-request-method': ['GET', 'PUT'],
  'user-agent': ['Mozilla/5.0'],
};

/** What can be sent as a target and as a value over every protocol, so that it is the same request. */
const asTarget = (text: string) => `/${text.replace(/^\/|[^\x21-\x7e\x80-\xff]/g, '')}`;
const asValue = (text: string) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '').trim();

function requestOf(random: Random, etagOf: (target: string) => string): Asked {
  const target = pick(TARGETS, random);
  const fields: Record<string, string> = random(3) === 0 ? { range: pick(RANGES, random) } : {};
  for (let i = random(4); i > 0; i--) {
    const name = pick(Object.keys(FIELDS), random);
    const value = pick(FIELDS[name] ?? [], random).replace('ETAG', etagOf(target));
    fields[name] = random(4) === 0 ? asValue(mutate(value, FIELD_PIECES, random)) : value;
  }
  const changed = random(6) === 0 ? asTarget(mutate(target, PATH_PIECES, random)) : target;
  return { method: pick(METHODS, random), target: changed, fields };
}

const skip = native.addon === undefined && native.reason;
t.test('random requests are answered alike over every protocol', { skip }, async (t) => {
  const options: OptionsInput = {
    ...{ root, listing: true, securityHeaders: true, serverTiming: true, threads: 1 },
    // Where it is left to itself it goes by whether there is TLS.
    compress: 'off',
    ...{ transport: 'native', cors: ['https://a.example'] },
  };
  const plain = await startServer(t, { ...options, h2c: true });
  const secure = await startServer(t, { ...options, ...TLS_OPTIONS });
  const addresses: Readonly<Record<string, Address>> = {
    'HTTP/1.1': { port: plain.port },
    'HTTP/1.1 over TLS': { port: secure.port, tls: true },
    'HTTP/2': { port: plain.port, http2: true },
    'HTTP/2 over TLS': { port: secure.port, tls: true, http2: true },
  };
  const tags = new Map<string, string>();
  for (const target of TARGETS) {
    tags.set(target, (await validatorsOf({ port: plain.port }, target)).etag);
  }
  const clients = Object.entries(addresses).map(
    ([name, address]) => [name, clientOf(t, address)] as const,
  );
  const statuses = new Map<string, number>();
  const differences: string[] = [];
  for (const number of cases(times(500, 20_000))) {
    const asked = requestOf(randomOf(number), (target) => tags.get(target) || '"none"');
    const contents = await Promise.all(
      clients.map(async ([name, ask]) => {
        const answers: string[] = [];
        for (let i = 0; i < TIMES; i++) answers.push(await ask(asked));
        return answers.map((content) => [name, content] as const);
      }),
    );
    const [[, first], ...others] = contents.flat() as [[string, string], ...[string, string][]];
    const status = first.slice(0, 3);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const odd = others.find(([, content]) => content !== first);
    if (odd === undefined) continue;
    const request = JSON.stringify(asked);
    differences.push(`${replay(number)}: ${request}, ${odd[0]}: ${apart(first, odd[1])}`);
  }
  t.same(differences.slice(0, 10), [], `${differences.length} differences`);
  const met = [...statuses].sort().map(([status, count]) => `${count} × ${status}`);
  t.comment(met.join(', '));
  for (const status of ['200', '204', '206', '301', '304', '400', '404', '405', '412', '416']) {
    t.ok(statuses.has(status), `some were answered with ${status}`);
  }
  for (const { stats } of [plain, secure])
    t.ok(stats().hot > 0, `${stats().hot} without JavaScript`);
});
