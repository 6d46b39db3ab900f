// The comparison with nginx as Markdown, which a terminal shows well enough.
import { facts } from '../bench/report/facts.ts';
import { duration, number, times, withSpread } from '../bench/report/format.ts';
import { table } from '../bench/report/table.ts';
import { figure, marksOf, type Row, type Run } from '../bench/results.ts';

export function report(run: Run): string {
  return `# zcserve and nginx

${comparison(run)}

${table(
  ['body', 'server', 'requests/s', 'p50', 'p99', 'p99.9', 'errors', 'generator', 'mark'],
  run.rows.map((row) => detailRow(run, row)),
)}

${facts(run)
  .map(([name, text]) => `- ${name}: ${text}`)
  .join('\n')}
`;
}

/** The part that docs/performance.md has, too. */
export function comparison(run: Run): string {
  const others = run.servers.map((server) => server.name).filter((name) => name !== 'zcserve');
  return `Server CPU time per request in microseconds, warm, over keep-alive connections. “nginx ÷ zcserve”
above 1 means that zcserve needs less.

${table(
  ['body', 'zcserve', ...others.flatMap((name) => [name, `${name} ÷ zcserve`])],
  run.scenarios.map((scenario) => cpuRow(run, scenario.name, scenario.title, others)),
)}`;
}

function cpuRow(
  run: Run,
  scenario: string,
  title: string,
  others: readonly string[],
): readonly string[] {
  const ours = cpuOf(run, scenario, 'zcserve');
  return [
    title,
    ours.text,
    ...others.flatMap((name) => {
      const theirs = cpuOf(run, scenario, name);
      return [theirs.text, times(theirs.median / ours.median)];
    }),
  ];
}

function cpuOf(
  run: Run,
  scenario: string,
  server: string,
): { readonly text: string; readonly median: number } {
  const row = run.rows.find((each) => each.scenario === scenario && each.server === server);
  if (row?.outcome.kind !== 'measured') {
    return { text: row?.outcome.kind ?? 'missing', median: Number.NaN };
  }
  const cpu = figure(row.outcome.samples, (sample) => sample.cpu);
  return { text: withSpread(cpu), median: cpu.median };
}

function detailRow(run: Run, row: Row): readonly string[] {
  const title = run.scenarios.find((scenario) => scenario.name === row.scenario)?.title ?? '';
  if (row.outcome.kind !== 'measured') {
    return [title, row.server, row.outcome.reason, '', '', '', '', row.generator, ''];
  }
  const { samples } = row.outcome;
  const latency = (pick: 'p50' | 'p99' | 'p999'): string =>
    duration(figure(samples, (sample) => sample.latency[pick]).median);
  return [
    title,
    row.server,
    withSpread(figure(samples, (sample) => sample.requestsPerSecond)),
    latency('p50'),
    latency('p99'),
    latency('p999'),
    number(samples.reduce((sum, sample) => sum + sample.errors, 0)),
    row.generator,
    marksOf(samples),
  ];
}
