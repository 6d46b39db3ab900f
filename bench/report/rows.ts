// What the Markdown and the HTML report both say: verdicts, and the cells of their tables.
import { figure, marksOf, type Row, type Run, type Sample, type ScenarioInfo } from '../results.ts';
import type { Comparison, Standing, Verdict } from './compare.ts';
import { bandwidth, duration, mebibytes, number, times, withSpread } from './format.ts';

/** Names the scenarios of each unwelcome verdict; a loss is never below the fold. */
export function verdictText(comparisons: readonly Comparison[]): string {
  const titles = (verdict: Verdict, among = comparisons): readonly string[] =>
    among.filter((each) => each.verdict === verdict).map((each) => each.scenario.title);
  const leads = ({ ours, bestPeer }: Comparison): boolean =>
    ours !== undefined && bestPeer !== undefined && ours.figure.median < bestPeer.figure.median;
  const leading = comparisons.filter(leads);
  const trailing = comparisons.filter((each) => !leads(each));
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['Behind the best peer', titles('behind')],
    [
      'Level with the best peer (within the spread), ours the higher median',
      titles('level', trailing),
    ],
    ['Level, ours the lower median', titles('level', leading)],
    ['Without a figure of ours', titles('absent')],
    ['Without a peer to compare with', titles('alone')],
  ];
  const ahead = titles('ahead').length;
  return [
    `**The lowest median of all in ${leading.length} of ${comparisons.length} scenarios, in ${ahead} by more than the spread of the turns.**`,
    ...parts
      .filter(([, names]) => names.length > 0)
      .map(([label, names]) => `**${label}:** ${names.join('; ')}.`),
  ].join('\n');
}

export const SUMMARY_HEAD: readonly string[] = [
  'scenario',
  'ours',
  'floor',
  '× floor',
  'best peer',
  'its figure',
  'peer ÷ ours',
  'verdict',
];

export function summaryRow(comparison: Comparison): readonly string[] {
  const { scenario, ours, floor, bestPeer, verdict } = comparison;
  const marks = marksOf(ours?.samples ?? []);
  const show = (standing: Standing | undefined): string =>
    standing === undefined ? '–' : withSpread(standing.figure);
  const ratio = (over: Standing | undefined, under: Standing | undefined): string =>
    times((over?.figure.median ?? Number.NaN) / (under?.figure.median ?? Number.NaN));
  return [
    scenario.title,
    show(ours),
    show(floor),
    ratio(ours, floor),
    bestPeer?.server ?? '–',
    show(bestPeer),
    ratio(bestPeer, ours),
    marks === '' ? verdict : `${verdict}, ${marks}`,
  ];
}

export const DETAIL_HEAD: readonly string[] = [
  'server',
  'CPU µs/request',
  '× floor',
  'user',
  'system',
  'requests/s',
  'bandwidth',
  'p50',
  'p99',
  'p99.9',
  'switches/request',
  'syscalls/request',
  'peak MiB',
  'MiB after',
  'errors',
  'mark',
];

export function detailRow(
  run: Run,
  scenario: ScenarioInfo,
  { server, samples }: Standing,
  floor: Standing | undefined,
): readonly string[] {
  const of = (pick: (sample: Sample) => number): number => figure(samples, pick).median;
  const row = run.rows.find((each) => each.server === server && each.scenario === scenario.name);
  const cpu = figure(samples, (sample) => sample.cpu);
  const floorCpu = floor === undefined ? Number.NaN : figure(floor.samples, (s) => s.cpu).median;
  return [
    server,
    withSpread(cpu),
    times(cpu.median / floorCpu),
    number(of((sample) => sample.cpuUser)),
    number(of((sample) => sample.cpuSystem)),
    number(of((sample) => sample.requestsPerSecond)),
    bandwidth(of((sample) => sample.bytesPerSecond)) + beside(samples),
    duration(of((sample) => sample.latency.p50)),
    duration(of((sample) => sample.latency.p99)),
    duration(of((sample) => sample.latency.p999)),
    number(of((sample) => sample.voluntarySwitches + sample.involuntarySwitches)),
    syscallTotal(row),
    mebibytes(of((sample) => sample.peakMemory)),
    mebibytes(samples.at(-1)?.memoryAfter ?? Number.NaN),
    number(samples.reduce((sum, sample) => sum + sample.errors, 0)),
    marksOf(samples),
  ];
}

function syscallTotal(row: Row | undefined): string {
  if (row?.syscalls === undefined) return '–';
  return number(Object.values(row.syscalls).reduce((sum, count) => sum + count, 0));
}

/** The background clients' share: a server could keep hot clients quick by starving the others. */
function beside(samples: readonly Sample[]): string {
  const bytes = figure(samples, (sample) => sample.backgroundBytesPerSecond ?? 0).median;
  return bytes === 0 ? '' : ` + ${bandwidth(bytes)} beside`;
}

/** "- caddy: not installed: …". */
export function reasonLine({ server, outcome }: Row): string {
  switch (outcome.kind) {
    case 'measured':
      return `- ${server}`;
    case 'absent':
      return `- ${server} did not run: ${outcome.reason}`;
    case 'not-offered':
      return `- ${server} is left out: ${outcome.reason}`;
    case 'failed':
      return `- **${server} FAILED**: ${outcome.reason}`;
  }
}
