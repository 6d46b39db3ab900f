// Charts as SVG text: Vega-Lite specifications, rendered without a browser.
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** Okabe and Ito's colours: told apart with every common kind of colour blindness. */
export const COLOURS = {
  blue: '#0072B2',
  orange: '#E69F00',
  green: '#009E73',
  vermilion: '#D55E00',
  purple: '#CC79A7',
  sky: '#56B4E9',
  grey: '#7A7A7A',
  black: '#000000',
} as const;

const LOOK = {
  background: 'white',
  font: 'system-ui, sans-serif',
  axis: { labelFontSize: 12, titleFontSize: 12, gridColor: '#e6e6e6', titleFontWeight: 'normal' },
  title: { fontSize: 15, anchor: 'start', offset: 12, subtitleFontSize: 12 },
  legend: { labelFontSize: 12, titleFontSize: 12 },
  view: { stroke: null },
} as const;

/** A layer from the lowest to the highest turn, behind a line of medians. */
export const SPREAD_BAND = {
  mark: { type: 'area', opacity: 0.2 },
  encoding: {
    y: {
      field: 'low',
      type: 'quantitative',
      scale: { type: 'log' },
      title: 'CPU µs per request',
    },
    y2: { field: 'high' },
  },
} as const;

export async function renderChart(spec: TopLevelSpec): Promise<string> {
  const { spec: vega } = compile({ ...spec, config: LOOK });
  const view = new View(parse(vega), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
