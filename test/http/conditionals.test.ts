// Preconditions on every carrier: RFC 9110 §13, in the order of §13.2.2.
import t from 'tap';
import { request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrierAndProxy } from './carriers.ts';
import { type Case, checkCases, validatorsOf } from './cases.ts';
import { claimsExcept } from './claims.ts';
import { EXCEPTIONS } from './exceptions.ts';

const MODIFIED = 'Wed, 15 Nov 1995 04:58:08 GMT';
const BEFORE = 'Wed, 15 Nov 1995 04:58:07 GMT';
const AFTER = 'Wed, 15 Nov 1995 04:58:09 GMT';
const TEXT = 'conditional\n'.repeat(100);

const root = makeTree(t, {
  'page.txt': { text: TEXT, mtime: new Date(MODIFIED) },
  'large.bin': { size: 200_000, mtime: new Date(MODIFIED) },
});
const claims = claimsExcept(EXCEPTIONS.conditionals);

function cases(etag: string): readonly Case[] {
  const ask = (
    title: string,
    fields: Case['fields'],
    status: number,
    target = '/page.txt',
  ): Case => ({
    title,
    target,
    fields: fields ?? {},
    status,
    ...(status === 304
      ? { wants: { etag, 'last-modified': MODIFIED, 'cache-control': 'max-age=9' } }
      : {}),
    ...(status === 200 ? { wants: { etag, 'last-modified': MODIFIED }, body: TEXT } : {}),
    ...(status === 412 ? { wants: { etag: undefined }, body: /412/ } : {}),
  });
  const other = '"other"';
  return [
    ask('no precondition → 200', {}, 200),
    // §13.1.2
    ask('If-None-Match: the ETag → 304', { 'If-None-Match': etag }, 304),
    ask('If-None-Match: another ETag → 200', { 'If-None-Match': other }, 200),
    ask('If-None-Match: a weak form of the ETag → 304', { 'If-None-Match': `W/${etag}` }, 304),
    ask('If-None-Match: the ETag in a list → 304', { 'If-None-Match': `${other}, ${etag}` }, 304),
    ask(
      'If-None-Match: a list without spaces → 304',
      { 'If-None-Match': `${other},${etag},"z"` },
      304,
    ),
    ask('If-None-Match: a list with empty elements → 304', { 'If-None-Match': `, ,${etag},` }, 304),
    ask(
      'If-None-Match: a tag with a comma in it is one tag',
      { 'If-None-Match': `"a,b", ${etag}` },
      304,
    ),
    ask('If-None-Match: * → 304', { 'If-None-Match': '*' }, 304),
    ask(
      'If-None-Match: the ETag without quotes names nothing → 200',
      { 'If-None-Match': etag.slice(1, -1) },
      200,
    ),
    ask(
      'If-None-Match: a part of the ETag → 200',
      { 'If-None-Match': `${etag.slice(0, -2)}"` },
      200,
    ),
    ask(
      'If-None-Match: the ETag in lower case → 200',
      { 'If-None-Match': `${etag.toLowerCase()}x` },
      200,
    ),
    ask('If-None-Match: garbage → 200', { 'If-None-Match': 'garbage' }, 200),
    ask('If-None-Match: empty → 200', { 'If-None-Match': '' }, 200),
    ask(
      'If-None-Match on a large file → 304',
      { 'If-None-Match': etag.replace(/.*/, '*') },
      304,
      '/page.txt',
    ),
    // §13.1.3
    ask('If-Modified-Since: the date → 304', { 'If-Modified-Since': MODIFIED }, 304),
    ask('If-Modified-Since: a second later → 304', { 'If-Modified-Since': AFTER }, 304),
    ask('If-Modified-Since: a second earlier → 200', { 'If-Modified-Since': BEFORE }, 200),
    ask(
      'If-Modified-Since: RFC 850 form → 304',
      { 'If-Modified-Since': 'Wednesday, 15-Nov-95 04:58:08 GMT' },
      304,
    ),
    ask(
      'If-Modified-Since: asctime form → 304',
      { 'If-Modified-Since': 'Wed Nov 15 04:58:08 1995' },
      304,
    ),
    ask('If-Modified-Since: no date → ignored', { 'If-Modified-Since': 'yesterday' }, 200),
    ask('If-Modified-Since: a number → ignored', { 'If-Modified-Since': '816411488' }, 200),
    ask('If-Modified-Since on two lines → ignored', { 'If-Modified-Since': [AFTER, AFTER] }, 200),
    ask('If-Modified-Since: empty → ignored', { 'If-Modified-Since': '' }, 200),
    ask(
      'If-Modified-Since: far in the future → 304',
      { 'If-Modified-Since': 'Tue, 31 Dec 2199 23:59:59 GMT' },
      304,
    ),
    // §13.2.2 step 3 before step 4
    ask(
      'If-None-Match outranks If-Modified-Since: 200',
      { 'If-None-Match': other, 'If-Modified-Since': AFTER },
      200,
    ),
    ask(
      'If-None-Match outranks If-Modified-Since: 304',
      { 'If-None-Match': etag, 'If-Modified-Since': BEFORE },
      304,
    ),
    // §13.1.1
    ask('If-Match: the ETag → 200', { 'If-Match': etag }, 200),
    ask('If-Match: * → 200', { 'If-Match': '*' }, 200),
    ask('If-Match: the ETag in a list → 200', { 'If-Match': `${other}, ${etag}` }, 200),
    ask('If-Match: another ETag → 412', { 'If-Match': other }, 412),
    ask(
      'If-Match: a weak form of the ETag → 412 (strong comparison)',
      { 'If-Match': `W/${etag}` },
      412,
    ),
    ask('If-Match: garbage → 412', { 'If-Match': 'garbage' }, 412),
    // §13.1.4
    ask('If-Unmodified-Since: the date → 200', { 'If-Unmodified-Since': MODIFIED }, 200),
    ask('If-Unmodified-Since: later → 200', { 'If-Unmodified-Since': AFTER }, 200),
    ask('If-Unmodified-Since: earlier → 412', { 'If-Unmodified-Since': BEFORE }, 412),
    ask('If-Unmodified-Since: no date → ignored', { 'If-Unmodified-Since': 'garbage' }, 200),
    ask(
      'If-Unmodified-Since on two lines → ignored',
      { 'If-Unmodified-Since': [BEFORE, BEFORE] },
      200,
    ),
    // §13.2.2 steps 1 to 4 together
    ask(
      'If-Match outranks If-Unmodified-Since: 200',
      { 'If-Match': etag, 'If-Unmodified-Since': BEFORE },
      200,
    ),
    ask(
      'If-Match outranks If-Unmodified-Since: 412',
      { 'If-Match': other, 'If-Unmodified-Since': AFTER },
      412,
    ),
    ask('If-Match, then If-None-Match: 304', { 'If-Match': etag, 'If-None-Match': etag }, 304),
    ask(
      'If-Match fails before If-None-Match: 412',
      { 'If-Match': other, 'If-None-Match': etag },
      412,
    ),
    ask(
      'If-Unmodified-Since fails before If-None-Match: 412',
      { 'If-Unmodified-Since': BEFORE, 'If-None-Match': etag },
      412,
    ),
    ask(
      'If-Unmodified-Since holds, then If-Modified-Since: 304',
      { 'If-Unmodified-Since': AFTER, 'If-Modified-Since': MODIFIED },
      304,
    ),
    ask(
      'all four, If-None-Match decides: 304',
      {
        'If-Match': '*',
        'If-Unmodified-Since': BEFORE,
        'If-None-Match': '*',
        'If-Modified-Since': BEFORE,
      },
      304,
    ),
    // §13.2.1: only where the answer would be 200
    {
      title: 'preconditions do not hide 404',
      target: '/none.txt',
      fields: { 'If-None-Match': '*' },
      status: 404,
    },
    {
      title: 'If-Match does not hide 404',
      target: '/none.txt',
      fields: { 'If-Match': '*' },
      status: 404,
    },
    {
      title: 'preconditions do not count for OPTIONS',
      target: '/page.txt',
      method: 'OPTIONS',
      fields: { 'If-Match': other },
      status: 204,
    },
    {
      title: 'preconditions do not hide 405',
      target: '/page.txt',
      method: 'PUT',
      fields: { 'If-Match': other },
      status: 405,
      wants: { allow: 'GET, HEAD, OPTIONS' },
    },
    // §13.2.2: before Range
    ask('304 outranks Range', { 'If-None-Match': etag, Range: 'bytes=0-0' }, 304),
    ask('412 outranks Range', { 'If-Match': other, Range: 'bytes=0-0' }, 412),
    ask('304 outranks 416', { 'If-None-Match': etag, Range: 'bytes=999999-' }, 304),
    {
      title: 'a precondition that holds lets Range through',
      target: '/page.txt',
      fields: { 'If-Match': etag, Range: 'bytes=0-10' },
      status: 206,
      body: 'conditional',
    },
    {
      title: 'If-None-Match that misses lets Range through',
      target: '/page.txt',
      fields: { 'If-None-Match': other, Range: 'bytes=0-10' },
      status: 206,
      body: 'conditional',
    },
    // §13.1.5
    ...ifRange('the ETag', etag, 206),
    ...ifRange('another ETag', other, 200),
    ...ifRange('a weak form of the ETag (strong comparison)', `W/${etag}`, 200),
    ...ifRange('the date', MODIFIED, 206),
    ...ifRange('a later date (dates compare exactly)', AFTER, 200),
    ...ifRange('an earlier date', BEFORE, 200),
    ...ifRange('*, which is no validator', '*', 200),
    ...ifRange('garbage', 'garbage', 200),
    ask('If-Range without Range is ignored', { 'If-Range': other }, 200),
    {
      title: 'If-Range that fails turns 416 into 200',
      target: '/page.txt',
      fields: { 'If-Range': other, Range: 'bytes=999999-' },
      status: 200,
      body: TEXT,
    },
  ];
}

