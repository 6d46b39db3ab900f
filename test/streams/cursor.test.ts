import fc from 'fast-check';
import t from 'tap';
import { cursorAt } from '../../src/streams/cursor.ts';

const EPOCH = Date.UTC(2024, 9, 9);

t.test('PROTOCOL.md §10.1: the number of the interval, or one beyond the client’s', async (t) => {
  const now = EPOCH + 1000 * 20_000;
  const cases: ReadonlyArray<
    readonly [why: string, given: string | undefined, random: number, cursor: string]
  > = [
    ['none is given', undefined, 0.5, '1000'],
    ['an older one', '999', 0.5, '1000'],
    ['the same: the least step', '1000', 0, '1001'],
    ['the same: the greatest step', '1000', 1 - Number.EPSILON, '1180'],
    ['a newer one', '2000', 0, '2001'],
    ['no number', 'abc', 0, '1000'],
    ['a negative one', '-5', 0, '1000'],
    ['empty', '', 0, '1000'],
    ['more digits than a number holds', '9'.repeat(16), 0, '1000'],
  ];
  for (const [why, given, random, cursor] of cases) {
    t.equal(cursorAt(now, given, random), cursor, why);
  }
  t.equal(cursorAt(now + 19_999, undefined, 0), '1000', 'until the interval ends');
  t.equal(cursorAt(now + 20_000, undefined, 0), '1001');
});

t.test('it never goes back', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: EPOCH, max: EPOCH * 2 }),
      fc.integer({ min: 0, max: 10 ** 14 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (now, given, random) => {
        const cursor = cursorAt(now, String(given), random);
        t.match(cursor, /^\d+$/);
        t.ok(Number(cursor) > given || Number(cursor) * 20_000 + EPOCH <= now);
        t.ok(Number(cursor) >= given);
      },
    ),
  );
});
