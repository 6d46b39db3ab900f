import fc from 'fast-check';
import t from 'tap';
import { formatOffset, parseFrom, parseOffset } from '../../src/streams/offsets.ts';

const ZERO = '0000000000000000_0000000000000000';

t.test('a position and its token are one', async (t) => {
  t.equal(formatOffset(0), ZERO);
  t.equal(formatOffset(1234), '0000000000000000_0000000000001234');
  const position = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(position, position, (a, b) => {
      t.equal(parseOffset(formatOffset(a)), a);
      t.equal(formatOffset(a) < formatOffset(b), a < b, 'tokens are in the order of positions');
    }),
  );
});

t.test('a token of a file that is not there is behind every tail', async (t) => {
  t.equal(parseOffset('9999999999999999_9999999999999999'), Number.POSITIVE_INFINITY);
  t.equal(parseOffset('0000000000000001_0000000000000000'), Number.POSITIVE_INFINITY);
});

t.test('where to read from', async (t) => {
  const cases: ReadonlyArray<readonly [text: string, from: unknown]> = [
    ['-1', 0],
    ['now', 'now'],
    [ZERO, 0],
    ['0000000000000000_0000000000000042', 42],
  ];
  for (const [text, from] of cases) t.equal(parseFrom(text), from, text);
});

t.test('anything else is no offset', async (t) => {
  const cases = [
    ...['', ' ', '0', '42', '-2', '-1 ', ' -1', 'NOW', 'now ', '+1', '1e3', '0x10', '1.5'],
    ...[`${ZERO} `, ` ${ZERO}`, `${ZERO}\n`, `${ZERO}0`, ZERO.slice(1), ZERO.replace('_', '-')],
    ...['../etc/passwd', 'a,b', 'a/b', '0_0', `${ZERO},${ZERO}`, `${ZERO}\u0000`],
    ...['٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠_٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠', '-000000000000001_0000000000000000'],
  ];
  for (const text of cases) t.equal(parseFrom(text), undefined, JSON.stringify(text));
});
