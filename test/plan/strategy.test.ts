import t from 'tap';
import { chooseStrategy, isWarming } from '../../src/plan/strategy.ts';
import type { Reach, Representation, StrategyLimits } from '../../src/plan/types.ts';
import { file, policy } from './given.ts';

const KIB = 1024;
const DEFAULTS = policy().limits; // mmapMax 64 KiB, sendfileMin 16 KiB

/** Thresholds, and the reach: `engine` unless said otherwise. */
type Terms = Partial<StrategyLimits> & { readonly reach?: Reach };

const terms = ({ reach = 'engine', ...limits }: Terms) => ({
  limits: { ...DEFAULTS, ...limits },
  reach,
});

type Row = readonly [
  claim: string,
  file: Partial<Representation>,
  terms: Terms,
  choice: string,
  /** Default: the whole file. */
  length?: number,
];

function check(rows: readonly Row[]): void {
  for (const [claim, over, limits, expected, length] of rows) {
    const entry = file(over);
    const choice = chooseStrategy(entry, length ?? entry.size, terms(limits));
    t.equal(`${choice.strategy}:${choice.reason}`, expected, claim);
  }
}

t.test('by data', (t) => {
  check([
    ['small and not yet hot', { size: 1000 }, {}, 'read:cold'],
    ['small, hot, no room', { size: 1000, crowded: true }, {}, 'read:budget'],
    ['in memory', { size: 1000, cached: true }, {}, 'mmap:hot'],
    ['in memory and above sendfileMin', { size: 60 * KIB, cached: true }, {}, 'mmap:hot'],
    ['one byte below sendfileMin', { size: 16 * KIB - 1 }, {}, 'read:cold'],
    ['at sendfileMin', { size: 16 * KIB }, {}, 'sendfile:size'],
    ['large', { size: 64 * KIB + 1 }, {}, 'sendfile:size'],
    ['5 GiB', { size: 5 * KIB ** 3 }, {}, 'sendfile:size'],
    ['a short span of a large file', { size: KIB ** 2 }, {}, 'read:size', 100],
    ['a long span of a large file', { size: KIB ** 2 }, {}, 'sendfile:size', 16 * KIB],
    ['a short span of a file in memory', { cached: true }, {}, 'mmap:hot', 1],
    ['empty', { size: 0 }, {}, 'read:cold'],
    ['a gap between the thresholds', { size: 100 }, { mmapMax: 50 }, 'read:size'],
    ['no cache', { size: 100 }, { mmapMax: 0 }, 'read:size'],
    ['sendfile for everything', { size: 0 }, { sendfileMin: 0 }, 'sendfile:size'],
  ]);
  t.end();
});

t.test('by what is possible', (t) => {
  const large = { size: KIB ** 2 };
  check([
    ['no addon', large, { reach: 'none' }, 'read:no-addon'],
    ['no addon, in memory', { cached: true }, { reach: 'none' }, 'read:no-addon'],
    ['TLS', large, { reach: 'tls' }, 'read:tls'],
    ['TLS, small', {}, { reach: 'tls' }, 'read:tls'],
    ['TLS, in memory', { cached: true }, { reach: 'tls' }, 'mmap:hot'],
    ['a connection that takes bytes', large, { reach: 'memory' }, 'read:transport'],
    ['a connection that takes bytes, in memory', { cached: true }, { reach: 'memory' }, 'mmap:hot'],
    ['a file system that is not trusted', { ...large, trusted: false }, {}, 'read:filesystem'],
    ['nor are its mappings', { trusted: false, cached: true }, {}, 'read:filesystem'],
    ['refused by the kernel', { ...large, refused: true }, {}, 'read:refused'],
    ['refused, but in memory', { refused: true, cached: true }, {}, 'mmap:hot'],
    ['refused, over TLS', { ...large, refused: true }, { reach: 'tls' }, 'read:tls'],
  ]);
  t.end();
});

t.test('forced, as far as it is possible', (t) => {
  const large = { size: KIB ** 2 };
  check([
    ['read', large, { forced: 'read' }, 'read:forced'],
    ['read of a file in memory', { cached: true }, { forced: 'read' }, 'read:forced'],
    ['read without addon', large, { forced: 'read', reach: 'none' }, 'read:forced'],
    ['sendfile of a small file', { size: 1 }, { forced: 'sendfile' }, 'sendfile:forced'],
    ['sendfile of a file in memory', { cached: true }, { forced: 'sendfile' }, 'sendfile:forced'],
    ['sendfile without trust', { trusted: false }, { forced: 'sendfile' }, 'sendfile:forced'],
    ['sendfile that was refused', { refused: true }, { forced: 'sendfile' }, 'read:refused'],
    ['sendfile over TLS', large, { forced: 'sendfile', reach: 'tls' }, 'read:tls'],
    ['sendfile in memory only', large, { forced: 'sendfile', reach: 'memory' }, 'read:transport'],
    ['sendfile without addon', large, { forced: 'sendfile', reach: 'none' }, 'read:no-addon'],
    ['mmap of a file in memory', { cached: true }, { forced: 'mmap' }, 'mmap:forced'],
    ['mmap over TLS', { cached: true }, { forced: 'mmap', reach: 'tls' }, 'mmap:forced'],
    ['mmap of a file not in memory', {}, { forced: 'mmap' }, 'read:cold'],
    ['mmap without room', { crowded: true }, { forced: 'mmap' }, 'read:budget'],
    ['mmap without addon', { cached: true }, { forced: 'mmap', reach: 'none' }, 'read:no-addon'],
  ]);
  t.end();
});

t.test('a file is warming while its uses may still bring it into the cache', (t) => {
  const rows: ReadonlyArray<
    readonly [claim: string, Partial<Representation>, Terms, warming: boolean]
  > = [
    ['small', {}, {}, true],
    ['small, above sendfileMin', { size: 20 * KIB }, {}, true],
    ['at mmapMax', { size: 64 * KIB }, {}, true],
    ['empty', { size: 0 }, {}, false],
    ['above mmapMax', { size: 64 * KIB + 1 }, {}, false],
    ['in memory', { cached: true }, {}, false],
    ['no room', { crowded: true }, {}, false],
    ['not trusted', { trusted: false }, {}, false],
    ['no addon', {}, { reach: 'none' }, false],
    ['no cache', {}, { mmapMax: 0 }, false],
    ['forced read', {}, { forced: 'read' }, false],
    ['forced sendfile', {}, { forced: 'sendfile' }, false],
    ['forced mmap', {}, { forced: 'mmap' }, true],
    ['forced mmap, above mmapMax', { size: 64 * KIB + 1 }, { forced: 'mmap' }, false],
  ];
  for (const [claim, over, limits, warming] of rows) {
    t.equal(isWarming(file(over), terms(limits)), warming, claim);
  }
  t.end();
});
