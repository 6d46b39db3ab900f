// Where `zcserve tune` puts the thresholds, for given costs.
import t from 'tap';
import { chooseThresholds, type Measured, type Thresholds } from '../../src/command/tune.ts';

t.test('tune changes the strategy where that is best over all sizes', async (t) => {
  const at = (size: number, read: number, mmap: number, sendfile: number): Measured => ({
    size,
    cost: {
      read: { server: read, whole: 2 * read },
      mmap: { server: mmap, whole: 2 * mmap },
      sendfile: { server: sendfile, whole: 10 * sendfile },
    },
  });
  const table: readonly (readonly [string, readonly Measured[], Thresholds])[] = [
    [
      'one crossing',
      [at(1024, 5, 4, 6), at(2048, 6, 5, 5.5), at(4096, 9, 8, 6)],
      { mmapMax: 2048, sendfileMin: 2048 },
    ],
    [
      'one noisy size below the crossing moves nothing',
      [at(1024, 4, 4, 3.9), at(2048, 5, 4, 6), at(4096, 9, 8, 6)],
      { mmapMax: 2048, sendfileMin: 4096 },
    ],
    ['sendfile is always best', [at(1024, 5, 4, 3)], { mmapMax: 0, sendfileMin: 1024 }],
  ];
  for (const [name, measured, thresholds] of table) {
    t.strictSame(chooseThresholds(measured, 'server'), thresholds, name);
  }
  t.strictSame(
    chooseThresholds([at(1024, 9, 9, 3)], 'whole'),
    { mmapMax: 1024, sendfileMin: 1024 },
    'the whole cost counts the client',
  );
});
