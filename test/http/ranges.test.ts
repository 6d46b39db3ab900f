// One range of a file on every carrier: RFC 9110 §14.
import t from 'tap';
import { makeTree, pattern } from '../support/tree.ts';
import { onEveryCarrierAndProxy } from './carriers.ts';
import { type Case, checkCases } from './cases.ts';
import { claimsExcept } from './claims.ts';

const SIZE = 1000;
const small = pattern(SIZE);
/** Larger than the memory cache takes and than sendfile's minimum. */
const LARGE = 300_000;
const large = pattern(LARGE);
const root = makeTree(t, {
  'small.bin': { size: SIZE },
  'large.bin': { size: LARGE },
  'one.bin': 'x',
  'empty.bin': '',
  'note.txt': 'text',
});
const claims = claimsExcept([]);

type Row = readonly [range: string, answer: readonly [first: number, last: number] | 200 | 416];

/** Size 1000. Most lines are mistakes that popular servers make. */
const SINGLE: readonly Row[] = [
  ['bytes=0-0', [0, 0]],
  ['bytes=0-1', [0, 1]],
  ['bytes=0-999', [0, 999]],
  ['bytes=0-1000', [0, 999]],
  ['bytes=0-', [0, 999]],
  ['bytes=1-', [1, 999]],
  ['bytes=50-50', [50, 50]],
  ['bytes=500-599', [500, 599]],
  ['bytes=999-999', [999, 999]],
  ['bytes=999-', [999, 999]],
  ['bytes=999-5000', [999, 999]],
  ['bytes=998-99999999999999999999999999', [998, 999]],
  ['bytes=000-0010', [0, 10]],
  ['bytes=-1', [999, 999]],
  ['bytes=-5', [995, 999]],
  ['bytes=-1000', [0, 999]],
  ['bytes=-1001', [0, 999]],
  ['bytes=-2000', [0, 999]],
  ['bytes=-9223372036854775808', [0, 999]],
  ['bytes=-18446744073709551616', [0, 999]],
  ['Bytes=0-1', [0, 1]],
  ['bytes= 0-1', [0, 1]],
  ['bytes=,0-1,', [0, 1]],
  ['bytes=0-4,5-9', [0, 9]],
  ['bytes=0-9,5-14', [0, 14]],
  ['bytes=5-9,0-4', [0, 9]],
  ['bytes=0-999,0-999', [0, 999]],
  ['bytes=2000-,0-1', [0, 1]],
  ['bytes=-0,0-1', [0, 1]],
  ['bytes=1000-', 416],
  ['bytes=1000-1000', 416],
  ['bytes=1000-2000', 416],
  ['bytes=99999999999999999999-', 416],
  ['bytes=9223372036854775808-9223372036854775809', 416],
  ['bytes=-0', 416],
  ['bytes=1000-,-0', 416],
  ['bytes=5-2', 200],
  ['bytes=abc', 200],
  ['bytes=a-b', 200],
  ['bytes=0-x', 200],
  ['bytes=0x0-0x5', 200],
  ['bytes=1.5-2', 200],
  ['bytes=+1-2', 200],
  ['bytes=--1', 200],
  ['bytes=-', 200],
  ['bytes=', 200],
  ['bytes', 200],
  ['bytes=0', 200],
  ['bytes=0 - 1', 200],
  ['bytes 0-1', 200],
  ['bytes:0-1', 200],
  ['items=0-1', 200],
  ['0-1', 200],
  ['bytes=0-1;2-3', 200],
  ['bytes=0-1,x', 200],
  ['bytes=0-1,5-2', 200],
];

function single([range, answer]: Row): Case {
  const base = { title: `size 1000, ${range}`, target: '/small.bin', fields: { Range: range } };
  if (answer === 200) return { ...base, status: 200, body: small };
  if (answer === 416) return { ...base, status: 416, wants: { 'content-range': 'bytes */1000' } };
  const [first, last] = answer;
  const wants = { 'content-range': `bytes ${first}-${last}/1000`, 'accept-ranges': 'bytes' };
  return { ...base, status: 206, wants, body: small.subarray(first, last + 1) };
}

