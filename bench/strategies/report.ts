// The comparison of strategies as Markdown.
import { facts } from '../report/facts.ts';
import { number, withSpread } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { Run } from '../results.ts';
import { bytesTitle } from '../scenario.ts';
import type { ColdRow } from './cold-pass.ts';
import type { CopyShare } from './copies.ts';
import { type Point, pointsOf, sizesOf } from './points.ts';
import { FAMILIES, type FamilyName, STRATEGIES, type StrategyName } from './servers.ts';
import { textbook } from './textbook.ts';

export interface StrategyFindings {
  readonly run: Run;
  readonly cold: readonly ColdRow[];
  readonly copies: readonly CopyShare[];
}

export function strategyReport(findings: StrategyFindings): string {
  const points = pointsOf(findings.run);
  const families = FAMILIES.filter((family) => points.some((point) => point.family === family));
  return `# read, mmap and sendfile

Server CPU time per request in microseconds: median (lowest–highest turn); in brackets the CPU time
of server and client together. “floor” is a bare epoll server, “zcserve” the real one with the
strategy forced.

## Warm

${families.map((family) => warmTable(points, family)).join('\n\n')}

${crossovers(points, families)}

## First request of a file that is not in the page cache

${coldTable(findings.cold)}

## What the textbook says

${textbook(points, findings.copies)}

## How it was measured

${notes(findings.run)}
`;
}

/** Why servers have no figures, each reason once. */
function notes(run: Run): string {
  const missing = run.rows.flatMap(({ server, outcome }) =>
    outcome.kind === 'measured' ? [] : [`- ${server}: ${outcome.reason}`],
  );
  const small = facts(run).map(([name, text]) => `- ${name}: ${text}`);
  return [...small, ...new Set(missing)].join('\n');
}

function warmTable(points: readonly Point[], family: FamilyName): string {
  const ours = points.filter((point) => point.family === family);
  const cell = (size: number, strategy: StrategyName): string => {
    const point = ours.find((each) => each.size === size && each.strategy === strategy);
    return point === undefined ? '–' : `${withSpread(point.cpu)} [${number(point.whole.median)}]`;
  };
  const rates = (size: number): string =>
    STRATEGIES.map((strategy) => {
      const point = ours.find((each) => each.size === size && each.strategy === strategy);
      return point === undefined ? '–' : number(point.requestsPerSecond);
    }).join(' / ');
  return table(
    [family, ...STRATEGIES, 'requests/s'],
    sizesOf(ours).map((size) => [
      bytesTitle(size),
      ...STRATEGIES.map((strategy) => cell(size, strategy)),
      rates(size),
    ]),
  );
}

/** The sizes from which one strategy stays cheaper than another, in both costs. */
function crossovers(points: readonly Point[], families: readonly FamilyName[]): string {
  const pairs: readonly (readonly [StrategyName, StrategyName])[] = [
    ['mmap', 'sendfile'],
    ['read', 'sendfile'],
  ];
  const lines = families.flatMap((family) =>
    pairs.map(([small, large]) => {
      const of = (cost: 'cpu' | 'whole'): string =>
        crossover(
          points.filter((point) => point.family === family),
          small,
          large,
          cost,
        );
      return `- ${family}: ${large} beats ${small} ${of('cpu')} by server CPU, ${of('whole')} by CPU of server and client`;
    }),
  );
  return lines.join('\n');
}

function crossover(
  points: readonly Point[],
  small: StrategyName,
  large: StrategyName,
  cost: 'cpu' | 'whole',
): string {
  const costAt = (size: number, strategy: StrategyName): number =>
    points.find((point) => point.size === size && point.strategy === strategy)?.[cost].median ??
    Number.NaN;
  const sizes = sizesOf(points);
  const wins = sizes.map((size) => costAt(size, large) < costAt(size, small));
  const lastLoss = wins.lastIndexOf(false);
  const from = sizes[lastLoss + 1];
  return from === undefined ? 'at no measured size' : `from ${bytesTitle(from)} on`;
}

function coldTable(cold: readonly ColdRow[]): string {
  return table(
    ['server', 'body', 'CPU µs', 'time µs'],
    sizesOf(cold).flatMap((size) =>
      cold
        .filter((row) => row.size === size)
        .map((row) => [row.server, bytesTitle(size), withSpread(row.cpu), withSpread(row.latency)]),
    ),
  );
}
