// A run as one self-contained HTML page: no scripts, no other files.
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

export interface Charts {
  readonly bySize: string | undefined;
  /** By scenario name. */
  readonly scenarios: ReadonlyMap<string, string>;
}

export function htmlReport(run: Run, charts: Charts): string {
  const comparisons = compare(run);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>zcserve benchmark, ${run.date.slice(0, 10)}</title>
<style>${STYLE}</style>
<h1>zcserve benchmark <small>${run.date.slice(0, 10)}</small></h1>
<div class="verdict">${inline(verdictText(comparisons)).replaceAll('\n', '<br>')}</div>
<figure>${charts.bySize ?? ''}</figure>
<h2>Each scenario</h2>
${htmlTable(SUMMARY_HEAD, comparisons.map(summaryRow))}
<p>Server CPU time per request in microseconds (p99 latency where the clients fix the load): median
(lowest–highest turn). “client-bound”: the load generator was the limit, not the server.
“disturbed”: other programs were busy.</p>
${run.scenarios.map((scenario) => section(run, scenario, charts)).join('\n')}
<h2>How it was measured</h2>
<dl>${facts(run)
    .map(([name, text]) => `<dt>${escapeText(name)}</dt><dd>${inline(text)}</dd>`)
    .join('')}</dl>
</html>
`;
}

function section(run: Run, scenario: ScenarioInfo, charts: Charts): string {
  const measured = standingsIn(run, scenario, scenario.latencyOnly ? 'p99' : 'cpu');
  const floor = compare(run).find((each) => each.scenario === scenario)?.floor;
  const others = withoutFigures(run, scenario).map(reasonLine);
  return `<section>
<h3>${escapeText(scenario.title)}</h3>
<figure>${charts.scenarios.get(scenario.name) ?? ''}</figure>
<details><summary>All figures</summary>
${htmlTable(
  DETAIL_HEAD,
  measured.map((standing) => detailRow(run, scenario, standing, floor)),
)}
</details>
${others.map((line) => `<p class="absent">${inline(line.slice(2))}</p>`).join('')}
</section>`;
}

function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: string): string =>
    row.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join('');
  return `<div class="wide"><table><thead><tr>${cells(head, 'th')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n')}</tbody></table></div>`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The two Markdown forms that the report's sentences use: **bold** and \`code\`. */
function inline(text: string): string {
  return escapeText(text)
    .replace(/\*\*(.+?)\*\*/g, '<strong>$1</strong>')
    .replace(/`(.+?)`/g, '<code>$1</code>');
}

const STYLE = `
:root { color-scheme: light; font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; }
body { max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
h1 small { color: #666; font-weight: normal; }
h2 { margin-top: 3rem; } h3 { margin-top: 2.5rem; }
.verdict { border-left: 4px solid #0072B2; background: #f2f7fb; padding: .8rem 1rem; }
figure { margin: 1.5rem 0; overflow-x: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .8rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .45rem; text-align: right; border-bottom: 1px solid #e6e6e6; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
summary { cursor: pointer; color: #0072B2; }
.absent { color: #666; font-size: .85rem; margin: .2rem 0; }
dt { font-weight: 600; margin-top: .6rem; } dd { margin: 0; }
`;
