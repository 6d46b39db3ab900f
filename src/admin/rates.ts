// What happens per second: the difference of two looks at the counters.
import type { Histogram } from '../transport/transport.ts';
import type { Stats } from './observed.ts';

/** A look at the counters. */
export interface Look {
  /** Milliseconds, monotonic. */
  readonly at: number;
  readonly stats: Stats;
}

/** What a share of answers took: as the histogram knows it, no more than its bound, or more than the highest one, milliseconds. */
export type Quantile = { readonly atMost: number } | { readonly above: number };

export interface Rates {
  /** Of all answers that ended. */
  readonly responsesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly bytesPerSecondByStrategy: Readonly<Record<string, number>>;
  readonly connectionsPerSecond: number;
  /** Answers with 4xx and 5xx, and those that were not sent whole. */
  readonly errorsPerSecond: number;
  /** Of file bodies, how many came from memory, 0 to 1; null where there were none. */
  readonly hitRatio: number | null;
  /** Half of the answers, and 99 of 100; null where there were none. */
  readonly p50: Quantile | null;
  readonly p99: Quantile | null;
}

/** From one look to a later one. */
export function ratesBetween(before: Look, after: Look): Rates {
  const seconds = Math.max(0.001, (after.at - before.at) / 1000);
  const perSecond = (of: (stats: Stats) => number) =>
    (of(after.stats) - of(before.stats)) / seconds;
  const byStrategy = (strategy: string, what: 'responses' | 'bytes') => (stats: Stats) =>
    sumOf(stats, (way) => (way === 'feed' ? 'bytes' : way) === strategy, what);
  const bytesPerSecondByStrategy = Object.fromEntries(
    STRATEGIES.map((strategy) => [strategy, perSecond(byStrategy(strategy, 'bytes'))]),
  );
  const fromMemory = perSecond(byStrategy('mmap', 'responses'));
  const fromFiles =
    perSecond(byStrategy('sendfile', 'responses')) + perSecond(byStrategy('read', 'responses'));
  const durations = differenceOf(before.stats.durations, after.stats.durations);
  return {
    responsesPerSecond: perSecond((stats) => statusesOf(stats, 0)),
    bytesPerSecond: perSecond((stats) => sumOf(stats, () => true, 'bytes')),
    bytesPerSecondByStrategy,
    connectionsPerSecond: perSecond(({ accepted }) => accepted),
    errorsPerSecond: perSecond(
      (stats) => statusesOf(stats, 400) + stats.aborted + stats.truncated + stats.cancelled,
    ),
    hitRatio: fromMemory + fromFiles === 0 ? null : fromMemory / (fromMemory + fromFiles),
    p50: quantile(durations, 0.5),
    p99: quantile(durations, 0.99),
  };
}

/** How bodies leave: of files by the first three, of pages and what is made while it is sent by `bytes`. */
const STRATEGIES = ['mmap', 'sendfile', 'read', 'bytes'];

function sumOf(
  { byStrategy }: Stats,
  counts: (strategy: string) => boolean,
  what: 'responses' | 'bytes',
): number {
  return Object.entries(byStrategy).reduce(
    (sum, [way, tally]) => (counts(way.split(':')[0] ?? '') ? sum + tally[what] : sum),
    0,
  );
}

/** Answers with this status or a higher one. */
function statusesOf({ byStatus }: Stats, from: number): number {
  return Object.values(byStatus)
    .flatMap((row) => Object.entries(row))
    .reduce((sum, [status, count]) => (Number(status) < from ? sum : sum + count), 0);
}

function differenceOf(before: Histogram, after: Histogram): Histogram {
  return {
    bounds: after.bounds,
    counts: after.counts.map((count, i) => count - (before.counts[i] ?? 0)),
    sum: after.sum - before.sum,
  };
}

/** `share`: 0.99 is for what 99 of 100 values are at most. */
export function quantile({ bounds, counts }: Histogram, share: number): Quantile | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const [i, bound] of bounds.entries()) {
    seen += counts[i] ?? 0;
    if (seen >= share * total) return { atMost: bound };
  }
  return { above: bounds.at(-1) ?? 0 };
}
