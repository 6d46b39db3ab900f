// Several ranges in one answer, and ranges beyond 2^31 and 2^32, on every carrier: RFC 9110 §14.6, §15.3.7.
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { request } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { type Origin, onEveryCarrier } from './carriers.ts';
import { type Case, checkCases } from './cases.ts';
import { claimsExcept } from './claims.ts';
import { readMultipart } from './multipart.ts';

/** Larger than the memory cache takes and than sendfile's minimum. */
const LARGE = 300_000;
const large = pattern(LARGE);
const GIB = 2 ** 30;
/** Around each of these the sparse file has bytes; everywhere else it is a hole. */
const MARKS = [0, 2 ** 31, 2 ** 32, 5 * GIB - 64];
const MARK_BYTES = 128;

const root = makeTree(t, { 'large.bin': { size: LARGE }, 'sparse.bin': { sparse: 5 * GIB } });
plantMarks(join(root, 'sparse.bin'));
const claims = claimsExcept([]);

function plantMarks(path: string): void {
  const fd = openSync(path, 'r+');
  for (const [i, mark] of MARKS.entries()) {
    const start = Math.max(0, mark - MARK_BYTES / 2);
    writeSync(fd, pattern(MARK_BYTES, i), 0, Math.min(MARK_BYTES, 5 * GIB - start), start);
  }
  closeSync(fd);
}

/** The bytes that the sparse file has at [start, end). */
function sparseBytes(start: number, end: number): Buffer {
  const bytes = Buffer.alloc(end - start);
  for (const [i, mark] of MARKS.entries()) {
    const from = Math.max(0, mark - MARK_BYTES / 2);
    for (const [k, byte] of pattern(MARK_BYTES, i).entries()) {
      if (from + k >= start && from + k < end) bytes[from + k - start] = byte;
    }
  }
  return bytes;
}

type Spans = ReadonlyArray<readonly [first: number, last: number]>;

/** Size 300 000: what is left after coalescing, in the order asked. Undefined: the whole, as 200. */
const SEVERAL: ReadonlyArray<readonly [range: string, spans: Spans | undefined]> = [
  [
    'bytes=0-0,2-2',
    [
      [0, 0],
      [2, 2],
    ],
  ],
  [
    'bytes=0-1,5-6',
    [
      [0, 1],
      [5, 6],
    ],
  ],
  [
    'bytes=5-6,0-1',
    [
      [5, 6],
      [0, 1],
    ],
  ],
  [
    'bytes=0-9, 20-29 ,40-49',
    [
      [0, 9],
      [20, 29],
      [40, 49],
    ],
  ],
  [
    'bytes=0-9,-10',
    [
      [0, 9],
      [LARGE - 10, LARGE - 1],
    ],
  ],
  [
    'bytes=-10,0-9',
    [
      [LARGE - 10, LARGE - 1],
      [0, 9],
    ],
  ],
  [
    'bytes=0-9,300000-,20-29',
    [
      [0, 9],
      [20, 29],
    ],
  ],
  [
    'bytes=0-9,5-14,100-109',
    [
      [0, 14],
      [100, 109],
    ],
  ],
  [
    'bytes=0-9,10-19,100-109',
    [
      [0, 19],
      [100, 109],
    ],
  ],
  [
    'bytes=0-70000,100000-170000',
    [
      [0, 70_000],
      [100_000, 170_000],
    ],
  ],
  [
    'bytes=200000-,0-65535',
    [
      [200_000, LARGE - 1],
      [0, 65_535],
    ],
  ],
  ['bytes=0-149998,150000-299999', undefined],
  [
    `bytes=${Array.from({ length: 16 }, (_, i) => `${i * 10}-${i * 10}`).join(',')}`,
    Array.from({ length: 16 }, (_, i) => [i * 10, i * 10] as const),
  ],
  [`bytes=${Array.from({ length: 17 }, (_, i) => `${i * 10}-${i * 10}`).join(',')}`, undefined],
  [`bytes=${Array.from({ length: 1000 }, () => '0-').join(',')}`, undefined],
];

