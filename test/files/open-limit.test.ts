// How many files are kept open where nobody has said so.
import t from 'tap';
import { keptFiles } from '../../src/files/open-limit.ts';

const GIB = 2 ** 30;

t.test('by memory, by descriptors, or as it was said', (t) => {
  const cases: ReadonlyArray<readonly [number | 'auto', number, number, number, string]> = [
    ['auto', 1_048_576, 24 * GIB, 32_768, 'a 64th of the memory, 12 KiB each'],
    ['auto', 1_048_576, 256 * GIB, 65_536, 'up to a bound'],
    ['auto', 1_048_576, GIB / 2, 4096, 'on a small machine some all the same'],
    ['auto', 1024, 24 * GIB, 512, 'half of the descriptors are for sockets'],
    ['auto', 10, 24 * GIB, 8, 'a few in any case'],
    [100, 1_048_576, 24 * GIB, 100, 'the number that was said'],
    [100_000, 1024, 24 * GIB, 512, 'which the descriptors limit too'],
    [1000, Number.POSITIVE_INFINITY, GIB, 1000, 'where there is no limit'],
  ];
  for (const [wanted, limit, memory, files, title] of cases) {
    t.equal(keptFiles(wanted, limit, memory), files, title);
  }
  t.ok(keptFiles('auto') >= 8, 'on this machine');
  t.end();
});
