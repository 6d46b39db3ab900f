// The order of names in a listing: the same in JavaScript and in the addon, a total order, and by number.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { compareNames } from '../../src/plan/natural-order.ts';
import { addon, makeSite } from '../files/fixture.ts';
import { itemsOf } from '../support/contents.ts';
import { makeTree } from '../support/tree.ts';

/** In order. */
const TABLE: ReadonlyArray<readonly string[]> = [
  ['f1', 'f2', 'f10', 'f100'],
  ['f01', 'f1', 'f001x', 'f01x', 'f1x'],
  ['1', '2', '10', '100000000000000000000', '100000000000000000001'],
  ['v1.2.9', 'v1.2.10', 'v1.10.0'],
  ['0', '0a', '00b'],
  ['-1', '-2', '.1', '1', ':1', 'a'],
  ['README', 'a', 'a1', 'aa', 'ä', '日', '🦊', '\uffee'],
  ['2026-9-1', '2026-10-1'],
  ['a', 'a0', 'a0b', 'a1'],
];

t.test('names by number, the rest by code unit', (t) => {
  for (const names of TABLE)
    t.same([...names].reverse().sort(compareNames), names, names.join(' '));
  t.end();
});

const name = fc
  .string({ unit: fc.constantFrom('0', '1', '2', '9', 'a', 'B', '.', 'é', '🦊', '\uffee') })
  .filter((text) => text !== '' && !text.startsWith('.'));

t.test('property: a total order', (t) => {
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      const [ab, ba] = [Math.sign(compareNames(a, b)), Math.sign(compareNames(b, a))];
      const transitive = !(ab <= 0 && compareNames(b, c) <= 0) || compareNames(a, c) <= 0;
      return ab === -ba + 0 && (ab === 0) === (a === b) && transitive;
    }),
    { numRuns: 5000 },
  );
  t.end();
});

t.test('the addon has the same order', { skip: addon === undefined && 'no addon' }, async (t) => {
  const root = makeTree(t);
  const names = new Set([...fc.sample(name, { numRuns: 400, seed: 1 }), ...TABLE.flat()]);
  const written = [...names].filter((one) => !one.startsWith('.') && one.length < 60);
  for (const one of written) writeFileSync(join(root, one), '');
  const site = makeSite(t, root, { addon, policy: { listing: true, index: [] } });
  const found = await site.list('/');
  if (found.kind !== 'contents') throw new Error(found.kind);
  t.equal(found.sorted, true);
  t.same(
    itemsOf(found).map((item) => item.name),
    written.sort(compareNames),
  );
});
