// What is asked for in scenarios of many files: the same requests in the same order for every server, none of them random.
import { type BenchRequest, requestFor } from '../request.ts';
import type { Asked, Expectation, ManyFiles, Scenario } from '../scenario.ts';
import { hash, shuffled, uniform, zipf } from './random.ts';
import { directoryOf, type Tree, type TreeFile } from './tree.ts';

/** The last files of a tree are those that are verified, and no turn asks for them. */
const CHECKED = 40;

/** More than a server answers in a turn of a second, so that the list does not start again. */
const DRAWS = 200_000;

type Expect = (file: TreeFile) => Expectation;

export const whole: Expect = (asset) => ({ kind: 'whole', asset });

/** Asked for with the date of its last change, as HTTP writes it. */
export const unchanged: Expect = (asset) => ({
  kind: 'not-modified',
  asset,
  since: new Date(asset.modified * 1000).toUTCString(),
});

/** Each turn has files of its own. */
export function once(tree: Tree, expect = whole): ManyFiles {
  return {
    tree,
    startedFor: 'scenario',
    asked: (turn, turns) => ({
      requests: share(orderOf(tree), turn, turns).map((index) => asking(expect(tree.file(index)))),
      once: true,
    }),
    proof: () => some(orderOf(tree), (index) => expect(tree.file(index))),
  };
}

/** The first `count` files of the tree's order, again and again. */
export function byZipf(tree: Tree, count: number): ManyFiles {
  const files = () => orderOf(tree).slice(0, count);
  return {
    tree,
    startedFor: 'scenario',
    asked: (turn) => drawn(tree, files(), zipf(files().length, DRAWS, turn)),
    proof: () => some(files(), (index) => whole(tree.file(index))),
  };
}

/** The same, each as often as any other, after two passes over all of them. */
export function hot(tree: Tree, count: number): ManyFiles {
  const files = () => orderOf(tree).slice(0, count);
  const pass = () => files().map((index) => asking(whole(tree.file(index))));
  return {
    tree,
    startedFor: 'scenario',
    before: () => ({ requests: [...pass(), ...pass()], once: true }),
    asked: (turn) => drawn(tree, files(), uniform(count, DRAWS, turn)),
    proof: () => some(files(), (index) => whole(tree.file(index))),
  };
}

/** Names that no turn has asked for before, and no file has. */
export function nothing(tree: Tree): ManyFiles {
  const all = Array.from({ length: tree.count }, (_, index) => index);
  const missing = (index: number): Expectation => ({ kind: 'missing', path: missingPath(index) });
  return {
    tree,
    startedFor: 'scenario',
    asked: (turn, turns) => ({
      requests: share(all, turn, turns).map((index) => asking(missing(index))),
      once: true,
    }),
    proof: () => some(all, missing),
  };
}

/** The same files in each turn, of a process that has answered nothing else. */
export function first(tree: Tree, count: number): ManyFiles {
  const files = () => orderOf(tree).slice(0, count);
  return {
    tree,
    startedFor: 'turn',
    asked: () => ({
      requests: files().map((index) => asking(whole(tree.file(index)))),
      once: true,
    }),
    proof: () => some(files(), (index) => whole(tree.file(index))),
  };
}

/** The same, that many times in each turn. */
export function repeated(tree: Tree, expected: Expectation, times: number): ManyFiles {
  return {
    tree,
    startedFor: 'scenario',
    asked: () => ({ requests: Array.from({ length: times }, () => asking(expected)), once: true }),
    proof: () => [expected],
  };
}

/** What is expected of the files that no turn asks for. */
export function untouched(tree: Tree, expect = whole): Scenario['expects'] {
  const last = Array.from({ length: CHECKED }, (_, place) => tree.count - 1 - place);
  return some(last, (index) => expect(tree.file(index)));
}

/** As many as are verified, from all over. */
function some<T>(all: readonly T[], expected: (one: T) => Expectation): Scenario['expects'] {
  const each = Math.max(1, Math.floor(all.length / CHECKED));
  const [one, ...more] = all.filter((_, place) => place % each === 0).map(expected);
  if (one === undefined) throw new Error('nothing to verify');
  return [one, ...more];
}

/** No validators of a server's: dates are known. */
function asking(expected: Expectation): BenchRequest {
  return requestFor(expected, { etag: undefined, lastModified: undefined });
}

/** `ranks` are places among the files. */
function drawn(tree: Tree, files: readonly number[], ranks: readonly number[]): Asked {
  const places = new Map<number, number>();
  const order = ranks.map((rank) => {
    const place = places.get(rank) ?? places.size;
    places.set(rank, place);
    return place;
  });
  const requests = [...places.keys()].map((rank) => asking(whole(tree.file(files[rank] ?? 0))));
  return { requests, order, once: false };
}

const orders = new Map<Tree, readonly number[]>();

/** All of a tree's files but those that are verified, neighbours far from each other. */
function orderOf(tree: Tree): readonly number[] {
  const known = orders.get(tree) ?? shuffled(tree.count - CHECKED, tree.count);
  orders.set(tree, known);
  return known;
}

function share<T>(all: readonly T[], turn: number, turns: number): readonly T[] {
  const each = Math.floor(all.length / turns);
  return all.slice(turn * each, (turn + 1) * each);
}

/** Three in four would be beside files that exist, the others in directories that do not. */
function missingPath(index: number): string {
  const mixed = hash(index, 2).toString(16);
  return index % 4 === 0
    ? `/gone-${mixed}/index-${index}.php`
    : `${directoryOf(index)}/gone-${mixed}-${index}.js`;
}
