// Dictionary transport on every carrier: forms by a dictionary that the client has, and which files are dictionaries.
// RFC 9842.
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import t from 'tap';
import { markOf } from '../../src/encode/encoders.ts';
import { until } from '../faults/process.ts';
import { request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrier } from './carriers.ts';
import { type Case, checkCases, validatorsOf } from './cases.ts';
import { claimsExcept } from './claims.ts';

const OLD = new Date('2001-01-01T00:00:00Z');
const text = Array.from({ length: 600 }, (_, i) => Math.imul(i, 0x9e3779b1)).join();
const br = brotliCompressSync(text);

const sha256 = (bytes: string) => createHash('sha256').update(bytes).digest();
const [first, second, other] = ['first release', 'second', 'unknown'].map(sha256) as [
  Buffer,
  Buffer,
  Buffer,
];
/** As Available-Dictionary has it. */
const named = (hash: Buffer) => `:${hash.toString('base64')}:`;

/** Nobody here decodes it: what has a coding's mark is a form by that dictionary. */
function formBy(coding: 'dcb' | 'dcz', hash: Buffer, size: number): Buffer {
  return Buffer.concat([markOf(coding, hash), Buffer.alloc(size, coding)]);
}

const dcb = formBy('dcb', first, 10);
const dcz = formBy('dcz', first, 12);
const dcbOfSecond = formBy('dcb', second, 20);

const nameOf = (hash: Buffer, coding: string) => `${hash.toString('hex')}.${coding}`;

const root = makeTree(t, {
  'assets/app-3f2a9c1b.js': { text, mtime: OLD },
  'assets/app-3f2a9c1b.js.br': br,
  [`assets/app-3f2a9c1b.js.${nameOf(first, 'dcb')}`]: dcb,
  [`assets/app-3f2a9c1b.js.${nameOf(first, 'dcz')}`]: dcz,
  [`assets/app-3f2a9c1b.js.${nameOf(second, 'dcb')}`]: dcbOfSecond,
  'plain.js': { text, mtime: OLD },
  'wrong.js': { text, mtime: OLD },
  [`wrong.js.${nameOf(first, 'dcb')}`]: formBy('dcb', second, 10),
  'stale.js': text,
  [`stale.js.${nameOf(first, 'dcb')}`]: { text: dcb, mtime: OLD },
  'assets/photo-3f2a9c1b.png': 'x',
  'lib/v1.js': text,
});
const claims = claimsExcept([]);

const APP = '/assets/app-3f2a9c1b.js';

function asked(acceptEncoding: string, hash?: Buffer, more: Record<string, string> = {}) {
  const available = hash === undefined ? {} : { 'Available-Dictionary': named(hash) };
  return { 'Accept-Encoding': acceptEncoding, ...available, ...more };
}

/** Of the bundle: what is asked, and the coding and body that come. */
const CHOICES: ReadonlyArray<
  readonly [title: string, fields: ReturnType<typeof asked>, coding: string, body: Buffer]
> = [
  ['the form by the dictionary that the client has', asked('br, dcb, dcz', first), 'dcb', dcb],
  ['in the coding that it takes', asked('br, dcz', first), 'dcz', dcz],
  ['or that it would rather have', asked('br, dcb;q=0.5, dcz', first), 'dcz', dcz],
  ['by another dictionary', asked('br, dcb, dcz', second), 'dcb', dcbOfSecond],
  ['not by one that nobody has encoded for', asked('br, dcb, dcz', other), 'br', br],
  ['not without a dictionary', asked('br, dcb, dcz'), 'br', br],
  ['not where the client names no such coding', asked('br, gzip', first), 'br', br],
  ['not for any coding', asked('*', first), 'br', br],
  ['not where it is refused', asked('br, dcb;q=0', first), 'br', br],
  [
    'not for what is no hash',
    { 'Accept-Encoding': 'br, dcb', 'Available-Dictionary': 'first' },
    'br',
    br,
  ],
];

