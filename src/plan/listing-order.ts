// The entries of a directory, unpacked and put in order a millisecond at a time, so that large ones do not hold up the loop.
import { compareNames } from './natural-order.ts';
import type { Contents } from './types.ts';

export type Column = 'name' | 'size' | 'time';

export interface Order {
  readonly column: Column;
  readonly descending: boolean;
}

/** Bytes of names that are unpacked, entries that are sorted and merged in one go: each less than a millisecond of work. */
const UNPACKED_PER_TURN = 64 * 1024;
const SORTED_PER_TURN = 500;
const MERGED_PER_TURN = 4096;

/** By column: a hundred thousand objects would be work for the collector. */
export interface Entries {
  readonly names: readonly string[];
  /** Bytes; -1 for a directory. */
  readonly sizes: Float64Array;
  readonly times: Float64Array;
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function* unpack({ count, runs }: Contents): Generator<string, Entries> {
  const names: string[] = [];
  const sizes = new Float64Array(count);
  const times = new Float64Array(count);
  for (const run of runs) {
    const first = names.length;
    for (let at = 0; at < run.names.length; ) {
      const end = Math.max(
        run.names.indexOf(0, at),
        run.names.lastIndexOf(0, at + UNPACKED_PER_TURN),
      );
      let index = names.length;
      for (const name of UTF8.decode(run.names.subarray(at, end)).split('\0')) names.push(name);
      for (; index < names.length; index++) {
        sizes[index] = run.numbers[2 * (index - first)] ?? 0;
        times[index] = run.numbers[2 * (index - first) + 1] ?? 0;
      }
      at = end + 1;
      yield '';
    }
  }
  return { names, sizes, times };
}

/** The same in one go, for a few. */
export function unpackNow(contents: Contents): Entries {
  const steps = unpack(contents);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** Of two indexes. */
type Compare = (a: number, b: number) => number;

/** The indexes in the order asked for: directories first, whatever it is; what is equal in it, by name. */
export function* arrange(
  { names, sizes, times }: Entries,
  sorted: boolean,
  { column, descending }: Order,
): Generator<string, readonly number[]> {
  const sign = descending ? -1 : 1;
  const directoryFirst: Compare = (a, b) => Number(num(sizes, b) < 0) - Number(num(sizes, a) < 0);
  const indexes = Array.from(names.keys());
  const byName = sorted
    ? indexes
    : yield* sort(indexes, (a, b) => {
        return directoryFirst(a, b) || compareNames(names[a] ?? '', names[b] ?? '');
      });
  if (column === 'name') return descending ? reverse(byName, sizes) : byName;
  const numbers = column === 'size' ? sizes : times;
  return yield* sort(byName, (a, b) => {
    return directoryFirst(a, b) || sign * (num(numbers, a) - num(numbers, b));
  });
}

/** Stable merge sort from below that yields between blocks: Array.prototype.sort cannot stop for other work. */
function* sort(order: readonly number[], compare: Compare): Generator<string, readonly number[]> {
  let runs: Array<readonly number[]> = [];
  for (let at = 0; at < order.length; at += SORTED_PER_TURN) {
    runs.push(order.slice(at, at + SORTED_PER_TURN).sort(compare));
    yield '';
  }
  while (runs.length > 1) {
    const merged: Array<readonly number[]> = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge(
  left: readonly number[],
  right: readonly number[],
  compare: Compare,
): Generator<string, number[]> {
  const [last, first] = [left.at(-1), right[0]];
  if (last === undefined || first === undefined || compare(last, first) <= 0) {
    return left.concat(right);
  }
  const merged: number[] = [];
  let l = 0;
  let r = 0;
  for (;;) {
    const a = left[l];
    const b = right[r];
    if (a === undefined && b === undefined) return merged;
    if (b === undefined || (a !== undefined && compare(a, b) <= 0)) {
      if (a !== undefined) merged.push(a);
      l++;
    } else {
      merged.push(b);
      r++;
    }
    if (merged.length % MERGED_PER_TURN === 0) yield '';
  }
}

/** Directories and files each from the last to the first. */
function reverse(byName: readonly number[], sizes: Float64Array): readonly number[] {
  const directories = byName.filter((index) => num(sizes, index) < 0).reverse();
  return directories.concat(byName.slice(directories.length).reverse());
}

/** An index of ours is never outside. */
function num(numbers: Float64Array, index: number): number {
  return numbers[index] as number;
}