function ifRange(title: string, value: string, status: 200 | 206): readonly Case[] {
  return [
    {
      title: `If-Range: ${title} → ${status}`,
      target: '/page.txt',
      fields: { 'If-Range': value, Range: 'bytes=0-10' },
      status,
      body: status === 206 ? 'conditional' : TEXT,
    },
  ];
}

onEveryCarrierAndProxy(t, async (t, serve, { name }) => {
  const origin = await serve({ root, cacheControl: 'max-age=9' });
  const { etag } = await validatorsOf(origin.address, '/page.txt');
  await checkCases(t, origin, claims, cases(etag));

  const large = await validatorsOf(origin.address, '/large.bin');
  await checkCases(t, origin, claims, [
    {
      title: 'a large file: 304 by ETag',
      target: '/large.bin',
      fields: { 'If-None-Match': large.etag },
      status: 304,
      wants: { etag: large.etag },
    },
    {
      title: 'a large file: 412',
      target: '/large.bin',
      fields: { 'If-Match': '"x"' },
      status: 412,
    },
  ]);

  const repeated = await request(origin.address, '/page.txt', {
    fields: { 'If-None-Match': `"a", "b"` },
  });
  claims.claim(
    t,
    name,
    'an If-None-Match list of strangers → 200',
    repeated.status === 200 ? '' : `${repeated.status}`,
  );
});

claims.settle(t);
