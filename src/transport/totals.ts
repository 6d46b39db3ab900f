// The counters of carriers that serve one after the other, or side by side, as one server's.
import { Counts } from '../addon/wire.ts';
import type { Histogram, Tally, TransportStats } from './transport.ts';

/** Of this moment: when a carrier has ended, there are none. */
const MOMENTARY = ['connections', 'transfers', 'kept', 'copied'] as const;

/** What a carrier that has ended leaves. */
export function withoutMoment(stats: TransportStats): TransportStats {
  return { ...stats, ...Object.fromEntries(MOMENTARY.map((name) => [name, 0])) };
}

export function sumOf(first: TransportStats, others: readonly TransportStats[]): TransportStats {
  return others.reduce(add, first);
}

function add(a: TransportStats, b: TransportStats): TransportStats {
  const names = Object.keys(new Counts()) as Array<keyof Counts>;
  const counts = Object.fromEntries(names.map((name) => [name, a[name] + b[name]]));
  return {
    ...new Counts(),
    ...counts,
    byStrategy: addRows(a.byStrategy, b.byStrategy, addTallies),
    byStatus: addRows(a.byStatus, b.byStatus, (one, other) => addRows(one, other, (x, y) => x + y)),
    durations: addHistograms(a.durations, b.durations),
    sizes: addHistograms(a.sizes, b.sizes),
  };
}

type Rows<T> = { readonly [name in string | number]?: T };

function addRows<T>(a: Rows<T>, b: Rows<T>, sum: (a: T, b: T) => T): Record<string, T> {
  const rows: Record<string, T> = {};
  for (const [name, value] of [...Object.entries(a), ...Object.entries(b)]) {
    if (value === undefined) continue;
    const before = rows[name];
    rows[name] = before === undefined ? value : sum(before, value);
  }
  return rows;
}

function addTallies(a: Readonly<Tally>, b: Readonly<Tally>): Readonly<Tally> {
  return { responses: a.responses + b.responses, bytes: a.bytes + b.bytes };
}

/** All have the same bounds (addon/wire.ts). */
function addHistograms(a: Histogram, b: Histogram): Histogram {
  return {
    bounds: a.bounds,
    counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)),
    sum: a.sum + b.sum,
  };
}
