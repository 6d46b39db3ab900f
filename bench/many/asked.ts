// What is asked for in scenarios of many files: the same requests in the same order for every server, none of them random.
import type { BenchRequest } from '../request.ts';
import type { Asked, ManyFiles, Scenario } from '../scenario.ts';
import { hash, shuffled, uniform, zipf } from './random.ts';
import { directoryOf, type Tree, type TreeFile } from './tree.ts';

/** The last files of a tree are those that are verified, and no turn asks for them. */
const CHECKED = 40;

/** More than a server answers in a turn of a second, so that the list does not start again. */
const DRAWS = 200_000;

/** Each turn has files of its own. */
export function once(tree: Tree, request: (file: TreeFile) => BenchRequest = plain): ManyFiles {
  return {
    tree,
    startedFor: 'scenario',
    asked: (turn, turns) => ({
      requests: share(orderOf(tree), turn, turns).map((index) => request(tree.file(index))),
      once: true,
    }),
  };
}

/** The first `count` files of the tree's order, again and again. */
export function byZipf(tree: Tree, count: number): ManyFiles {
  return {
    tree,
    startedFor: 'scenario',
    asked: (turn) => drawn(tree, zipf(Math.min(count, tree.count - CHECKED), DRAWS, turn)),
  };
}

/** The same, each as often as any other, after two passes over all of them. */
export function hot(tree: Tree, count: number): ManyFiles {
  const pass = (): readonly BenchRequest[] =>
    orderOf(tree)
      .slice(0, count)
      .map((index) => plain(tree.file(index)));
  return {
    tree,
    startedFor: 'scenario',
    before: () => ({ requests: [...pass(), ...pass()], once: true }),
    asked: (turn) => drawn(tree, uniform(count, DRAWS, turn)),
  };
}

/** Names that no turn has asked for before, and no file has. */
export function nothing(tree: Tree): ManyFiles {
  const numbers = Array.from({ length: tree.count }, (_, index) => index);
  return {
    tree,
    startedFor: 'scenario',
    asked: (turn, turns) => ({
      requests: share(numbers, turn, turns).map((index) => plain({ path: missingPath(index) })),
      once: true,
    }),
  };
}

/** The same files in each turn, of a process that has answered nothing else. */
export function first(tree: Tree, count: number): ManyFiles {
  return {
    tree,
    startedFor: 'turn',
    asked: () => ({
      requests: orderOf(tree)
        .slice(0, count)
        .map((index) => plain(tree.file(index))),
      once: true,
    }),
  };
}

/** The same path, that many times in each turn. */
export function repeated(tree: Tree, path: string, times: number): ManyFiles {
  return {
    tree,
    startedFor: 'scenario',
    asked: () => ({ requests: Array.from({ length: times }, () => plain({ path })), once: true }),
  };
}

/** What is expected of the files that no turn asks for. */
export function checked<T>(tree: Tree, expected: (file: TreeFile) => T): [T, ...T[]] {
  const at = (place: number): T => expected(tree.file(tree.count - 1 - place));
  return [at(0), ...Array.from({ length: CHECKED - 1 }, (_, place) => at(place + 1))];
}

export function wholes(tree: Tree): Scenario['expects'] {
  return checked(tree, (asset) => ({ kind: 'whole', asset }));
}

export function plain({ path }: Pick<TreeFile, 'path'>): BenchRequest {
  return { path, headers: {} };
}

/** Of its last change, as HTTP writes it. */
export function dateOf({ modified }: TreeFile): string {
  return new Date(modified * 1000).toUTCString();
}

/** `ranks` are places in the tree's order. */
function drawn(tree: Tree, ranks: readonly number[]): Asked {
  const places = new Map<number, number>();
  const order = ranks.map((rank) => {
    const place = places.get(rank) ?? places.size;
    places.set(rank, place);
    return place;
  });
  const files = orderOf(tree);
  const requests = [...places.keys()].map((rank) => plain(tree.file(files[rank] ?? 0)));
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