async function checkMultipart(t: Test, origin: Origin): Promise<void> {
  for (const [range, spans] of SEVERAL) {
    const title = range.length > 60 ? `${range.slice(0, 50)}… (${range.split(',').length})` : range;
    for (const time of ['at first', 'again', 'a third time']) {
      const answer = await request(origin.address, '/large.bin', { fields: { Range: range } });
      if (spans === undefined) {
        claims.claim(
          t,
          origin.carrier.name,
          `${title} → the whole, ${time}`,
          answer.status === 200 && answer.body.equals(large) ? '' : `${answer.status}`,
        );
        continue;
      }
      t.equal(answer.status, 206, `${title}, ${time}`);
      const parts = readMultipart(answer);
      t.same(
        parts.map(({ first, last }) => [first, last]),
        spans,
        `${title}: spans`,
      );
      t.ok(
        parts.every(
          ({ first, last, size, type, bytes }) =>
            size === LARGE &&
            type === 'application/octet-stream' &&
            bytes.equals(large.subarray(first, last + 1)),
        ),
        `${title}: bytes`,
      );
      t.ok(answer.body.length <= LARGE, `${title}: no longer than the whole`);
    }
  }
}

/** Half-open, around the borders of signed and unsigned 32-bit numbers and at the end. */
const FAR: ReadonlyArray<readonly [start: number, end: number]> = [
  [2 ** 31 - 1, 2 ** 31],
  [2 ** 31, 2 ** 31 + 1],
  [2 ** 31 - 40, 2 ** 31 + 40],
  [2 ** 32 - 1, 2 ** 32],
  [2 ** 32, 2 ** 32 + 1],
  [2 ** 32 - 100, 2 ** 32 + 100],
  [2 ** 32 - 100_000, 2 ** 32 + 100_000],
  [5 * GIB - 1, 5 * GIB],
  [5 * GIB - 200, 5 * GIB],
];

const FAR_CASES: readonly Case[] = [
  ...FAR.map(
    ([start, end]): Case => ({
      title: `5 GiB, ${start}-${end - 1}`,
      target: '/sparse.bin',
      fields: { Range: `bytes=${start}-${end - 1}` },
      status: 206,
      wants: { 'content-range': `bytes ${start}-${end - 1}/${5 * GIB}` },
      body: sparseBytes(start, end),
    }),
  ),
  {
    title: '5 GiB: a suffix',
    target: '/sparse.bin',
    fields: { Range: 'bytes=-64' },
    status: 206,
    body: sparseBytes(5 * GIB - 64, 5 * GIB),
  },
  {
    title: '5 GiB: from its end',
    target: '/sparse.bin',
    fields: { Range: `bytes=${5 * GIB}-` },
    status: 416,
    wants: { 'content-range': `bytes */${5 * GIB}` },
  },
  {
    title: '5 GiB: HEAD',
    target: '/sparse.bin',
    method: 'HEAD',
    status: 200,
    wants: { 'content-length': String(5 * GIB) },
  },
];

onEveryCarrier(t, async (t, serve) => {
  const origin = await serve({ root });
  await checkCases(t, origin, claims, FAR_CASES);
  await checkMultipart(t, origin);

  const far = await request(origin.address, '/sparse.bin', {
    fields: { Range: `bytes=${2 ** 31 - 10}-${2 ** 31 + 9},${2 ** 32 - 10}-${2 ** 32 + 9}` },
  });
  t.same(
    readMultipart(far).map(({ bytes }) => bytes.toString('hex')),
    [2 ** 31, 2 ** 32].map((at) => sparseBytes(at - 10, at + 10).toString('hex')),
    '5 GiB: two parts on either side of 2^31 and 2^32',
  );
});

claims.settle(t);
