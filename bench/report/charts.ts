// The charts of a run: CPU per request by body size, and bars of all servers in one scenario.
import type { TopLevelSpec } from 'vega-lite';
import { figure, type Run, type ScenarioInfo } from '../results.ts';
import { get, getHttp2, getHttps } from '../scenarios.ts';
import { GIB, KIB, MIB } from '../site.ts';
import { COLOURS, renderChart, SPREAD_BAND } from './chart.ts';
import { hasTag, type Measure, standingsIn } from './compare.ts';

const SIZES = [1, 4, 16, 64, 128].map((n) => n * KIB).concat([MIB, 16 * MIB, 64 * MIB, GIB]);

const FAMILIES = {
  zcserve: COLOURS.blue,
  'bare epoll floor': COLOURS.black,
  'native servers': COLOURS.orange,
  'Node and Bun': COLOURS.purple,
} as const;

type Family = keyof typeof FAMILIES;

/** The servers of the chart by size. */
const LINES: Readonly<Record<string, string>> = {
  zcserve: COLOURS.blue,
  'zcserve-middleware': COLOURS.sky,
  'floor-mmap': COLOURS.black,
  'floor-sendfile': COLOURS.grey,
  nginx: COLOURS.orange,
  h2o: COLOURS.green,
  bun: COLOURS.vermilion,
  sirv: COLOURS.purple,
};

type PanelSpec = Extract<TopLevelSpec, { readonly facet: unknown }>['spec'];

/** The panels of the chart by size: a scenario for each size. */
const PANELS: Readonly<Record<string, (size: number) => string>> = {
  HTTP: (size) => get(size).name,
  HTTPS: (size) => getHttps(size).name,
  'HTTP/2, 10 streams': (size) => getHttp2(size, 10).name,
};

/**
 * Lines over body sizes, beside each other for the protocols that were run; both axes logarithmic, bands from the lowest
 * to the highest turn.
 */
export function chartBySize(run: Run): Promise<string> | undefined {
  const values = Object.entries(PANELS).flatMap(([panel, nameAt]) =>
    SIZES.flatMap((size) => {
      const scenario = run.scenarios.find(({ name }) => name === nameAt(size));
      if (scenario === undefined) return [];
      return standingsIn(run, scenario, 'cpu')
        .filter(({ server }) => server in LINES)
        .map(({ server, figure }) => ({ panel, size, server, ...figure }));
    }),
  );
  if (values.length === 0) return undefined;
  const sizes = [...new Set(values.map(({ size }) => size))];
  const panels = Object.keys(PANELS).filter((name) => values.some(({ panel }) => panel === name));
  const servers = Object.keys(LINES).filter((name) => values.some(({ server }) => server === name));
  const spec: PanelSpec = {
    width: panels.length === 1 ? 640 : 260,
    height: 380,
    encoding: {
      x: {
        field: 'size',
        type: 'quantitative',
        scale: { type: 'log', base: 2 },
        axis: { values: sizes, labelExpr: SIZE_LABEL, title: 'body' },
      },
      color: {
        field: 'server',
        type: 'nominal',
        sort: servers,
        scale: { domain: servers, range: servers.map((name) => LINES[name] ?? COLOURS.black) },
        title: null,
        legend: { symbolType: 'stroke', symbolStrokeWidth: 3, symbolOpacity: 1 },
      },
    },
    layer: [
      SPREAD_BAND,
      {
        mark: { type: 'line', point: true },
        encoding: {
          y: { field: 'median', type: 'quantitative', scale: { type: 'log' } },
          strokeDash: {
            field: 'server',
            type: 'nominal',
            sort: servers,
            title: null,
          },
        },
      },
    ],
  };
  return renderChart({
    title: {
      text: 'Server CPU time per request by body size',
      subtitle: 'lower is better; bands from the lowest to the highest turn',
    },
    data: { values },
    facet: { column: { field: 'panel', sort: panels, title: null } },
    spec,
    resolve: { scale: { x: 'independent' } },
  });
}

export const SIZE_LABEL =
  "datum.value >= 1073741824 ? datum.value / 1073741824 + ' GiB'" +
  " : datum.value >= 1048576 ? datum.value / 1048576 + ' MiB'" +
  " : datum.value >= 1024 ? datum.value / 1024 + ' KiB' : datum.value + ' B'";

/** Bars of all servers in one scenario, best on top; logarithmic, with the spread of the turns. */
export function chartOfScenario(run: Run, scenario: ScenarioInfo): Promise<string> | undefined {
  const measure: Measure = scenario.latencyOnly ? 'p99' : 'cpu';
  const values = standingsIn(run, scenario, measure).map(
    ({ server, samples, figure: decisive }) => ({
      server,
      family: familyOf(run, server),
      ...decisive,
      label: decisive.median,
      rate: figure(samples, (sample) => sample.requestsPerSecond).median,
    }),
  );
  if (values.length === 0) return undefined;
  const start = Math.min(...values.map(({ low }) => low)) / 2;
  const scale = { type: 'log', domainMin: start, nice: false } as const;
  const families = Object.keys(FAMILIES) as readonly Family[];
  const spec: TopLevelSpec = {
    title: {
      text: scenario.title,
      subtitle: 'lower is better; whiskers from the lowest to the highest turn',
    },
    width: 560,
    height: { step: 20 },
    data: { values },
    encoding: {
      y: {
        field: 'server',
        type: 'nominal',
        sort: values.map(({ server }) => server),
        title: null,
      },
    },
    layer: [
      {
        mark: { type: 'bar', height: 14 },
        encoding: {
          x: { field: 'median', type: 'quantitative', scale, title: AXIS_TITLES[measure] },
          x2: { datum: start },
          color: {
            field: 'family',
            type: 'nominal',
            scale: { domain: [...families], range: Object.values(FAMILIES) },
            title: null,
            legend: { orient: 'bottom' },
          },
        },
      },
      {
        mark: { type: 'rule', strokeWidth: 2, color: COLOURS.grey },
        encoding: {
          x: { field: 'low', type: 'quantitative', scale },
          x2: { field: 'high' },
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 6, fontSize: 11 },
        encoding: {
          x: { field: 'high', type: 'quantitative', scale },
          text: { field: 'label', type: 'quantitative', format: '.3~s' },
        },
      },
    ],
  };
  return renderChart(spec);
}

const AXIS_TITLES: Readonly<Record<Measure, string>> = {
  cpu: 'server CPU µs per request',
  p99: 'p99 latency, µs',
};

function familyOf(run: Run, server: string): Family {
  if (server.startsWith('zcserve')) return 'zcserve';
  if (hasTag(run, server, 'floor')) return 'bare epoll floor';
  return hasTag(run, server, 'node') || hasTag(run, server, 'middleware')
    ? 'Node and Bun'
    : 'native servers';
}
