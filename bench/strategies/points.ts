// The warm rows of a run of strategies, as points: family, strategy, size and costs.
import { type Figure, figure, type Row, type Run } from '../results.ts';
import { get } from '../scenarios.ts';
import { type FamilyName, familyOf, type StrategyName, strategyOf } from './servers.ts';

/** One strategy of one family at one size, warm. Microseconds per request. */
export interface Point {
  readonly family: FamilyName;
  readonly strategy: StrategyName;
  readonly size: number;
  readonly cpu: Figure;
  /** Server and client together: what the transfer costs a machine that is both. */
  readonly whole: Figure;
  readonly requestsPerSecond: number;
  readonly row: Row;
}

export function pointsOf(run: Run): readonly Point[] {
  return run.rows.flatMap((row): Point[] => {
    const family = familyOf(row.server);
    const strategy = strategyOf(row.server);
    const size = sizeOf(run, row);
    if (row.outcome.kind !== 'measured') return [];
    if (family === undefined || strategy === undefined || size === undefined) return [];
    const { samples } = row.outcome;
    return [
      {
        family,
        strategy,
        size,
        cpu: figure(samples, (sample) => sample.cpu),
        whole: figure(samples, (sample) => sample.cpu + sample.clientCpu),
        requestsPerSecond: figure(samples, (sample) => sample.requestsPerSecond).median,
        row,
      },
    ];
  });
}

/** Scenarios are named by their size; see get(). */
function sizeOf(run: Run, row: Row): number | undefined {
  const sizes = Array.from({ length: 31 }, (_, power) => 2 ** power);
  const { name } = run.scenarios.find((scenario) => scenario.name === row.scenario) ?? {};
  return sizes.find((size) => get(size).name === name);
}

/** The sizes that occur, ascending. */
export function sizesOf(items: readonly { readonly size: number }[]): readonly number[] {
  return [...new Set(items.map(({ size }) => size))].sort((a, b) => a - b);
}
