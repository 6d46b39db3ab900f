// Writes the report of a run: HTML page, Markdown, charts, and README's part between its markers.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileStem, type Run } from '../results.ts';
import { scenarios } from '../scenarios.ts';
import { chartBySize, chartOfScenario } from './charts.ts';
import { htmlReport } from './html.ts';
import { fullReport, readmePart } from './markdown.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';

export async function writeReport(run: Run, directory: string): Promise<void> {
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
  if (!isWhole(run)) {
    process.stderr.write('README.md stays as it is: not every scenario was run\n');
    return;
  }
  const chart = bySize === undefined ? undefined : relative(PROJECT, `${stem}.svg`);
  updateReadme(readmePart(run, chart, relative(PROJECT, `${stem}.md`)));
}

function isWhole(run: Run): boolean {
  return !run.interrupted && run.scenarios.length === scenarios.length;
}

function write(path: string, text: string): void {
  writeFileSync(path, text);
  process.stderr.write(`wrote ${relative(PROJECT, path)}\n`);
}

/** Replaces what is between README's markers; a README without them stays as it is. */
function updateReadme(part: string): void {
  const path = join(PROJECT, 'README.md');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start === -1 || end < start) {
    process.stderr.write(`README.md has no ${START} … ${END}: left as it is\n`);
    return;
  }
  write(path, `${text.slice(0, start)}${START}\n${part}${text.slice(end)}`);
}
