import fc from 'fast-check';
import t from 'tap';
import { parseRange, type RangeSpec, type Ranges, resolveRanges } from '../../src/plan/ranges.ts';

const OPEN = Number.MAX_SAFE_INTEGER;

/** Outcome in the notation of the design table: inclusive positions, or a word. */
function show(ranges: Ranges): string {
  return ranges.kind === 'spans'
    ? ranges.spans.map(({ start, end }) => `${start}..${end - 1}`).join(' ')
    : ranges.kind;
}

t.test('§14.1.2: a Range field is read', (t) => {
  const cases: ReadonlyArray<readonly [value: string, specs: readonly RangeSpec[]]> = [
    ['bytes=0-499', [{ first: 0, last: 499 }]],
    ['bytes=500-999', [{ first: 500, last: 999 }]],
    ['bytes=-500', [{ suffix: 500 }]],
    ['bytes=9500-', [{ first: 9500, last: OPEN }]],
    ['bytes=0-0,-1', [{ first: 0, last: 0 }, { suffix: 1 }]],
    [
      'bytes= 0-999, 4500-5499, -1000',
      [{ first: 0, last: 999 }, { first: 4500, last: 5499 }, { suffix: 1000 }],
    ],
    ['BYTES=1-2', [{ first: 1, last: 2 }]],
    [
      'bytes=\t1-2\t,\t3-4',
      [
        { first: 1, last: 2 },
        { first: 3, last: 4 },
      ],
    ],
    [
      'bytes=,1-2,,3-4,',
      [
        { first: 1, last: 2 },
        { first: 3, last: 4 },
      ],
    ],
    ['bytes=007-008', [{ first: 7, last: 8 }]],
    ['bytes=0-9007199254740993', [{ first: 0, last: OPEN }]],
    ['bytes=18446744073709551616-', [{ first: OPEN, last: OPEN }]],
    [`bytes=-${'9'.repeat(400)}`, [{ suffix: OPEN }]],
  ];
  for (const [value, specs] of cases) t.same(parseRange(value), specs, value);
  t.end();
});

t.test('§14.2: what is no byte range is ignored', (t) => {
  const cases = [
    ...['', 'bytes', 'bytes=', 'bytes= ', 'bytes=,', 'bytes=-', 'bytes=--1', 'bytes=abc'],
    ...['bytes=5-2', 'bytes=1-2,5-2', 'bytes=1-2,x', 'bytes=1-2;3-4', 'bytes=1-2 3-4'],
    ...['bytes=1 -2', 'bytes=1- 2', 'bytes=+1-2', 'bytes=1-+2', 'bytes=0x1-2', 'bytes=1.0-2'],
    ...['bytes=1e3-', 'bytes=-1-2', 'bytes=1-2-3', 'bytes =1-2', ' bytes=1-2', 'bytes:1-2'],
    ...['items=0-1', 'seconds=1-2', 'bytes=0-1\n', 'bytes=٠-١', 'bytes 0-1/2', '0-1'],
  ];
  for (const value of cases) t.equal(parseRange(value), undefined, JSON.stringify(value));
  t.end();
});

