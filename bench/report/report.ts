// Writes the report of a run: HTML page, Markdown, charts, and the parts of README and docs between their markers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileStem, type Run } from '../results.ts';
import { scenarios } from '../scenarios.ts';
import { chartBySize, chartOfScenario } from './charts.ts';
import { htmlReport } from './html.ts';
import { fullReport, hasOverview, measuredPart, overview } from './markdown.ts';
import { shownPath, updatePage } from './pages.ts';

/** `part`: the markers of docs/performance.md that a run of less than everything may write between. */
export async function writeReport(run: Run, directory: string, part?: string): Promise<void> {
  const stem = join(directory, `${fileStem(run.date)}-report`);
  const bySize = await chartBySize(run);
  const charts = new Map<string, string>();
  for (const scenario of run.scenarios) {
    const chart = await chartOfScenario(run, scenario);
    if (chart !== undefined) charts.set(scenario.name, chart);
  }
  write(`${stem}.html`, htmlReport(run, { bySize, scenarios: charts }));
  if (bySize !== undefined) write(`${stem}.svg`, bySize);
  write(`${stem}.md`, fullReport(run));
  const files = { chart: bySize && `${stem}.svg`, report: `${stem}.md` };
  const markers = isWhole(run) ? 'bench' : part;
  if (markers === undefined) {
    process.stderr.write('docs/performance.md stays as it is: not every scenario was run\n');
  } else {
    updatePage('docs/performance.md', markers, (link) => measuredPart(run, files, link));
  }
  if (hasOverview(run)) updatePage('README.md', 'overview', (link) => overview(run, files, link));
}

function isWhole(run: Run): boolean {
  const names = new Set(run.scenarios.map(({ name }) => name));
  return !run.interrupted && scenarios.every(({ name, optIn }) => optIn || names.has(name));
}

function write(path: string, text: string): void {
  writeFileSync(path, text);
  process.stderr.write(`wrote ${shownPath(path)}\n`);
}
