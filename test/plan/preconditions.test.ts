import fc from 'fast-check';
import t, { type Test } from 'tap';
import {
  isRangeCurrent,
  judgePreconditions,
  parseEntityTags,
  type Verdict,
} from '../../src/plan/preconditions.ts';
import type { RequestFields } from '../../src/plan/request.ts';
import { LAST_MODIFIED, NOW } from './given.ts';

const EARLIER = 'Sun, 06 Nov 1994 08:49:36 GMT';
const LATER = 'Sun, 06 Nov 1994 08:49:38 GMT';
const RFC850 = 'Sunday, 06-Nov-94 08:49:37 GMT';
const ASCTIME = 'Sun Nov  6 08:49:37 1994';
const FULL = { etag: '"a"', lastModified: LAST_MODIFIED };
const BARE = { etag: undefined, lastModified: undefined };

type Case = readonly [fields: RequestFields, verdict: Verdict, why?: string];

function judge(t: Test, validators: typeof FULL | typeof BARE, cases: readonly Case[]): void {
  for (const [fields, verdict, why = ''] of cases) {
    t.equal(judgePreconditions(fields, validators), verdict, `${JSON.stringify(fields)} ${why}`);
  }
  t.end();
}

t.test('without conditions a request proceeds', (t) => {
  judge(t, FULL, [
    [{}, 'proceed'],
    [
      { range: 'bytes=0-1', 'if-range': '"b"' },
      'proceed',
      '(If-Range is no precondition of these)',
    ],
  ]);
});

t.test('§13.1.1 If-Match: strong comparison', (t) => {
  judge(t, FULL, [
    [{ 'if-match': '"a"' }, 'proceed'],
    [{ 'if-match': '"b", "a"' }, 'proceed'],
    [{ 'if-match': '"b","a","c"' }, 'proceed'],
    [{ 'if-match': ', ,"a" ,' }, 'proceed', '(empty elements, §5.6.1.2)'],
    [{ 'if-match': '*' }, 'proceed'],
    [{ 'if-match': '"b"' }, 'failed'],
    [{ 'if-match': 'W/"a"' }, 'failed', '(weak never matches strongly)'],
    [{ 'if-match': 'a' }, 'failed', '(no entity-tag)'],
    [{ 'if-match': '' }, 'failed'],
    [{ 'if-match': '*, "a"' }, 'failed', '(neither * nor a list)'],
    [{ 'if-match': '"a" "b"' }, 'failed', '(no comma)'],
    [{ 'if-match': '"A"' }, 'failed', '(case matters)'],
  ]);
});

t.test('§13.1.1 If-Match without an ETag: only * matches', (t) => {
  judge(t, BARE, [
    [{ 'if-match': '*' }, 'proceed'],
    [{ 'if-match': '"a"' }, 'failed'],
  ]);
});

t.test('§13.1.4 If-Unmodified-Since', (t) => {
  judge(t, FULL, [
    [{ 'if-unmodified-since': LAST_MODIFIED }, 'proceed'],
    [{ 'if-unmodified-since': RFC850 }, 'proceed'],
    [{ 'if-unmodified-since': ASCTIME }, 'proceed'],
    [{ 'if-unmodified-since': LATER }, 'proceed'],
    [{ 'if-unmodified-since': EARLIER }, 'failed'],
    [{ 'if-unmodified-since': 'Saturday, 05-Nov-94 08:49:37 GMT' }, 'failed'],
    [{ 'if-unmodified-since': 'yesterday' }, 'proceed', '(invalid: ignored; nginx says 412)'],
    [{ 'if-unmodified-since': '' }, 'proceed'],
    [{ 'if-unmodified-since': `${EARLIER}, ${EARLIER}` }, 'proceed', '(two dates are none)'],
    [{ 'if-unmodified-since': 'Mon, 06 Nov 1994 08:49:36 GMT' }, 'proceed', '(no such Monday)'],
  ]);
});