onEveryCarrier(t, async (t, serve) => {
  const origin = await serve({
    ...{
      root,
      dictionaries: { 'lib/*.js': { match: '/lib/v*.js', id: 'a "b"', dest: ['script'] } },
    },
    revalidate: 0,
  });
  const { address } = origin;
  const varied = { vary: 'Accept-Encoding, Available-Dictionary' };
  const { etag } = await validatorsOf(address, APP, asked('dcb', first));
  const { etag: brTag } = await validatorsOf(address, APP, asked('br'));
  const dictionary = { 'use-as-dictionary': 'match="app-*.js"' };
  const cases: Case[] = [
    ...CHOICES.map(([title, fields, coding, body]) => ({
      title,
      target: APP,
      fields,
      status: 200,
      wants: {
        ...varied,
        ...dictionary,
        'content-encoding': coding,
        'content-type': 'text/javascript; charset=utf-8',
      },
      body,
    })),
    {
      title: 'such a form has its own 304',
      target: APP,
      fields: asked('dcb', first, { 'If-None-Match': etag }),
      status: 304,
      wants: { etag, ...varied },
    },
    {
      title: 'the tag of another form is no tag of it',
      target: APP,
      fields: asked('dcb', first, { 'If-None-Match': brTag }),
      status: 200,
      wants: { 'content-encoding': 'dcb' },
      body: dcb,
    },
    {
      title: 'a range of it',
      target: APP,
      fields: asked('dcb', first, { Range: 'bytes=0-3' }),
      status: 206,
      wants: { 'content-encoding': 'dcb', 'content-range': `bytes 0-3/${dcb.length}` },
      body: dcb.subarray(0, 4),
    },
    {
      title: 'a form for another dictionary than its name says is not used',
      target: '/wrong.js',
      fields: asked('dcb', first),
      status: 200,
      wants: { 'content-encoding': undefined, vary: undefined },
      body: text,
    },
    {
      title: 'nor one that is older than its file',
      target: '/stale.js',
      fields: asked('dcb', first),
      status: 200,
      wants: { 'content-encoding': undefined },
      body: text,
    },
    {
      title: 'what has no version is no dictionary',
      target: '/plain.js',
      fields: asked('dcb', first),
      status: 200,
      wants: { 'use-as-dictionary': undefined, vary: undefined },
    },
    {
      title: 'nor is what is compressed already',
      target: '/assets/photo-3f2a9c1b.png',
      status: 200,
      wants: { 'use-as-dictionary': undefined },
    },
    {
      title: 'a rule says what a file is a dictionary for',
      target: '/lib/v1.js',
      status: 200,
      wants: { 'use-as-dictionary': 'match="/lib/v*.js", match-dest=("script"), id="a \\"b\\""' },
    },
  ];
  await checkCases(t, origin, claims, cases);

  const target = '/plain.js';
  const sibling = join(root, `plain.js.${nameOf(other, 'dcb')}`);
  const codingOf = async () =>
    (await request(address, target, { fields: asked('dcb', other) })).field('content-encoding');
  writeFileSync(sibling, formBy('dcb', other, 5));
  await until(async () => (await codingOf()) === 'dcb');
  t.equal(await codingOf(), 'dcb', 'a form that comes later is used');
  rmSync(sibling);
  await until(async () => (await codingOf()) === undefined);
  t.equal(await codingOf(), undefined, 'and one that goes is not');
  await origin.close();
});

onEveryCarrier(
  t,
  async (t, serve) => {
    const origin = await serve({ root });
    const answer = await request(origin.address, APP, { fields: asked('br, dcb', first) });
    t.equal(answer.field('content-encoding'), 'br', 'without the option there is none of this');
    t.equal(answer.field('use-as-dictionary'), undefined);
    t.equal(answer.field('vary'), 'Accept-Encoding');
    await origin.close();
  },
  ({ name }) => name === 'native' || name === 'http1',
);
