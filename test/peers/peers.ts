// zcserve's middleware and its peers side by side: each difference is intended, and listed with its reason.
import t from 'tap';
import { CASES } from './cases.ts';
import { explain, type Found } from './explain.ts';
import { differencesOf, observe } from './observe.ts';
import { PAIRS } from './pairs.ts';
import { makeTrees } from './tree.ts';

const trees = makeTrees(t);
const found: Found[] = [];

for (const { peer, startTheirs, startOurs } of PAIRS) {
  t.test(`as ${peer}, but for what is listed`, async (t) => {
    for (const each of CASES.filter(({ peers }) => peers?.includes(peer) ?? true)) {
      const ours = await observe(startOurs, each, trees);
      const theirs = await observe(startTheirs, each, trees);
      const differences = differencesOf(ours, theirs).map((one) => ({
        ...{ ...one, peer, title: each.title },
      }));
      found.push(...differences);
      t.same(explain(differences).unexplained, [], each.title);
    }
  });
}

t.test('every difference that is listed occurs', async (t) => {
  t.same(explain(found).stale, []);
});
