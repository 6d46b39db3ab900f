// From costs to thresholds: where to change from one strategy to the next, and whether the measurement can tell.

export const STRATEGIES = ['read', 'mmap', 'sendfile'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Microseconds per request. */
export interface Cost {
  /** CPU time of the server: what counts when the clients are elsewhere. */
  readonly server: number;
  /** CPU time of server and client: what counts when they share a machine, as behind a proxy. */
  readonly whole: number;
}

/** By strategy, at one body size in bytes. */
export interface Measured {
  readonly size: number;
  readonly cost: Readonly<Record<Strategy, Cost>>;
}

/** All sizes, measured one after the other, from the smallest up. */
export type Run = readonly Measured[];

/** `sendfileMin` is never above `mmapMax`: bodies between them would go by read, whatever they cost. */
export interface Thresholds {
  readonly mmapMax: number;
  readonly sendfileMin: number;
}

/**
 * `settled`: each run alone says the same, give or take one of the sizes that were measured. `apart`: they do not, and
 * no advice can be given.
 */
export type Advice =
  | { readonly kind: 'settled'; readonly thresholds: Thresholds }
  | { readonly kind: 'apart'; readonly runs: readonly Thresholds[] };

/** What several runs say together. */
export function advise(runs: readonly Run[], cost: keyof Cost): Advice {
  const all = middleOf(runs);
  const thresholds = chooseThresholds(all, cost);
  const alone = runs.map((run) => chooseThresholds(run, cost));
  const step = (bytes: number) => all.findIndex(({ size }) => size >= bytes && bytes > 0);
  const isNear = (a: number, b: number) => Math.abs(step(a) - step(b)) <= 1;
  const agree = alone.every(
    ({ mmapMax, sendfileMin }) =>
      isNear(mmapMax, thresholds.mmapMax) && isNear(sendfileMin, thresholds.sendfileMin),
  );
  return agree ? { kind: 'settled', thresholds } : { kind: 'apart', runs: alone };
}

/**
 * The sizes in bytes at which it is best to change from mmap to sendfile, and, among what mmap carries once it is in
 * memory, from read to sendfile before that. Best over all measured sizes together, so that one noisy figure moves no
 * threshold.
 */
export function chooseThresholds(run: Run, cost: keyof Cost): Thresholds {
  const mapped = run.slice(0, bestChange(run, 'mmap', cost));
  const mmapMax = mapped.at(-1)?.size ?? 0;
  return { mmapMax, sendfileMin: mapped[bestChange(mapped, 'read', cost)]?.size ?? mmapMax };
}

/** The runs as one: of each figure the median. */
export function middleOf(runs: readonly Run[]): Measured[] {
  const [first = []] = runs;
  return first.map(({ size }, i) => ({
    size,
    cost: byStrategy((strategy) => middle(runs.flatMap((run) => run[i]?.cost[strategy] ?? []))),
  }));
}

export function middle(costs: readonly Cost[]): Cost {
  return {
    server: median(costs.map(({ server }) => server)),
    whole: median(costs.map(({ whole }) => whole)),
  };
}

/** How far the runs lie apart: half of the way from least to most, as a part of the median. */
export function spreadOf(runs: readonly Run[], at: number, strategy: Strategy): number {
  const values = runs.flatMap((run) => run[at]?.cost[strategy].server ?? []);
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
}

export function byStrategy<T>(make: (strategy: Strategy) => T): Record<Strategy, T> {
  return { read: make('read'), mmap: make('mmap'), sendfile: make('sendfile') };
}

/** How many of the sizes, from the smallest up, `small` should send; sendfile sends the others. */
function bestChange(run: Run, small: 'mmap' | 'read', cost: keyof Cost): number {
  // Logarithms: a tenth saved on a small body counts as much as a tenth of a large one.
  const totals = Array.from({ length: run.length + 1 }, (_, change) =>
    run.reduce((sum, row, index) => {
      const strategy = index < change ? small : 'sendfile';
      return sum + Math.log(row.cost[strategy][cost]);
    }, 0),
  );
  return totals.indexOf(Math.min(...totals));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
