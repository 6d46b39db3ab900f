// Writes the report of a run: HTML page, Markdown, charts, and README's part between its markers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileStem, type Run } from '../results.ts';
import { scenarios } from '../scenarios.ts';
import { chartBySize, chartOfScenario } from './charts.ts';
import { htmlReport } from './html.ts';
import { fullReport, readmePart } from './markdown.ts';
import { readmePath, updateReadme } from './readme.ts';

/** `part`: the markers of README that a run of less than everything may write between. */
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
  const markers = isWhole(run) ? 'bench' : part;
  if (markers === undefined) {
    process.stderr.write('README.md stays as it is: not every scenario was run\n');
    return;
  }
  const chart = bySize === undefined ? undefined : readmePath(`${stem}.svg`);
  updateReadme(markers, readmePart(run, chart, readmePath(`${stem}.md`)));
}

function isWhole(run: Run): boolean {
  return !run.interrupted && run.scenarios.length === scenarios.length;
}

function write(path: string, text: string): void {
  writeFileSync(path, text);
  process.stderr.write(`wrote ${readmePath(path)}\n`);
}
