// A run as Markdown: the verdict and the main table first, then every row, then the small print.
import type { Run, ScenarioInfo } from '../results.ts';
import { compare, standingsIn, withoutFigures } from './compare.ts';
import { facts } from './facts.ts';
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

/** README's part: the verdict over everything, and the rows that most readers look for. */
export function readmePart(run: Run, chart: string | undefined, report: string): string {
  const comparisons = compare(run);
  const shown = comparisons.filter(({ scenario }) => README_GROUPS.includes(scenario.group));
  const image =
    chart === undefined ? '' : `![Server CPU time per request by body size](${chart})\n\n`;
  return `${image}${verdictText(comparisons)}

Server CPU time per request in microseconds: median (lowest–highest turn). “× floor” is our cost over a
bare epoll server's; “peer ÷ ours” above 1 means that we need less.

${table(SUMMARY_HEAD, shown.map(summaryRow))}

[Every row, and how it was measured](${report}): \`${run.command}\`, ${run.date.slice(0, 10)}.
`;
}

const README_GROUPS: readonly string[] = ['get', 'semantics', 'mix'];

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
