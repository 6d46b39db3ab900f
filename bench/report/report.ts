// Writes the report of a run: HTML page, Markdown, charts, and README's part between its markers.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileStem, type Run } from '../results.ts';
import { chartBySize, chartOfScenario } from './charts.ts';
import { htmlReport } from './html.ts';
import { fullReport, summary } from './markdown.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';

/** Lines of the chart by size; the detail charts show every server. */
const LINES = [
  'zcserve',
  'floor-mmap',
  'floor-sendfile',
  'nginx',
  'h2o',
  'bun',
  'sirv',
  'serve-static',
];

export async function writeReport(run: Run, directory: string): Promise<void> {
  const stem = join(directory, `${fileStem(run.date)}-report`);
  const bySize = await chartBySize(
    run,
    LINES.filter((name) => hasFigures(run, name)),
  );
  const scenarios = new Map<string, string>();
  for (const scenario of run.scenarios) {
    const chart = await chartOfScenario(run, scenario);
    if (chart !== undefined) scenarios.set(scenario.name, chart);
  }
  write(`${stem}.html`, htmlReport(run, { bySize, scenarios }));
  if (bySize !== undefined) write(`${stem}.svg`, bySize);
  write(`${stem}.md`, fullReport(run));
  updateReadme(run, bySize === undefined ? undefined : relative(PROJECT, `${stem}.svg`));
}

function hasFigures(run: Run, server: string): boolean {
  return run.rows.some((row) => row.server === server && row.outcome.kind === 'measured');
}

function write(path: string, text: string): void {
  writeFileSync(path, text);
  process.stderr.write(`wrote ${relative(PROJECT, path)}\n`);
}

/** Replaces what is between README's markers; a README without them stays as it is. */
function updateReadme(run: Run, chart: string | undefined): void {
  const path = join(PROJECT, 'README.md');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start === -1 || end < start) {
    process.stderr.write(`README.md has no ${START} … ${END}: left as it is\n`);
    return;
  }
  const image =
    chart === undefined ? '' : `![Server CPU time per request by body size](${chart})\n\n`;
  const source = `Made by \`${run.command}\` on ${run.date.slice(0, 10)}.\n`;
  const part = `${START}\n${image}${summary(run)}\n${source}`;
  write(path, `${text.slice(0, start)}${part}${text.slice(end)}`);
}
