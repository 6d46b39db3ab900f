// Content coding on every carrier: precompressed siblings by Accept-Encoding. RFC 9110 §8.4, §12.5.3.
import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { until } from '../faults/process.ts';
import { request } from '../support/client.ts';
import { zstdFrame } from '../support/encoded.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { onEveryCarrierAndProxy } from './carriers.ts';
import { type Case, checkCases, validatorsOf } from './cases.ts';
import { claimsExcept } from './claims.ts';

const text = 'body { color: black }\n'.repeat(400);
const br = brotliCompressSync(text);
const gzip = gzipSync(text);
/** Longer than the others. */
const zstd = zstdFrame(text.length, 300);
const OLD = new Date('2001-01-01T00:00:00Z');
const NEW = new Date('2002-01-01T00:00:00Z');
/** Too large for the memory cache. */
const big = pattern(90_000);
const bigGzip = gzipSync(big);

const root = makeTree(t, {
  'style.css': { text, mtime: OLD },
  'style.css.br': br,
  'style.css.gz': gzip,
  'style.css.zst': zstd,
  'only.js': { text: 'plain()', mtime: OLD },
  'only.js.gz': gzipSync('plain()'),
  'plain.txt': text,
  'archive.tar': 'x',
  'archive.tar.gz': 'x',
  'stale.txt': { text: 'new', mtime: NEW },
  'empty.txt': { text: 'new', mtime: OLD },
  'empty.txt.gz': '',
  'big.txt': { text: big, mtime: OLD },
  'big.txt.gz': bigGzip,
  'dir.txt': { text: 'd', mtime: OLD },
  'dir.txt.gz/inside': 'x',
  'linked.txt': { text: 'l', mtime: OLD },
  'linked.txt.gz': { link: '../../../../etc/passwd' },
  'page/index.html': { text: '<p>index', mtime: OLD },
  'page/index.html.gz': gzipSync('<p>index'),
});
/** Copied in the same second, the sibling first. */
const [FIRST, SECOND] = [new Date('2002-01-01T00:00:00.1Z'), new Date('2002-01-01T00:00:00.9Z')];
const oddRoot = makeTree(t, {
  'copied.txt': { text: 'as one', mtime: SECOND },
  'copied.txt.gz': { text: gzipSync('as one'), mtime: FIRST },
  'copied.txt.br': { text: brotliCompressSync('as one'), mtime: FIRST },
  'junk.txt': { text: 'plain', mtime: OLD },
  'junk.txt.gz': 'no gzip, but as long as one',
  'junk.txt.zst': 'no Zstandard either',
  'another.txt': { text: 'plain', mtime: OLD },
  'another.txt.gz': gzipSync('built from other text'),
  'another.txt.zst': zstdFrame(4, 20),
  'silent.txt': { text: 'plain', mtime: OLD },
  'silent.txt.zst': zstdFrame(undefined, 20),
});
const staleRoot = makeTree(t, {
  'stale.txt': { text: 'new', mtime: NEW },
  'stale.txt.gz': { text: 'old', mtime: OLD },
});
const claims = claimsExcept([]);

type Chosen = 'identity' | 'br' | 'gzip' | 'zstd';
const BODIES = { identity: Buffer.from(text), br, gzip, zstd };

/** All three codings exist, of different sizes: br < gzip < zstd. */
const CHOICES: ReadonlyArray<readonly [accept: string | undefined, chosen: Chosen]> = [
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['br', 'br'],
  ['zstd', 'zstd'],
  ['deflate', 'identity'],
  ['compress', 'identity'],
  ['identity', 'identity'],
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, deflate', 'gzip'],
  ['gzip,deflate,br', 'br'],
  ['zstd, gzip', 'gzip'],
  ['*', 'br'],
  ['*;q=0.5', 'br'],
  ['*, br;q=0', 'gzip'],
  ['*;q=0', 'identity'],
  ['gzip;q=1.0, br;q=0.9', 'gzip'],
  ['gzip;q=0.5, br;q=0.4, zstd;q=0.6', 'zstd'],
  ['gzip;q=0.001', 'gzip'],
  ['gzip;q=0', 'identity'],
  ['gzip;q=0.000, br', 'br'],
  ['gzip; q=0', 'identity'],
  ['gzip ;q=1', 'gzip'],
  ['gzip;q=0, *', 'br'],
  ['identity;q=0', 'identity'],
  ['identity;q=0, gzip', 'gzip'],
  ['identity;q=0, *', 'br'],
  ['identity, gzip;q=0.5', 'identity'],
  ['identity;q=0.5, gzip', 'gzip'],
  ['identity, gzip', 'gzip'],
  ['gzip;q=2', 'identity'],
  ['gzip;q=-1', 'identity'],
  ['gzip;q=abc', 'identity'],
  ['gzip;q=0.1234', 'identity'],
  ['gzip;q=', 'identity'],
  ['gzip;level=9', 'gzip'],
  [',,gzip,', 'gzip'],
  ['gzip br', 'identity'],
  ['brotli', 'identity'],
  ['gzipped', 'identity'],
  ['compress, gzip', 'gzip'],
  ['compress;q=0.5, gzip;q=1.0', 'gzip'],
  ['gzip;q=1.0, identity; q=0.5, *;q=0', 'gzip'],
];

