// What is known to be absent is not looked for, as long as its directory is what it was.
import t from 'tap';
import type { NativeNames } from '../../src/addon/files.ts';
import { Freshness } from '../../src/files/freshness.ts';
import { KnownNames } from '../../src/files/known-names.ts';
import { closedRoot, type Found, type Names, type Root } from '../../src/files/root.ts';
import { createLog } from '../../src/log/log.ts';

const REVALIDATE = 1000;
const OTHER: Found = { type: 'other' };

function make({ revalidateMs = REVALIDATE } = {}) {
  let now = 0;
  const freshness = new Freshness({
    policy: { root: '/nowhere', revalidateMs, watch: false },
    log: createLog({ level: 'silent' }),
    now: () => now,
  });
  const known = new KnownNames(freshness);
  const holds = { value: true, asked: 0 };
  const stand = new Set(['a']);
  const reads: string[] = [];
  const opened: string[] = [];
  let readable = true;

  function namesNow(): Names {
    const names = new Set(stand);
    const native = { count: names.size, mayHave: (name) => names.has(name) } as NativeNames;
    const hold = () => {
      holds.asked++;
      return holds.value;
    };
    return { native, hold };
  }
  function rootOf(): Root {
    const root = closedRoot('EBADF', async () => ({ kind: 'same' }));
    const names = async (paths: readonly string[]) => {
      reads.push(...paths);
      return paths.map(() => (readable ? namesNow() : undefined));
    };
    return { ...root, names };
  }

  const root = rootOf();
  let until = Number.POSITIVE_INFINITY;
  /** What is opened of these paths; the rest is found to be absent. */
  async function search(paths: readonly string[], on = root): Promise<readonly string[]> {
    opened.length = 0;
    until = Number.POSITIVE_INFINITY;
    const found = await known.spare(
      on,
      paths,
      (ms) => {
        until = Math.min(until, ms);
      },
      (likely) => {
        opened.push(...likely);
        return likely.map(() => OTHER);
      },
    );
    t.equal(found.length, paths.length);
    for (const [i, path] of paths.entries()) {
      t.equal(found[i]?.type, opened.includes(path) ? 'other' : 'error', path);
    }
    await new Promise(setImmediate);
    return [...opened];
  }
  async function learn(on = root): Promise<void> {
    for (let i = 0; i < 4; i++) await search(['d/a'], on);
  }
  return {
    known,
    root,
    rootOf,
    search,
    learn,
    holds,
    stand,
    reads,
    until: () => until,
    pass: (ms: number) => {
      now += ms;
    },
    hide: () => {
      readable = false;
    },
  };
}

t.test('names are read after a few searches, and spare the rest', async (t) => {
  const { search, learn, reads, until, pass } = make();
  pass(10);
  t.same(await search(['d/a', 'd/a.gz']), ['d/a', 'd/a.gz'], 'nothing is known at first');
  t.equal(until(), Number.POSITIVE_INFINITY);
  await learn();
  t.same(reads, ['d'], 'once');
  t.same(await search(['d/a', 'd/a.gz', 'd/a.br']), ['d/a']);
  t.equal(until(), 10 + REVALIDATE, 'what rests on it holds no longer than it does');
  t.same(await search(['d/b']), [], 'nothing at all is opened');
  t.same(await search(['d/a', 'other/x']), ['d/a', 'other/x'], 'of another directory: looked for');
});

t.test('the root has no name, and is never absent', async (t) => {
  const { search } = make();
  for (let i = 0; i < 5; i++) await search(['x']);
  t.same(await search(['x']), [], 'its names are known');
  t.same(await search(['']), ['']);
  t.same(await search(['', 'x']), ['']);
});

t.test('the directory is looked at once in the time that is allowed', async (t) => {
  const { search, learn, holds, pass } = make();
  await learn();
  for (let i = 0; i < 5; i++) await search(['d/b']);
  t.equal(holds.asked, 1);
  pass(REVALIDATE);
  await search(['d/b']);
  t.equal(holds.asked, 2);
});

t.test('what changed is read again', async (t) => {
  const { search, learn, holds, stand, reads, pass } = make();
  await learn();
  t.same(await search(['d/b']), []);
  stand.add('b');
  holds.value = false;
  pass(REVALIDATE);
  t.same(await search(['d/b']), ['d/b'], 'looked for at once');
  holds.value = true;
  pass(REVALIDATE);
  await learn();
  t.equal(reads.length, 2);
  t.same(await search(['d/b', 'd/c']), ['d/b']);
});

t.test('a change that somebody saw is looked at before the next answer', async (t) => {
  const { known, search, learn, holds } = make();
  await learn();
  await search(['d/b']);
  const { asked } = holds;
  known.suspect('elsewhere/b');
  await search(['d/b']);
  t.equal(holds.asked, asked);
  known.drop('d/b');
  holds.value = false;
  t.same(await search(['d/b']), ['d/b']);
});

t.test('names of one root say nothing of another', async (t) => {
  const { search, learn, rootOf } = make();
  await learn();
  t.same(await search(['d/b']), []);
  t.same(await search(['d/b'], rootOf()), ['d/b']);
});

t.test('where names cannot be read, that is tried ever more seldom', async (t) => {
  const { search, reads, hide } = make();
  hide();
  for (let i = 0; i < 200; i++) t.same(await search(['d/b']), ['d/b']);
  t.ok(reads.length > 2 && reads.length < 8, `${reads.length} reads`);
});

t.test('where nothing is believed for any time, nothing is spared', async (t) => {
  const { search, learn, reads } = make({ revalidateMs: 0 });
  await learn();
  t.same(await search(['d/b']), ['d/b']);
  t.same(reads, []);
});
