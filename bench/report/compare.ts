// What a run says: our figure in each scenario beside the floor's and the best peer's.
import {
  type Figure,
  figure,
  type Row,
  type Run,
  type Sample,
  type ScenarioInfo,
} from '../results.ts';

/** Which figure decides a scenario; lower is better for both. */
export type Measure = 'cpu' | 'p99';

export interface Standing {
  readonly server: string;
  readonly figure: Figure;
  readonly samples: readonly Sample[];
}

/** `alone`: no peer was measured. `absent`: we were not. */
export type Verdict = 'ahead' | 'level' | 'behind' | 'alone' | 'absent';

export interface Comparison {
  readonly scenario: ScenarioInfo;
  readonly measure: Measure;
  readonly ours: Standing | undefined;
  /** The best of the floors. */
  readonly floor: Standing | undefined;
  readonly bestPeer: Standing | undefined;
  readonly verdict: Verdict;
}

/** Whom a run compares: zcserve over the bare epoll servers; or its middleware over bare node:http. */
interface Sides {
  /** In a scenario it is one of them at most. */
  readonly ours: readonly string[];
  readonly isFloor: (server: string) => boolean;
}

function sidesOf(run: Run): Sides {
  return run.servers.some(({ name }) => ['zcserve', 'zcserve-once'].includes(name))
    ? { ours: ['zcserve', 'zcserve-once'], isFloor: (server) => hasTag(run, server, 'floor') }
    : { ours: ['zcserve-middleware'], isFloor: (server) => server === 'node-buffer' };
}

export function compare(run: Run): readonly Comparison[] {
  const sides = sidesOf(run);
  return run.scenarios.map((scenario) => {
    const measure: Measure = scenario.latencyOnly ? 'p99' : 'cpu';
    const standings = standingsIn(run, scenario, measure);
    const ours = standings.find(({ server }) => sides.ours.includes(server));
    const floor = standings.find(({ server }) => sides.isFloor(server));
    const bestPeer = standings.find(({ server }) => isPeer(run, server));
    return {
      scenario,
      measure,
      ours,
      floor,
      bestPeer,
      verdict: judge(ours, bestPeer),
    };
  });
}

/** The servers that were measured in a scenario, best first. */
export function standingsIn(
  run: Run,
  scenario: ScenarioInfo,
  measure: Measure,
): readonly Standing[] {
  return run.rows
    .flatMap((row): Standing[] =>
      row.scenario === scenario.name && row.outcome.kind === 'measured'
        ? [
            {
              server: row.server,
              figure: decisive(row.outcome.samples, measure),
              samples: row.outcome.samples,
            },
          ]
        : [],
    )
    .sort((a, b) => a.figure.median - b.figure.median);
}

/** Rows of a scenario that have no figures, with their reasons. */
export function withoutFigures(run: Run, scenario: ScenarioInfo): readonly Row[] {
  return run.rows.filter(
    (row) => row.scenario === scenario.name && row.outcome.kind !== 'measured',
  );
}

export function hasTag(run: Run, server: string, tag: string): boolean {
  return run.servers.some(({ name, tags }) => name === server && tags.some((each) => each === tag));
}

function isPeer(run: Run, server: string): boolean {
  return !server.startsWith('zcserve') && !hasTag(run, server, 'floor') && server !== 'node-buffer';
}

function decisive(samples: readonly Sample[], measure: Measure): Figure {
  return figure(samples, (sample) => (measure === 'cpu' ? sample.cpu : sample.latency.p99));
}

/** Level when the turns of both overlap: the difference is within this run's noise. */
function judge(ours: Standing | undefined, peer: Standing | undefined): Verdict {
  if (ours === undefined) return 'absent';
  if (peer === undefined) return 'alone';
  if (ours.figure.high < peer.figure.low) return 'ahead';
  return ours.figure.low > peer.figure.high ? 'behind' : 'level';
}