function choice([accept, chosen]: (typeof CHOICES)[number]): Case {
  return {
    title: `Accept-Encoding: ${accept ?? '(none)'} → ${chosen}`,
    target: '/style.css',
    fields: accept === undefined ? {} : { 'Accept-Encoding': accept },
    status: 200,
    wants: {
      'content-encoding': chosen === 'identity' ? undefined : chosen,
      'content-type': 'text/css; charset=utf-8',
      'content-length': String(BODIES[chosen].length),
      vary: 'Accept-Encoding',
    },
    body: BODIES[chosen],
  };
}

const ALL = { 'Accept-Encoding': 'gzip, br, zstd' };
const GZIP = { 'Accept-Encoding': 'gzip' };
const IDENTITY = { 'content-encoding': undefined };

const OTHERS: readonly Case[] = [
  {
    title: 'no sibling: no Vary',
    target: '/plain.txt',
    fields: ALL,
    status: 200,
    wants: { ...IDENTITY, vary: undefined },
    body: text,
  },
  {
    title: 'only .gz: br and zstd are not offered',
    target: '/only.js',
    fields: { 'Accept-Encoding': 'br, zstd' },
    status: 200,
    wants: { ...IDENTITY, vary: 'Accept-Encoding' },
    body: 'plain()',
  },
  {
    title: 'Vary also where identity is sent',
    target: '/only.js',
    status: 200,
    wants: { ...IDENTITY, vary: 'Accept-Encoding' },
  },
  {
    title: 'an empty sibling is not used',
    target: '/empty.txt',
    fields: GZIP,
    status: 200,
    wants: { ...IDENTITY, vary: undefined },
    body: 'new',
  },
  {
    title: 'a directory is no sibling',
    target: '/dir.txt',
    fields: GZIP,
    status: 200,
    wants: { ...IDENTITY, vary: undefined },
    body: 'd',
  },
  {
    title: 'a sibling that leads out of the root is not used',
    target: '/linked.txt',
    fields: GZIP,
    status: 200,
    wants: { ...IDENTITY, vary: undefined },
    body: 'l',
  },
  {
    title: 'a large sibling',
    target: '/big.txt',
    fields: GZIP,
    status: 200,
    wants: { 'content-encoding': 'gzip' },
    body: bigGzip,
  },
  {
    title: 'an index has siblings too',
    target: '/page/',
    fields: GZIP,
    status: 200,
    wants: { 'content-encoding': 'gzip', 'content-type': 'text/html; charset=utf-8' },
  },
  {
    title: 'a sibling by its own name is a file like any other',
    target: '/archive.tar.gz',
    fields: GZIP,
    status: 200,
    wants: { 'content-encoding': undefined, 'content-type': 'application/gzip', vary: undefined },
    body: 'x',
  },
  {
    title: 'a range is one of the variant that was chosen',
    target: '/style.css',
    fields: { ...GZIP, Range: 'bytes=2-11' },
    status: 206,
    wants: { 'content-encoding': 'gzip', 'content-range': `bytes 2-11/${gzip.length}` },
    body: gzip.subarray(2, 12),
  },
  {
    title: 'a range of identity beside variants',
    target: '/style.css',
    fields: { Range: 'bytes=2-11' },
    status: 206,
    wants: { ...IDENTITY, 'content-range': `bytes 2-11/${text.length}` },
    body: text.slice(2, 12),
  },
  {
    title: '416 is about the size of the variant',
    target: '/style.css',
    fields: { 'Accept-Encoding': 'br', Range: `bytes=${br.length}-` },
    status: 416,
    wants: { 'content-range': `bytes */${br.length}` },
  },
  {
    title: 'an error page has no coding',
    target: '/none.css',
    fields: ALL,
    status: 404,
    wants: IDENTITY,
  },
];

