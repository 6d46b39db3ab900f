// Forms that the server makes by itself, on every carrier: what is asked for again and again, once, in the background.
import { randomBytes } from 'node:crypto';
import { renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import t from 'tap';
import { until } from '../faults/process.ts';
import { type Address, type Answer, request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrier } from './carriers.ts';
import { type Case, checkCases, validatorsOf } from './cases.ts';
import { claimsExcept } from './claims.ts';

const OLD = new Date('2001-01-01T00:00:00Z');
const text = 'body { color: black }\n'.repeat(400);
/** Too large for the memory cache, encoded too. */
const numbers = Array.from({ length: 7000 }, (_, i) => Math.imul(i, 0x9e3779b1)).join();
const claims = claimsExcept([]);

const tree = () =>
  makeTree(t, {
    'style.css': { text, mtime: OLD },
    'large.js': { text: numbers, mtime: OLD },
    'tiny.css': { text: text.slice(0, 900), mtime: OLD },
    'noise.txt': { text: randomBytes(4096), mtime: OLD },
    'picture.png': { text, mtime: OLD },
    'kept/as.css': { text, mtime: OLD },
    'encoded/already.css': { text, mtime: OLD },
  });

const RULES = {
  headers: { 'encoded/**': { 'Content-Encoding': 'exi' } },
  cacheControl: { 'kept/**': 'no-transform' },
};

/** Asks until the answer is in that coding. */
async function whenIn(address: Address, target: string, coding: string): Promise<Answer> {
  let answer: Answer | undefined;
  await until(async () => {
    answer = await request(address, target, { fields: { 'accept-encoding': coding } });
    return answer.field('content-encoding') === coding;
  });
  return answer as Answer;
}

onEveryCarrier(t, async (t, serve, { addon }) => {
  const root = tree();
  const directory = addon ? {} : { compressCache: makeTree(t) };
  const origin = await serve({
    ...{ root, compress: 'on', compressCpu: 100, revalidate: 0 },
    ...directory,
    ...RULES,
  });
  const { address } = origin;

  const first = await request(address, '/style.css', { fields: { 'accept-encoding': 'br' } });
  t.equal(first.field('content-encoding'), undefined, 'who comes first has it as it is');
  t.equal(first.field('vary'), 'Accept-Encoding', 'and is told that others may not');

  const br = await whenIn(address, '/style.css', 'br');
  t.equal(brotliDecompressSync(br.body).toString(), text);
  t.ok(br.body.length < text.length / 20);
  const gzip = await whenIn(address, '/style.css', 'gzip');
  t.equal(gunzipSync(gzip.body).toString(), text);
  const large = await whenIn(address, '/large.js', 'br');
  t.equal(brotliDecompressSync(large.body).toString(), numbers);
  const tags = [first, br, gzip].map((answer) => answer.field('etag'));
  t.equal(new Set(tags).size, 3, 'each form has a tag of its own');
  t.ok(
    tags.every((tag) => tag?.startsWith('"')),
    'and a strong one',
  );

  const [, brTag = '', gzipTag = ''] = tags;
  const { etag: plainTag } = await validatorsOf(address, '/style.css');
  const lastModified = OLD.toUTCString();
  const asked = (coding: string, more = {}) => ({ 'Accept-Encoding': coding, ...more });
  const same = { vary: 'Accept-Encoding', 'last-modified': lastModified };
  const cases: Case[] = [
    {
      title: 'a form is answered like a sibling',
      target: '/style.css',
      fields: asked('gzip, deflate, br'),
      status: 200,
      wants: { ...same, 'content-encoding': 'br', 'content-type': 'text/css; charset=utf-8' },
      body: br.body,
    },
    {
      title: 'who takes no coding has the file',
      target: '/style.css',
      status: 200,
      wants: { ...same, 'content-encoding': undefined },
      body: text,
    },
    {
      title: 'a form has its own 304',
      target: '/style.css',
      fields: asked('br', { 'If-None-Match': brTag }),
      status: 304,
      wants: { etag: brTag, vary: 'Accept-Encoding' },
    },
    {
      title: "another form's tag is no tag of this one",
      target: '/style.css',
      fields: asked('br', { 'If-None-Match': `${gzipTag}, ${plainTag}` }),
      status: 200,
      wants: { 'content-encoding': 'br' },
    },
    {
      title: 'If-Match knows the form that would be sent',
      target: '/style.css',
      fields: asked('br', { 'If-Match': gzipTag }),
      status: 412,
    },
    {
      title: 'a range is one of the form',
      target: '/style.css',
      fields: asked('br', { Range: 'bytes=2-9' }),
      status: 206,
      wants: { 'content-encoding': 'br', 'content-range': `bytes 2-9/${br.body.length}` },
      body: br.body.subarray(2, 10),
    },
    {
      title: 'a range goes on only with the form that it began with',
      target: '/style.css',
      fields: asked('gzip', { Range: 'bytes=2-9', 'If-Range': brTag }),
      status: 200,
      wants: { 'content-encoding': 'gzip' },
      body: gzip.body,
    },
    {
      title: 'a large form',
      target: '/large.js',
      fields: asked('br'),
      status: 200,
      wants: { 'content-encoding': 'br' },
      body: large.body,
    },
  ];
  await checkCases(t, origin, claims, cases);
  const parts = await request(address, '/large.js', {
    fields: asked('br', { Range: 'bytes=0-0,-1' }),
  });
  t.equal(parts.status, 206);
  t.match(parts.field('content-type'), /^multipart\/byteranges/, 'several ranges of a form');

  const untouched: ReadonlyArray<readonly [title: string, target: string]> = [
    ['what fits in a packet', '/tiny.css'],
    ['what gets no smaller', '/noise.txt'],
    ['what is compressed already', '/picture.png'],
    ['what a rule keeps as it is', '/kept/as.css'],
  ];
  await checkCases(
    t,
    origin,
    claims,
    untouched.map(([title, target]) => ({
      title,
      target,
      fields: asked('br, gzip'),
      status: 200,
      wants: { 'content-encoding': undefined },
    })),
  );
  const encoded = await request(address, '/encoded/already.css', { fields: asked('br') });
  t.equal(encoded.field('content-encoding'), 'exi', 'what a rule says is encoded');
  await until(async () => (await origin.stats()).files.encoded?.waiting === 0);
  const noise = await request(address, '/noise.txt', { fields: asked('br') });
  t.equal(noise.field('content-encoding'), undefined, 'what got no smaller is not used');
  t.equal((await origin.stats()).files.encoded?.forms, 4, 'three forms, and that one');

  const changed = text.replaceAll('black', 'white');
  writeFileSync(join(root, 'new.css'), changed);
  utimesSync(join(root, 'new.css'), new Date(), OLD);
  renameSync(join(root, 'new.css'), join(root, 'style.css'));
  const after = await request(address, '/style.css', { fields: asked('br') });
  t.equal(after.field('content-encoding'), undefined, 'a form goes with what it was made of');
  t.equal(after.body.toString(), changed);
  const anew = await whenIn(address, '/style.css', 'br');
  t.equal(brotliDecompressSync(anew.body).toString(), changed, 'and is made anew');
  await origin.close();
});