t.test('§13.1.2 If-None-Match: weak comparison', (t) => {
  judge(t, FULL, [
    [{ 'if-none-match': '"a"' }, 'not-modified'],
    [{ 'if-none-match': 'W/"a"' }, 'not-modified'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"b", W/"a"' }, 'not-modified', '(a list; sirv compares strings)'],
    [{ 'if-none-match': '"b","a"' }, 'not-modified'],
    [{ 'if-none-match': '"b"\t,\t"a"' }, 'not-modified'],
    [{ 'if-none-match': '"b,", "a"' }, 'not-modified', '(a comma inside a tag)'],
    [{ 'if-none-match': '"b"' }, 'proceed'],
    [{ 'if-none-match': 'w/"a"' }, 'proceed', '(W/ is case-sensitive)'],
    [{ 'if-none-match': 'W/ "a"' }, 'proceed'],
    [{ 'if-none-match': 'a' }, 'proceed'],
    [{ 'if-none-match': '"a' }, 'proceed'],
    [{ 'if-none-match': '' }, 'proceed'],
    [{ 'if-none-match': '"b, "a"' }, 'proceed'],
  ]);
});

t.test('§13.1.2 If-None-Match without an ETag: only * matches', (t) => {
  judge(t, BARE, [
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"a"' }, 'proceed'],
  ]);
});

t.test('§13.1.3 If-Modified-Since', (t) => {
  judge(t, FULL, [
    [{ 'if-modified-since': LAST_MODIFIED }, 'not-modified'],
    [{ 'if-modified-since': RFC850 }, 'not-modified'],
    [{ 'if-modified-since': ASCTIME }, 'not-modified'],
    [{ 'if-modified-since': LATER }, 'not-modified'],
    [{ 'if-modified-since': 'Fri, 31 Dec 9999 23:59:59 GMT' }, 'not-modified'],
    [{ 'if-modified-since': EARLIER }, 'proceed'],
    [{ 'if-modified-since': 'invalid' }, 'proceed'],
    [{ 'if-modified-since': '0' }, 'proceed'],
    [{ 'if-modified-since': '1994-11-06T08:49:37Z' }, 'proceed'],
    [{ 'if-modified-since': `${LAST_MODIFIED}; length=1000` }, 'proceed', '(a Netscape extension)'],
  ]);
});

t.test('dates without Last-Modified are ignored', (t) => {
  judge(t, BARE, [
    [{ 'if-modified-since': LATER }, 'proceed'],
    [{ 'if-unmodified-since': EARLIER }, 'proceed'],
  ]);
});

t.test('§13.2.2: the order', (t) => {
  judge(t, FULL, [
    [{ 'if-match': '"a"', 'if-unmodified-since': EARLIER }, 'proceed', '(2 only without 1)'],
    [{ 'if-match': '"b"', 'if-unmodified-since': LATER }, 'failed'],
    [{ 'if-match': '"b"', 'if-none-match': '"a"' }, 'failed', '(1 before 3)'],
    [{ 'if-match': '"a"', 'if-none-match': '"a"' }, 'not-modified'],
    [{ 'if-match': '"a"', 'if-none-match': '"b"' }, 'proceed'],
    [{ 'if-match': '"a"', 'if-modified-since': LATER }, 'not-modified'],
    [{ 'if-unmodified-since': EARLIER, 'if-none-match': '"a"' }, 'failed', '(2 before 3)'],
    [{ 'if-unmodified-since': LATER, 'if-none-match': '"a"' }, 'not-modified'],
    [{ 'if-unmodified-since': 'x', 'if-none-match': '"a"' }, 'not-modified'],
    [{ 'if-none-match': '"b"', 'if-modified-since': LATER }, 'proceed', '(4 only without 3)'],
    [{ 'if-none-match': 'garbage', 'if-modified-since': LATER }, 'proceed'],
    [{ 'if-none-match': '', 'if-modified-since': LATER }, 'proceed'],
    [{ 'if-none-match': '"a"', 'if-modified-since': EARLIER }, 'not-modified'],
    [{ 'if-unmodified-since': LAST_MODIFIED, 'if-modified-since': LAST_MODIFIED }, 'not-modified'],
  ]);
});

t.test('§13.1.5 If-Range: Range counts only for the very same representation', (t) => {
  const cases: ReadonlyArray<readonly [value: string | undefined, current: boolean, why?: string]> =
    [
      [undefined, true],
      ['"a"', true],
      [LAST_MODIFIED, true],
      ['W/"a"', false, 'weak'],
      ['"b"', false],
      ['"a", "b"', false, 'no list'],
      ['*', false, 'no wildcard'],
      ['', false],
      ['a', false],
      [EARLIER, false],
      [LATER, false, 'exact, not "unmodified since"'],
      [RFC850, false, 'not the field value that was sent'],
      ['garbage', false],
    ];
  for (const [value, current, why = ''] of cases) {
    t.equal(isRangeCurrent(value, FULL, NOW), current, `${JSON.stringify(value)} ${why}`);
  }
  t.equal(isRangeCurrent('"a"', BARE, NOW), false, 'an ETag where there is none');
  t.equal(isRangeCurrent(LAST_MODIFIED, BARE, NOW), false, 'a date where there is none');
  t.equal(isRangeCurrent('W/"a"', { ...FULL, etag: 'W/"a"' }, NOW), false, 'weak on both sides');
  t.end();
});

t.test(
  '§8.8.2.2: a date is strong once its second has been over for the Date of the answer',
  (t) => {
    const written = Date.parse(LAST_MODIFIED);
    const cases: ReadonlyArray<readonly [afterMs: number, current: boolean]> = [
      [0, false],
      [999, false],
      // Whoever writes Date may still say the second before.
      [1999, false],
      [2000, true],
      [2999, true],
      [60_000, true],
      // The clock was set back since.
      [-1000, false],
    ];
    for (const [after, current] of cases) {
      t.equal(isRangeCurrent(LAST_MODIFIED, FULL, written + after), current, `${after} ms later`);
      t.equal(isRangeCurrent('"a"', FULL, written + after), true, 'an ETag is strong at once');
    }
    t.end();
  },
);

t.test('§8.8.3: lists of entity-tags', (t) => {
  const cases: ReadonlyArray<readonly [value: string, tags: readonly string[]]> = [
    ['"a"', ['"a"']],
    ['""', ['""']],
    ['W/"a"', ['W/"a"']],
    [' "a" , W/"b" ', ['"a"', 'W/"b"']],
    ['"a,b","c"', ['"a,b"', '"c"']],
    ['"\\"', ['"\\"']],
    ['"\x80\xff"', ['"\x80\xff"']],
    [',,,', []],
    ['"a b"', []],
    ['"a""b"', []],
    ['"a";x', []],
    ["'a'", []],
  ];
  for (const [value, tags] of cases) t.same(parseEntityTags(value), tags, JSON.stringify(value));
  t.equal(parseEntityTags(`${' '.repeat(60_000)}x`).length, 0, 'linear on hostile white space');
  t.end();
});

t.test('property: any list of entity-tags is read back', (t) => {
  const tag = fc
    .tuple(
      fc.constantFrom('', 'W/'),
      fc.string({ unit: 'binary-ascii' }).map((s) => s.replace(/[^\x21\x23-\x7e]/g, '')),
    )
    .map(([weak, opaque]) => `${weak}"${opaque}"`);
  const separator = fc.constantFrom(',', ', ', ' ,\t', ',,', ' , , ');
  fc.assert(
    fc.property(fc.array(tag, { minLength: 1 }), separator, (tags, comma) => {
      return JSON.stringify(parseEntityTags(tags.join(comma))) === JSON.stringify(tags);
    }),
  );
  t.end();
});
