// A run: starts the servers, lets them take turns in each scenario, keeps the samples.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareScripts } from './encoded/scripts.ts';
import {
  describe,
  type Entrant,
  enter,
  isIn,
  isSecure,
  probe,
  secureProbe,
  takesPart,
} from './entrant.ts';
import { chooseGenerator } from './load/load.ts';
import { acquaint, prepareTree } from './many/tree.ts';
import { type Plan, rootOf } from './plan.ts';
import type { Progress } from './progress.ts';
import type { Outcome, Row, ScenarioInfo, ServerInfo } from './results.ts';
import { outcomeOf, proveAgain, qualify, type Runner, takeTurn, trace, turnsOf } from './runner.ts';
import { type Asked, assetsOf, type ManyFiles, type Scenario } from './scenario.ts';
import { prepareSite } from './site.ts';

export interface Findings {
  readonly scenarios: readonly ScenarioInfo[];
  readonly servers: readonly ServerInfo[];
  readonly rows: readonly Row[];
}

/** What the parts of a campaign share. */
interface Course {
  readonly plan: Plan;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** For the servers' own files. */
  readonly work: string;
}

/**
 * Runs the plan. `onRows` gets everything found so far after each scenario; an aborted signal ends
 * the run after the turn in progress.
 */
export async function runCampaign(
  plan: Plan,
  progress: Progress,
  signal: AbortSignal,
  onFindings: (findings: Findings) => void,
): Promise<Findings> {
  await mkdir(plan.root, { recursive: true });
  await prepareSite(plan.root, [...plan.scenarios, probe].flatMap(assetsOf));
  if (plan.scenarios.some(({ group }) => group === 'encoded')) await prepareScripts(plan.root);
  const work = await mkdtemp(join(tmpdir(), 'zcserve-bench-'));
  const course: Course = { plan, progress, signal, work };
  const entrants: Entrant[] = [];
  const seen: Entrant[] = [];
  let findings: Findings = { scenarios: [], servers: [], rows: [] };
  try {
    const rows = plan.scenarios.flatMap((scenario) =>
      plan.servers.filter((kind) => takesPart(kind, scenario)),
    );
    progress.begin(rows.length * secondsPerRow(plan));
    const ofOneRoot = plan.scenarios.filter(({ many }) => many === undefined);
    for (const secure of new Set(ofOneRoot.map(isSecure))) {
      const kinds = plan.servers.filter((kind) =>
        ofOneRoot.some((scenario) => takesPart(kind, scenario)),
      );
      await startAll(kinds, secure ? secureProbe : probe, course, entrants);
    }
    seen.push(...entrants);
    for (const scenario of plan.scenarios) {
      if (signal.aborted) break;
      const rows =
        scenario.many === undefined
          ? await runScenario(scenario, entrants, course)
          : await runManyFiles(scenario, scenario.many, course, seen);
      findings = {
        scenarios: [...findings.scenarios, summarise(scenario)],
        servers: plan.servers.map((kind) =>
          describe(
            kind,
            seen.filter((entrant) => entrant.kind === kind),
          ),
        ),
        rows: [...findings.rows, ...rows],
      };
      onFindings(findings);
    }
  } finally {
    progress.end();
    await Promise.all(entrants.map((entrant) => entrant.running?.stop()));
    await rm(work, { recursive: true, force: true });
  }
  return findings;
}

/** One after the other. Each is in `entrants` as soon as it runs, so that it is ended whatever happens. */
async function startAll(
  kinds: Plan['servers'],
  scenario: Scenario,
  { plan, progress, signal, work }: Course,
  entrants: Entrant[],
): Promise<void> {
  for (const kind of kinds) {
    if (signal.aborted) break;
    progress.step(`starting · ${kind.name}`);
    const place = join(work, scenario.name, kind.name);
    entrants.push(await enter(kind, scenario, plan, place));
  }
}

const TRACING_SECONDS = 1.5;

function secondsPerRow({ rounds, seconds, syscalls, warmUp }: Plan): number {
  return warmUp + rounds * seconds + (syscalls ? TRACING_SECONDS : 0);
}

/** With servers and a root of its own, whose names and bytes the kernel knows before any server does. */
async function runManyFiles(
  scenario: Scenario,
  { tree, before, asked }: ManyFiles,
  course: Course,
  seen: Entrant[],
): Promise<readonly Row[]> {
  const { plan, progress } = course;
  const root = rootOf(scenario, plan);
  progress.step(`${scenario.title} · ${tree.name}`);
  await prepareTree(root, tree);
  const turns = turnsOf(plan);
  const lists = Array.from({ length: turns }, (_, turn) => asked(turn, turns));
  const paths = [...lists, ...(before === undefined ? [] : [before()])].flatMap(({ requests }) =>
    requests.map(({ path }) => path),
  );
  await acquaint(root, paths);
  const entrants: Entrant[] = [];
  try {
    const kinds = plan.servers.filter((kind) => takesPart(kind, scenario));
    await startAll(kinds, scenario, course, entrants);
    seen.push(...entrants);
    return await runScenario(scenario, entrants, course, lists);
  } finally {
    await Promise.all(entrants.map((entrant) => entrant.running?.stop()));
  }
}

async function runScenario(
  scenario: Scenario,
  entrants: readonly Entrant[],
  { plan, progress, signal }: Course,
  lists?: readonly Asked[],
): Promise<readonly Row[]> {
  const label = (entrant: Entrant): string => `${scenario.title} · ${entrant.kind.name}`;
  const generator = chooseGenerator(scenario, plan.generators);
  const row = (entrant: Entrant, outcome: Outcome, syscalls?: Row['syscalls']): Row => ({
    scenario: scenario.name,
    server: entrant.kind.name,
    generator,
    outcome,
    ...(syscalls === undefined ? {} : { syscalls }),
  });

  const rows: Row[] = [];
  const runners: Runner[] = [];
  for (const entrant of entrants.filter((each) => isIn(each, scenario))) {
    progress.step(label(entrant));
    const qualified = await qualify(entrant, scenario, plan, lists);
    const qualifies = !('kind' in qualified);
    progress.done(qualifies ? plan.warmUp : secondsPerRow(plan));
    if (qualifies) runners.push(qualified);
    else rows.push(row(entrant, qualified));
  }
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const runner of runners) {
      if (signal.aborted) break;
      progress.step(label(runner.entrant));
      await takeTurn(runner, round);
      progress.done(plan.seconds);
    }
  }
  for (const runner of runners) {
    if (!signal.aborted) await proveAgain(runner);
    const syscalls = plan.syscalls && !signal.aborted ? await trace(runner) : undefined;
    if (plan.syscalls) progress.done(TRACING_SECONDS);
    rows.push(row(runner.entrant, outcomeOf(runner), syscalls));
  }
  return rows;
}

function summarise(scenario: Scenario): ScenarioInfo {
  return {
    name: scenario.name,
    title: scenario.title,
    group: scenario.group,
    connections: scenario.connections,
    latencyOnly: scenario.rate !== undefined,
  };
}
