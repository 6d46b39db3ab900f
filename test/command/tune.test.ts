// Where `zcserve tune` puts the thresholds, for given costs, and when it gives no advice.
import fc from 'fast-check';
import t from 'tap';
import {
  type Advice,
  advise,
  chooseThresholds,
  type Measured,
  type Run,
  spreadOf,
  type Thresholds,
} from '../../src/command/tune/thresholds.ts';
import { report } from '../../src/command/tune/tune.ts';
import { chooseStrategy } from '../../src/plan/strategy.ts';
import type { Representation } from '../../src/plan/types.ts';

const at = (size: number, read: number, mmap: number, sendfile: number): Measured => ({
  size,
  cost: {
    read: { server: read, whole: 2 * read },
    mmap: { server: mmap, whole: 2 * mmap },
    sendfile: { server: sendfile, whole: 10 * sendfile },
  },
});

t.test('tune changes the strategy where that is best over all sizes', async (t) => {
  const table: readonly (readonly [string, Run, Thresholds])[] = [
    [
      'one crossing',
      [at(1024, 5, 4, 6), at(2048, 6, 5, 5.5), at(4096, 9, 8, 6)],
      { mmapMax: 2048, sendfileMin: 2048 },
    ],
    [
      'one noisy size below the crossing moves nothing',
      [at(1024, 4, 4, 3.9), at(2048, 5, 4, 6), at(4096, 9, 8, 6)],
      { mmapMax: 2048, sendfileMin: 2048 },
    ],
    [
      'what is not in memory yet may be read',
      [at(1024, 5, 4, 6), at(2048, 5, 4, 6), at(4096, 7, 4, 6), at(8192, 9, 8, 6)],
      { mmapMax: 4096, sendfileMin: 4096 },
    ],
    [
      'or go by sendfile from a smaller size on than memory ends',
      [at(1024, 5, 2, 6), at(2048, 7, 3, 6), at(4096, 9, 5, 6)],
      { mmapMax: 4096, sendfileMin: 2048 },
    ],
    [
      'read better than sendfile above what memory carries leaves no hole',
      [at(1024, 5, 4, 6), at(4096, 5, 7, 6), at(16_384, 9, 9, 6)],
      { mmapMax: 1024, sendfileMin: 1024 },
    ],
    ['sendfile is always best', [at(1024, 5, 4, 3)], { mmapMax: 0, sendfileMin: 0 }],
  ];
  for (const [name, run, thresholds] of table) {
    t.strictSame(chooseThresholds(run, 'server'), thresholds, name);
  }
  t.strictSame(
    chooseThresholds([at(1024, 9, 9, 3)], 'whole'),
    { mmapMax: 1024, sendfileMin: 1024 },
    'the whole cost counts the client',
  );
});

t.test('whatever is measured, no size beyond the memory cache goes by read', async (t) => {
  const sizes = [1, 4, 16, 32, 64, 128, 256].map((size) => size * 1024);
  const cost = fc.double({ min: 0.5, max: 500, noNaN: true });
  const run = fc
    .array(fc.tuple(cost, cost, cost), { minLength: sizes.length, maxLength: sizes.length })
    .map((costs) => sizes.map((size, i) => at(size, ...(costs[i] ?? [1, 1, 1]))));
  fc.assert(
    fc.property(run, fc.integer({ min: 1, max: 400_000 }), (run, size) => {
      const thresholds = chooseThresholds(run, 'server');
      const file = { size, cached: size <= thresholds.mmapMax, trusted: true };
      const limits = { forced: 'auto' as const, ...thresholds };
      const choice = chooseStrategy(file as Representation, size, { limits, reach: 'engine' });
      return choice.strategy !== 'read';
    }),
    { numRuns: 2000 },
  );
  t.pass('in 2000 measurements');
});

const AT_16K = [at(1024, 5, 4, 9), at(4096, 5, 4, 9), at(16_384, 8, 7, 9), at(65_536, 9, 9, 5)];
const AT_4K = [at(1024, 5, 4, 9), at(4096, 5, 4, 9), at(16_384, 8, 7, 6), at(65_536, 9, 9, 5)];
const AT_NONE = [at(1024, 5, 4, 3), at(4096, 5, 4, 3), at(16_384, 8, 7, 3), at(65_536, 9, 9, 3)];

t.test('advice is given where every run gives nearly the same', async (t) => {
  const settled = (mmapMax: number): Advice => ({
    kind: 'settled',
    thresholds: { mmapMax, sendfileMin: mmapMax },
  });
  t.strictSame(advise([AT_16K, AT_16K, AT_16K], 'server'), settled(16_384));
  t.strictSame(advise([AT_16K, AT_4K, AT_16K], 'server'), settled(16_384), 'a step apart');
  const apart = advise([AT_16K, AT_NONE, AT_16K], 'server');
  t.equal(apart.kind, 'apart', 'two steps and more');
  t.strictSame(
    apart.kind === 'apart' && apart.runs.map(({ mmapMax }) => mmapMax),
    [16_384, 0, 16_384],
  );
});

t.test('the spread is half of what lies between the runs', async (t) => {
  const runs = [[at(1024, 8, 4, 3)], [at(1024, 10, 4, 3)], [at(1024, 12, 4, 3)]];
  t.equal(spreadOf(runs, 0, 'read'), 0.2);
  t.equal(spreadOf(runs, 0, 'mmap'), 0);
});

t.test('the report shows medians and spread, then flags, or that there is no advice', async (t) => {
  const steady = report([AT_16K, AT_4K, AT_16K]);
  t.match(steady, / 16 KiB +8\.0 +0% +16\.0 +7\.0 +0% +14\.0 +9\.0 +17% +90\.0\n/);
  t.match(steady, /own CPU time\):\n {2}zcserve --mmap-max 16k --sendfile-min 16k\n/);
  const noisy = report([AT_16K, AT_NONE, AT_4K]);
  t.match(
    noisy,
    /no advice, for the runs do not agree: .*\n {4}--mmap-max 16k .*\n {4}--mmap-max 0k /,
  );
});