onEveryCarrierAndProxy(t, async (t, serve) => {
  const origin = await serve({ root });
  const { address } = origin;
  await checkCases(t, origin, claims, [...CHOICES.map(choice), ...OTHERS]);

  const etags = {
    identity: (await validatorsOf(address, '/style.css')).etag,
    br: (await validatorsOf(address, '/style.css', { 'Accept-Encoding': 'br' })).etag,
    gzip: (await validatorsOf(address, '/style.css', GZIP)).etag,
    zstd: (await validatorsOf(address, '/style.css', { 'Accept-Encoding': 'zstd' })).etag,
  };
  t.equal(new Set(Object.values(etags)).size, 4, 'each coding has an ETag of its own (§8.8.3.3)');
  await checkCases(t, origin, claims, [
    {
      title: '304 to the ETag of the variant, with its Vary',
      target: '/style.css',
      fields: { ...GZIP, 'If-None-Match': etags.gzip },
      status: 304,
      wants: { etag: etags.gzip, vary: 'Accept-Encoding', 'content-encoding': undefined },
    },
    {
      title: 'the ETag of another coding is no match',
      target: '/style.css',
      fields: { ...GZIP, 'If-None-Match': etags.br },
      status: 200,
      wants: { 'content-encoding': 'gzip' },
    },
    {
      title: 'nor is that of identity',
      target: '/style.css',
      fields: { ...GZIP, 'If-None-Match': etags.identity },
      status: 200,
      wants: { 'content-encoding': 'gzip' },
    },
    {
      title: 'If-Range with the ETag of the variant',
      target: '/style.css',
      fields: { ...GZIP, 'If-Range': etags.gzip, Range: 'bytes=0-0' },
      status: 206,
    },
    {
      title: 'If-Range with the ETag of identity: the whole variant',
      target: '/style.css',
      fields: { ...GZIP, 'If-Range': etags.identity, Range: 'bytes=0-0' },
      status: 200,
      body: gzip,
    },
    {
      title: 'If-Match with the ETag of another coding',
      target: '/style.css',
      fields: { ...GZIP, 'If-Match': etags.br },
      status: 412,
    },
  ]);
  const coded = await request(address, '/style.css', { fields: GZIP });
  t.equal(gunzipSync(coded.body).toString(), text, 'the body decodes to the file');

  const stale = await serve({ root: staleRoot, logLevel: 'warn' });
  await checkCases(t, stale, claims, [
    {
      title: 'a sibling older than its file is not used',
      target: '/stale.txt',
      fields: GZIP,
      status: 200,
      wants: { ...IDENTITY, vary: undefined },
      body: 'new',
    },
  ]);
  const from = origin.host.lines.length;
  const odd = await serve({ root: oddRoot, logLevel: 'warn' });
  await checkCases(t, odd, claims, [
    {
      title: 'a sibling older by less than a second is used',
      target: '/copied.txt',
      fields: { 'Accept-Encoding': 'gzip' },
      status: 200,
      wants: { 'content-encoding': 'gzip' },
      body: gzipSync('as one'),
    },
    {
      title: 'one of a coding without a length too',
      target: '/copied.txt',
      fields: { 'Accept-Encoding': 'br' },
      status: 200,
      wants: { 'content-encoding': 'br' },
    },
    {
      title: 'what is not in the coding of its name is never sent as such',
      target: '/junk.txt',
      fields: ALL,
      status: 200,
      wants: { ...IDENTITY, vary: undefined },
      body: 'plain',
    },
    {
      title: 'a sibling of another length is not used, however new',
      target: '/another.txt',
      fields: ALL,
      status: 200,
      wants: { ...IDENTITY, vary: undefined },
      body: 'plain',
    },
    {
      title: 'a sibling that states no length is used',
      target: '/silent.txt',
      fields: ALL,
      status: 200,
      wants: { 'content-encoding': 'zstd' },
    },
  ]);
  for (const words of [
    'junk.txt.gz is not gzip: not used',
    'junk.txt.zst is not zstd: not used',
    'another.txt.gz is of 21 bytes, where another.txt has 5: not used',
    'another.txt.zst is of 4 bytes, where another.txt has 5: not used',
  ]) {
    await until(async () => odd.host.lines.slice(from).some((line) => line.includes(words)));
  }
  const few = await serve({ root, precompressed: ['gzip'] });
  await checkCases(t, few, claims, [
    {
      title: 'precompressed: codings that are not listed are not offered',
      target: '/style.css',
      fields: ALL,
      status: 200,
      wants: { 'content-encoding': 'gzip' },
    },
  ]);
});

claims.settle(t);
