// A metric: its name by the conventions of Prometheus, what it says, and where its values come from.
import type { Histogram } from '../transport/transport.ts';
import type { Snapshot } from './observed.ts';

export interface Sample {
  /** Appended to the metric's name. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  read(now: Snapshot): readonly Sample[];
}

/** A value without labels. */
export function plain(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: (now: Snapshot) => number,
): Metric {
  return { name, type, help, labels: [], read: (now) => [{ labels: {}, value: value(now) }] };
}

/** One label, and the value for each word that it can have. */
export function byWord(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  label: string,
  values: (now: Snapshot) => Readonly<Record<string, number>>,
): Metric {
  return {
    name,
    type,
    help,
    labels: [label],
    read: (now) =>
      Object.entries(values(now)).map(([word, value]) => ({ labels: { [label]: word }, value })),
  };
}

/** `unit`: how many of what is counted are one of what is told. */
export function histogram(
  name: string,
  help: string,
  unit: number,
  of: (now: Snapshot) => Histogram,
): Metric {
  return {
    name,
    type: 'histogram',
    help,
    labels: ['le'],
    read(now) {
      const { bounds, counts, sum } = of(now);
      let total = 0;
      const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, i): Sample => {
        total += counts[i] ?? 0;
        const le = Number.isFinite(bound) ? String(bound / unit) : '+Inf';
        return { suffix: '_bucket', labels: { le }, value: total };
      });
      return [
        ...buckets,
        { suffix: '_sum', labels: {}, value: sum / unit },
        { suffix: '_count', labels: {}, value: total },
      ];
    },
  };
}
