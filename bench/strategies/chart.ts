// The chart of a run of strategies: a panel for each family, warm and from the disk.
import type { TopLevelSpec } from 'vega-lite';
import { COLOURS, renderChart, SPREAD_BAND } from '../report/chart.ts';
import { SIZE_LABEL } from '../report/charts.ts';
import type { Run } from '../results.ts';
import type { ColdRow } from './cold-pass.ts';
import { pointsOf, sizesOf } from './points.ts';
import { familyOf, STRATEGIES, strategyOf } from './servers.ts';

export function strategyChart(run: Run, cold: readonly ColdRow[]): Promise<string> {
  const warm = pointsOf(run).map(({ family, strategy, size, cpu }) => ({
    panel: `${family}, warm`,
    strategy,
    size,
    ...cpu,
  }));
  const first = cold.map(({ server, size, cpu }) => ({
    panel: `${familyOf(server)}, first request from disk`,
    strategy: strategyOf(server),
    size,
    ...cpu,
  }));
  const values = [...warm, ...first];
  const spec: TopLevelSpec = {
    title: {
      text: 'Server CPU time per request: read, mmap and sendfile',
      subtitle: 'lower is better; bands from the lowest to the highest turn',
    },
    data: { values },
    facet: { field: 'panel', type: 'nominal', title: null },
    columns: 2,
    spec: {
      width: 380,
      height: 280,
      encoding: {
        x: {
          field: 'size',
          type: 'quantitative',
          scale: { type: 'log', base: 2 },
          axis: {
            values: sizesOf(values).filter((size) => Math.log2(size) % 2 === 0),
            labelExpr: SIZE_LABEL,
            title: 'body',
          },
        },
        color: {
          field: 'strategy',
          type: 'nominal',
          scale: {
            domain: [...STRATEGIES],
            range: [COLOURS.vermilion, COLOURS.green, COLOURS.blue],
          },
          title: null,
        },
      },
      layer: [
        SPREAD_BAND,
        {
          mark: { type: 'line', point: true },
          encoding: { y: { field: 'median', type: 'quantitative', scale: { type: 'log' } } },
        },
      ],
    },
  };
  return renderChart(spec);
}