const OTHERS: readonly Case[] = [
  {
    title: 'no Range: Accept-Ranges says that there could be one',
    target: '/small.bin',
    status: 200,
    wants: { 'accept-ranges': 'bytes' },
    body: small,
  },
  {
    title: 'size 0, bytes=0-0: the whole of nothing',
    target: '/empty.bin',
    fields: { Range: 'bytes=0-0' },
    status: 200,
    body: '',
  },
  {
    title: 'size 0, bytes=-1: the whole of nothing',
    target: '/empty.bin',
    fields: { Range: 'bytes=-1' },
    status: 200,
    body: '',
  },
  {
    title: 'size 0, bytes=0-',
    target: '/empty.bin',
    fields: { Range: 'bytes=0-' },
    status: 200,
    body: '',
  },
  {
    title: 'size 1, bytes=0-0',
    target: '/one.bin',
    fields: { Range: 'bytes=0-0' },
    status: 206,
    body: 'x',
  },
  {
    title: 'size 1, bytes=1-',
    target: '/one.bin',
    fields: { Range: 'bytes=1-' },
    status: 416,
    wants: { 'content-range': 'bytes */1' },
  },
  {
    title: 'a large file from its middle',
    target: '/large.bin',
    fields: { Range: 'bytes=100001-200000' },
    status: 206,
    body: large.subarray(100_001, 200_001),
  },
  {
    title: 'a large file: its last byte',
    target: '/large.bin',
    fields: { Range: 'bytes=-1' },
    status: 206,
    body: large.subarray(-1),
  },
  {
    title: 'a large file: a few bytes of it',
    target: '/large.bin',
    fields: { Range: 'bytes=65530-65541' },
    status: 206,
    body: large.subarray(65_530, 65_542),
  },
  {
    title: 'Range has no meaning for HEAD (§14.2)',
    target: '/small.bin',
    method: 'HEAD',
    fields: { Range: 'bytes=0-0' },
    status: 200,
    wants: { 'content-length': '1000' },
  },
  {
    title: 'nor has an unsatisfiable one',
    target: '/small.bin',
    method: 'HEAD',
    fields: { Range: 'bytes=1000-' },
    status: 200,
    wants: { 'content-length': '1000' },
  },
  { title: 'nor for a 404', target: '/none.bin', fields: { Range: 'bytes=0-0' }, status: 404 },
  {
    title: '206 keeps the type',
    target: '/note.txt',
    fields: { Range: 'bytes=1-2' },
    status: 206,
    wants: { 'content-type': 'text/plain; charset=utf-8' },
    body: 'ex',
  },
];

onEveryCarrierAndProxy(t, async (t, serve) => {
  const origin = await serve({ root });
  await checkCases(t, origin, claims, [...SINGLE.map(single), ...OTHERS]);

  const none = await serve({ root, maxRanges: 0 });
  await checkCases(t, none, claims, [
    {
      title: 'maxRanges 0: Range is ignored, and Accept-Ranges says so',
      target: '/small.bin',
      fields: { Range: 'bytes=0-0' },
      status: 200,
      wants: { 'accept-ranges': 'none' },
      body: small,
    },
  ]);
  const one = await serve({ root, maxRanges: 1 });
  await checkCases(t, one, claims, [
    {
      title: 'maxRanges 1: one range is answered',
      target: '/small.bin',
      fields: { Range: 'bytes=0-0' },
      status: 206,
      body: small.subarray(0, 1),
    },
    {
      title: 'maxRanges 1: two get the whole',
      target: '/small.bin',
      fields: { Range: 'bytes=0-0,5-5' },
      status: 200,
      body: small,
    },
  ]);
});

claims.settle(t);