t.test('ranges of a representation of 1000 bytes', (t) => {
  const cases: ReadonlyArray<readonly [value: string, outcome: string, why?: string]> = [
    ['bytes=0-0', '0..0', 'sirv: whole file'],
    ['bytes=0-1', '0..1'],
    ['bytes=0-', '0..999'],
    ['bytes=0-999', '0..999', 'all of it is still a range'],
    ['bytes=0-1000', '0..999'],
    ['bytes=-5', '995..999', 'http-server: 416'],
    ['bytes=-1', '999..999'],
    ['bytes=-1000', '0..999'],
    ['bytes=-2000', '0..999', '@fastify/send: 416'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=-00', 'unsatisfiable'],
    ['bytes=999-', '999..999'],
    ['bytes=999-5000', '999..999'],
    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=1000-1000', 'unsatisfiable'],
    ['bytes=50-50', '50..50'],
    ['bytes=0-18446744073709551615', '0..999'],
    ['bytes=0-9223372036854775808', '0..999', 'nginx: 416'],
    ['bytes=9007199254740993-', 'unsatisfiable'],
    ['bytes=-18446744073709551616', '0..999'],
    ['bytes=5-2', 'whole'],
    ['bytes=abc', 'whole', '@fastify/send: 416'],
    ['items=0-1', 'whole'],
    // Several
    ['bytes=0-1,5-6', '0..1 5..6', 'static-web-server: only the first'],
    ['bytes=5-6,0-1', '5..6 0..1', 'in the order of the request'],
    ['bytes=0-1,2-3', '0..3', 'adjacent'],
    ['bytes=2-3,0-1', '0..3', 'adjacent, the other way round'],
    ['bytes=0-5,3-8', '0..8', 'overlapping'],
    ['bytes=0-9,2-3', '0..9', 'inside'],
    ['bytes=2-3,0-9', '0..9', 'around'],
    ['bytes=0-0,0-0', '0..0', 'the same twice'],
    ['bytes=0-0,-1', '0..0 999..999'],
    ['bytes=-1,0-0', '999..999 0..0'],
    ['bytes=20-29,0-9,25-39', '20..39 0..9', 'coalesced at the place of the first'],
    ['bytes=30-39,0-9,20-29', '20..39 0..9'],
    ['bytes=0-9,20-29,10-19', '0..29', 'the third joins the first two'],
    ['bytes=0-,-1', '0..999'],
    ['bytes=0-1,2000-', '0..1', 'the unsatisfiable are left out'],
    ['bytes=2000-,0-1', '0..1'],
    ['bytes=2000-,3000-', 'unsatisfiable'],
    ['bytes=-0,5-5', '5..5'],
    ['bytes=0-1,5-2', 'whole', 'one invalid, all ignored'],
    [`bytes=${'0-0,'.repeat(16)}`, '0..0', 'as many as allowed'],
    [`bytes=${'0-0,'.repeat(17)}`, 'whole', 'one more'],
    [`bytes=${'0-,'.repeat(1000)}`, 'whole', 'Apache Killer, CVE-2011-3192'],
  ];
  for (const [value, outcome, why = ''] of cases) {
    t.equal(show(resolveRanges(value, 1000, 16)), outcome, `${value.slice(0, 60)} ${why}`);
  }
  t.end();
});

t.test('an empty representation has no ranges, and no bad Content-Range', (t) => {
  for (const value of [
    'bytes=0-',
    'bytes=0-0',
    'bytes=-1',
    'bytes=-0',
    'bytes=5-',
    'bytes=0-,-1',
  ]) {
    t.equal(show(resolveRanges(value, 0, 16)), 'whole', value);
  }
  t.end();
});

t.test('one byte, and sizes around 2^31, 2^32 and 2^53', (t) => {
  const cases: ReadonlyArray<readonly [value: string, size: number, outcome: string]> = [
    ['bytes=0-0', 1, '0..0'],
    ['bytes=-1', 1, '0..0'],
    ['bytes=1-', 1, 'unsatisfiable'],
    ['bytes=2147483647-2147483648', 5_368_709_120, '2147483647..2147483648'],
    ['bytes=4294967295-4294967296', 5_368_709_120, '4294967295..4294967296'],
    ['bytes=-1', 5_368_709_120, '5368709119..5368709119'],
    ['bytes=4294967296-', 4_294_967_296, 'unsatisfiable'],
    ['bytes=9007199254740989-', OPEN, '9007199254740989..9007199254740990'],
    ['bytes=9007199254740990-9007199254740993', OPEN, '9007199254740990..9007199254740990'],
    ['bytes=9007199254740991-', OPEN, 'unsatisfiable'],
  ];
  for (const [value, size, outcome] of cases) {
    t.equal(show(resolveRanges(value, size, 16)), outcome, `${value} of ${size}`);
  }
  t.end();
});

t.test('maxRanges 0 turns ranges off, 1 leaves single ones', (t) => {
  t.equal(show(resolveRanges('bytes=0-0', 1000, 0)), 'whole');
  t.equal(show(resolveRanges('bytes=0-0', 1000, 1)), '0..0');
  t.equal(show(resolveRanges('bytes=0-0,5-5', 1000, 1)), 'whole');
  t.end();
});

/**
 * The reference model: a bitmap of wanted bytes, read character by character with BigInt, sharing
 * nothing with the implementation. Spans in ascending order.
 */
function model(value: string, size: number, maxRanges: number): string {
  if (value.slice(0, 6).toLowerCase() !== 'bytes=' || size === 0) return 'whole';
  const elements = value
    .slice(6)
    .split(',')
    .map((element) => element.replaceAll('\t', ' ').trim())
    .filter((element) => element !== '');
  if (elements.length === 0) return 'whole';
  const wanted = new Array<boolean>(size).fill(false);
  for (const element of elements) {
    const dash = element.indexOf('-');
    const before = element.slice(0, dash);
    const after = element.slice(dash + 1);
    const isNumber = (text: string) => [...text].every((c) => '0123456789'.includes(c));
    if (dash === -1 || !isNumber(before) || !isNumber(after) || before + after === '')
      return 'whole';
    let first = before === '' ? BigInt(size) - BigInt(after) : BigInt(before);
    let last = before === '' || after === '' ? BigInt(size) - 1n : BigInt(after);
    if (before !== '' && after !== '' && last < first) return 'whole';
    if (first < 0n) first = 0n;
    if (last >= BigInt(size)) last = BigInt(size) - 1n;
    for (let at = first; at <= last; at++) wanted[Number(at)] = true;
  }
  if (elements.length > maxRanges) return 'whole';
  const spans: string[] = [];
  for (let at = 0; at < size; at++) {
    if (!wanted[at] || wanted[at - 1]) continue;
    let end = at;
    while (wanted[end + 1]) end++;
    spans.push(`${at}..${end}`);
  }
  return spans.length === 0 ? 'unsatisfiable' : spans.join(' ');
}

const position = fc.oneof(
  fc.nat(70).map(String),
  fc.constantFrom('', '0', '00', '63', '64', '18446744073709551616'),
);
const element = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(position, position).map(([a, b]) => `${a}-${b}`) },
  { weight: 1, arbitrary: fc.constantFrom('', ' ', 'x', '1', '1--2', '- 1', '1-2 ') },
);
const header = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .tuple(
        fc.constantFrom('bytes=', 'bytes=', 'bytes=', 'Bytes=', 'bytes= ', 'items=', 'bytes'),
        fc.array(element, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(',', ', ', ' ,'),
      )
      .map(([unit, elements, comma]) => unit + elements.join(comma)),
  },
  { weight: 1, arbitrary: fc.string() },
);

t.test('property: any Range field means what the reference model says', (t) => {
  fc.assert(
    fc.property(header, fc.nat(64), fc.nat(8), (value, size, maxRanges) => {
      const ranges = resolveRanges(value, size, maxRanges);
      const sorted =
        ranges.kind === 'spans'
          ? {
              ...ranges,
              spans: [...ranges.spans].sort((a, b) => a.start - b.start),
            }
          : ranges;
      const expected = model(value, size, maxRanges);
      if (show(sorted) !== expected) throw new Error(`${show(sorted)} is not ${expected}`);
    }),
    { numRuns: 20_000 },
  );
  t.end();
});

t.test('property: spans lie inside, are not empty, and neither overlap nor touch', (t) => {
  fc.assert(
    fc.property(header, fc.integer({ min: 1, max: 64 }), (value, size) => {
      const ranges = resolveRanges(value, size, 8);
      if (ranges.kind !== 'spans') return true;
      const sorted = [...ranges.spans].sort((a, b) => a.start - b.start);
      return sorted.every(({ start, end }, index) => {
        const next = sorted[index + 1];
        return start >= 0 && start < end && end <= size && (next === undefined || end < next.start);
      });
    }),
  );
  t.end();
});
