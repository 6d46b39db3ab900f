// Methods, types and validators on every carrier: RFC 9110 §8, §9.
import { renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseHttpDate } from '../../src/http/date.ts';
import { request } from '../support/client.ts';
import { makeTree, plant } from '../support/tree.ts';
import { type Origin, onEveryCarrierAndProxy, type Serve } from './carriers.ts';
import { type Case, checkCases, validatorsOf } from './cases.ts';
import { claimsExcept } from './claims.ts';
import { EXCEPTIONS } from './exceptions.ts';

const ALLOW = 'GET, HEAD, OPTIONS';
const root = makeTree(t, {
  'index.html': '<!doctype html>home',
  'note.txt': 'note',
  'old.txt': { text: 'old', mtime: new Date('1970-01-01T00:00:02Z') },
  'future.txt': { text: 'future', mtime: new Date('2100-01-01T00:00:00Z') },
  'types/a.html': 'x',
  'types/a.css': 'x',
  'types/a.js': 'x',
  'types/a.mjs': 'x',
  'types/a.json': 'x',
  'types/a.txt': 'x',
  'types/a.md': 'x',
  'types/a.svg': 'x',
  'types/a.xml': 'x',
  'types/a.png': 'x',
  'types/a.webp': 'x',
  'types/a.avif': 'x',
  'types/a.woff2': 'x',
  'types/a.wasm': 'x',
  'types/a.mp4': 'x',
  'types/a.pdf': 'x',
  'types/a.webmanifest': 'x',
  'types/noext': 'x',
  'types/A.HTML': 'x',
  'types/a.unknownext': 'x',
  'types/archive.tar.gz': 'x',
});
const claims = claimsExcept(EXCEPTIONS.semantics);

const TYPES: Readonly<Record<string, string>> = {
  'a.html': 'text/html; charset=utf-8',
  'A.HTML': 'text/html; charset=utf-8',
  'a.css': 'text/css; charset=utf-8',
  'a.js': 'text/javascript; charset=utf-8',
  'a.mjs': 'text/javascript; charset=utf-8',
  'a.json': 'application/json; charset=utf-8',
  'a.txt': 'text/plain; charset=utf-8',
  'a.md': 'text/markdown; charset=utf-8',
  'a.svg': 'image/svg+xml',
  'a.xml': 'application/xml',
  'a.png': 'image/png',
  'a.webp': 'image/webp',
  'a.avif': 'image/avif',
  'a.woff2': 'font/woff2',
  'a.wasm': 'application/wasm',
  'a.mp4': 'video/mp4',
  'a.pdf': 'application/pdf',
  'a.webmanifest': 'application/manifest+json; charset=utf-8',
  noext: 'application/octet-stream',
  'a.unknownext': 'application/octet-stream',
  'archive.tar.gz': 'application/gzip',
};

const METHODS: readonly Case[] = [
  { title: 'GET', target: '/note.txt', status: 200, wants: { allow: undefined }, body: 'note' },
  {
    title: 'HEAD has the length of GET',
    target: '/note.txt',
    method: 'HEAD',
    status: 200,
    wants: { 'content-length': '4' },
  },
  { title: 'HEAD of what is not there', target: '/none.txt', method: 'HEAD', status: 404 },
  {
    title: 'OPTIONS: 204 with Allow',
    target: '/note.txt',
    method: 'OPTIONS',
    status: 204,
    wants: { allow: ALLOW },
  },
  {
    title: 'OPTIONS of what is not there',
    target: '/none.txt',
    method: 'OPTIONS',
    status: 204,
    wants: { allow: ALLOW },
  },
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND', 'FOO'].map(
    (method): Case => ({
      title: `${method}: 405 with Allow`,
      target: '/note.txt',
      method,
      status: 405,
      wants: { allow: ALLOW },
    }),
  ),
  {
    title: 'POST to what is not there is 405 as well',
    target: '/none.txt',
    method: 'POST',
    status: 405,
  },
  {
    title: 'a body of 405 is a page, not the file',
    target: '/note.txt',
    method: 'POST',
    status: 405,
    body: /405 Method Not Allowed/,
  },
];

function typeCases(): readonly Case[] {
  return Object.entries(TYPES).map(([name, type]) => ({
    title: `Content-Type of ${name}`,
    target: `/types/${name}`,
    status: 200,
    wants: { 'content-type': type },
  }));
}

