// A run as Markdown: the verdict and the main table first, then every row, then the small print.
import type { Run, ScenarioInfo } from '../results.ts';
import { compare, standingsIn, withoutFigures } from './compare.ts';
import { facts } from './facts.ts';
import { number } from './format.ts';
import type { Link } from './pages.ts';
import {
  DETAIL_HEAD,
  detailRow,
  reasonLine,
  SUMMARY_HEAD,
  summaryRow,
  verdictText,
} from './rows.ts';
import { table } from './table.ts';

/** The first screen: where we lose, and one line per scenario. */
export function summary(run: Run): string {
  const comparisons = compare(run);
  return `${verdictText(comparisons)}

Server CPU time per request in microseconds (p99 latency where the clients fix the load): median
(lowest–highest turn). “× floor” is our cost over a bare epoll server's; “peer ÷ ours” above 1 means
that we need less. “client-bound”: the load generator was the limit, not the server. “disturbed”:
other programs were busy.

${table(SUMMARY_HEAD, comparisons.map(summaryRow))}
`;
}

/** What a report has written. */
export interface ReportFiles {
  readonly chart: string | undefined;
  readonly report: string;
}

/** The part of docs: the verdict over everything, and the rows that most readers look for. */
export function measuredPart(run: Run, files: ReportFiles, link: Link): string {
  const comparisons = compare(run);
  const shown = comparisons.filter(({ scenario }) => SHOWN_GROUPS.includes(scenario.group));
  return `${image(files, link)}${verdictText(comparisons)}

Server CPU time per request in microseconds: median (lowest–highest turn). “× floor” is our cost over a
bare epoll server's; “peer ÷ ours” above 1 means that we need less.

${table(SUMMARY_HEAD, shown.map(summaryRow))}

[Every row, and how it was measured](${link(files.report)}): \`${run.command}\`, ${run.date.slice(0, 10)}.
`;
}

const SHOWN_GROUPS: readonly string[] = ['get', 'semantics', 'mix', 'many', 'https', 'http2'];

/** README's part: the chart, and medians of a few servers in a few scenarios, so that it fits a page. */
export function overview(run: Run, files: ReportFiles, link: Link): string {
  const shown = run.scenarios.filter(({ name }) => OVERVIEW_SCENARIOS.includes(name));
  const rows = shown.map((scenario) => {
    const standings = standingsIn(run, scenario, 'cpu');
    const medians = Object.values(OVERVIEW_SERVERS).map((names) => {
      const best = standings.find(({ server }) => names.includes(server));
      return best === undefined ? '–' : number(best.figure.median);
    });
    return [scenario.title, ...medians];
  });
  return `${image(files, link)}${table(['', ...Object.keys(OVERVIEW_SERVERS)], rows)}

[Every server and scenario](${link(files.report)}), ${run.date.slice(0, 10)}.
`;
}

/** Does the run have all that README shows? */
export function hasOverview({ interrupted, scenarios }: Run): boolean {
  const names = scenarios.map(({ name }) => name);
  return !interrupted && OVERVIEW_SCENARIOS.every((name) => names.includes(name));
}

const OVERVIEW_SCENARIOS: readonly string[] = [
  ...['get-1k', 'get-16k', 'get-128k', 'get-1m', 'get-16m'],
  ...['not-modified', 'range-16k', 'gzip', 'site'],
  ...['once', 'zipf-100k', 'missing', 'revalidate-many', 'hot-5k', 'hot-50k'],
  ...['https-1k', 'https-16k', 'https-128k', 'https-1m', 'https-full'],
  ...['http2-1k', 'http2-1k-10', 'http2-16k-10', 'http2-128k'],
];

/** By column; of several servers the best. */
const OVERVIEW_SERVERS: Readonly<Record<string, readonly string[]>> = {
  zcserve: ['zcserve'],
  floor: ['floor-mmap', 'floor-sendfile', 'floor-open'],
  nginx: ['nginx', 'nginx-no-cache', 'nginx-large-cache'],
  Bun: ['bun', 'bun-directory'],
  'as middleware': ['zcserve-middleware'],
  sirv: ['sirv'],
  'serve-static': ['serve-static'],
};

function image({ chart }: ReportFiles, link: Link): string {
  if (chart === undefined) return '';
  return `![Server CPU time per request by body size](${link(chart)})\n\n`;
}

export function fullReport(run: Run): string {
  return `# Benchmark, ${run.date.slice(0, 10)}

${summary(run)}
## Every row

${run.scenarios.map((scenario) => scenarioSection(run, scenario)).join('\n\n')}

## How it was measured

${factList(run)}
`;
}

export function factList(run: Run): string {
  return facts(run)
    .map(([name, text]) => `- ${name}: ${text}`)
    .join('\n');
}

function scenarioSection(run: Run, scenario: ScenarioInfo): string {
  const measured = standingsIn(run, scenario, scenario.latencyOnly ? 'p99' : 'cpu');
  const floor = compare(run).find((each) => each.scenario === scenario)?.floor;
  const generator = run.rows.find((row) => row.scenario === scenario.name)?.generator ?? '';
  const others = withoutFigures(run, scenario).map(reasonLine);
  return [
    `### ${scenario.title}\n\n${scenario.connections} connections, ${generator}\n`,
    table(
      DETAIL_HEAD,
      measured.map((standing) => detailRow(run, scenario, standing, floor)),
    ),
    ...(others.length > 0 ? [`\n${others.join('\n')}`] : []),
  ].join('\n');
}