const PLAIN: readonly Case[] = [
  {
    title: 'without options: no Cache-Control, no CORS, no timing',
    target: '/note.txt',
    status: 200,
    wants: {
      'cache-control': undefined,
      vary: undefined,
      'access-control-allow-origin': undefined,
      'server-timing': undefined,
      'x-content-type-options': undefined,
    },
  },
  {
    title: 'Last-Modified is the time of the file',
    target: '/old.txt',
    status: 200,
    wants: { 'last-modified': 'Thu, 01 Jan 1970 00:00:02 GMT' },
  },
  {
    title: 'a time in the future is no Last-Modified (§8.8.2.1)',
    target: '/future.txt',
    status: 200,
    wants: { 'last-modified': undefined, etag: /./ },
  },
  {
    title: 'errors are not stored',
    target: '/none.txt',
    status: 404,
    wants: {
      'cache-control': 'no-store',
      etag: undefined,
      'last-modified': undefined,
      'accept-ranges': undefined,
    },
  },
];

async function checkEtags(t: Test, serve: Serve): Promise<void> {
  const work = makeTree(t, { 'a.txt': 'one', 'b.txt': 'one' });
  const stat = await serve({ root: work, etag: 'stat', revalidate: 0 });
  const before = await validatorsOf(stat.address, '/a.txt');
  t.equal(
    (await validatorsOf(stat.address, '/a.txt')).etag,
    before.etag,
    'stat: the same version, the same ETag',
  );
  t.not(
    (await validatorsOf(stat.address, '/b.txt')).etag,
    before.etag,
    'stat: another file, another ETag',
  );
  // The same size and the same second: what distinguishes them is below a second (peers share one ETag).
  const second = 1_000_000_000;
  writeFileSync(join(work, 'a.txt'), 'two');
  utimesSync(join(work, 'a.txt'), second, second + 0.25);
  const quarter = await validatorsOf(stat.address, '/a.txt');
  writeFileSync(join(work, 'a.txt'), 'six');
  utimesSync(join(work, 'a.txt'), second, second + 0.5);
  const half = await validatorsOf(stat.address, '/a.txt');
  t.equal(quarter.lastModified, half.lastModified, 'two versions of one second');
  t.not(quarter.etag, half.etag, 'stat: have two ETags');
  plant(join(work, 'new'), 'six');
  utimesSync(join(work, 'new'), second, second + 0.5);
  renameSync(join(work, 'new'), join(work, 'a.txt'));
  t.not(
    (await validatorsOf(stat.address, '/a.txt')).etag,
    half.etag,
    'stat: a file put in its place by rename has another',
  );

  const off = await serve({ root: work, etag: 'off', lastModified: false });
  await checkCases(t, off, claims, [
    {
      title: 'etag off, lastModified off: neither is sent',
      target: '/b.txt',
      status: 200,
      wants: { etag: undefined, 'last-modified': undefined },
    },
    {
      title: 'without validators no precondition holds but *',
      target: '/b.txt',
      fields: { 'If-None-Match': before.etag },
      status: 200,
    },
    {
      title: 'If-None-Match: * still does',
      target: '/b.txt',
      fields: { 'If-None-Match': '*' },
      status: 304,
    },
    {
      title: 'If-Range cannot be judged: the whole',
      target: '/b.txt',
      fields: { 'If-Range': '"x"', Range: 'bytes=0-0' },
      status: 200,
    },
  ]);
}

async function checkContentEtags(t: Test, serve: Serve): Promise<void> {
  const work = makeTree(t, { 'a.txt': 'same', 'b.txt': 'same', 'c.txt': 'else' });
  const { address } = await serve({ root: work, etag: 'content', revalidate: 0 });
  const etagOf = async (target: string) => {
    // Computed in the background, never before the first byte: ask until it is there.
    for (;;) {
      const { etag } = await validatorsOf(address, target);
      if (etag !== '') return etag;
    }
  };
  const [a, b, c] = [await etagOf('/a.txt'), await etagOf('/b.txt'), await etagOf('/c.txt')];
  t.equal(a, b, 'content: the same bytes, the same ETag');
  t.not(a, c, 'content: other bytes, another ETag');
  utimesSync(join(work, 'a.txt'), 1, 1);
  t.equal(await etagOf('/a.txt'), a, 'content: a touch does not change it');
  writeFileSync(join(work, 'a.txt'), 'change');
  t.not(await etagOf('/a.txt'), a, 'content: a change does');
  const answer = await request(address, '/b.txt', { fields: { 'If-None-Match': b } });
  t.equal(answer.status, 304, 'content: 304');
}

async function checkDate(t: Test, { address }: Origin): Promise<void> {
  const before = Math.floor(Date.now() / 1000) * 1000;
  const date = parseHttpDate((await request(address, '/note.txt')).field('date') ?? '') ?? 0;
  // The engine and the libraries renew their date once a second.
  t.ok(date >= before - 1000 && date <= Date.now(), 'Date is the time of the answer');
}

onEveryCarrierAndProxy(t, async (t, serve) => {
  const plain = await serve({ root });
  await checkCases(t, plain, claims, [...METHODS, ...PLAIN, ...typeCases()]);
  await checkDate(t, plain);
  await checkEtags(t, serve);
  await checkContentEtags(t, serve);
});

claims.settle(t);
