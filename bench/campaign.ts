// A run: starts the servers, verifies each, lets them take turns in each scenario, keeps the samples.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describe,
  type Entrant,
  enter,
  isIn,
  isSecure,
  messageOf,
  notSetUp,
  probe,
  takesPart,
} from './entrant.ts';
import { H2LOAD_MISSING } from './load/h2load.ts';
import { chooseGenerator } from './load/load.ts';
import { measure, type Turn } from './measure.ts';
import { generatorFor, type Plan, turnOf } from './plan.ts';
import type { Progress } from './progress.ts';
import type { Outcome, Row, Sample, ScenarioInfo, ServerInfo } from './results.ts';
import { assetsOf, type Scenario } from './scenarios.ts';
import type { RunningServer } from './servers/server.ts';
import { prepareSite } from './site.ts';
import { canTrace, countSyscalls } from './syscalls.ts';
import { verify, WrongAnswer } from './verify.ts';

export interface Findings {
  readonly scenarios: readonly ScenarioInfo[];
  readonly servers: readonly ServerInfo[];
  readonly rows: readonly Row[];
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
  const work = await mkdtemp(join(tmpdir(), 'zcserve-bench-'));
  const entrants: Entrant[] = [];
  let findings: Findings = { scenarios: [], servers: [], rows: [] };
  try {
    const rows = plan.scenarios.flatMap((scenario) =>
      plan.servers.filter((kind) => takesPart(kind, scenario)),
    );
    progress.begin(rows.length * secondsPerRow(plan));
    for (const secure of new Set(plan.scenarios.map(isSecure))) {
      for (const kind of plan.servers) {
        if (signal.aborted) break;
        progress.step(`starting · ${kind.name}`);
        entrants.push(await enter(kind, secure, plan, join(work, secure ? 'tls' : '', kind.name)));
      }
    }
    const servers = plan.servers.map((kind) =>
      describe(
        kind,
        entrants.filter((entrant) => entrant.kind === kind),
      ),
    );
    for (const scenario of plan.scenarios) {
      if (signal.aborted) break;
      const rows = await runScenario(scenario, entrants, plan, progress, signal);
      findings = {
        scenarios: [...findings.scenarios, summarise(scenario)],
        servers,
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

const TRACING_SECONDS = 1.5;

function secondsPerRow({ rounds, seconds, syscalls, warmUp }: Plan): number {
  return warmUp + rounds * seconds + (syscalls ? TRACING_SECONDS : 0);
}

async function runScenario(
  scenario: Scenario,
  entrants: readonly Entrant[],
  plan: Plan,
  progress: Progress,
  signal: AbortSignal,
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
    const qualified = await qualify(entrant, scenario, plan);
    const qualifies = !('kind' in qualified);
    progress.done(qualifies ? plan.warmUp : secondsPerRow(plan));
    if (qualifies) runners.push(qualified);
    else rows.push(row(entrant, qualified));
  }
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const runner of runners) {
      if (signal.aborted) break;
      progress.step(label(runner.entrant));
      await takeTurn(runner);
      progress.done(plan.seconds);
    }
  }
  for (const runner of runners) {
    const traced = plan.syscalls && canTrace() && scenario.background === undefined;
    const syscalls =
      traced && !signal.aborted && runner.failure === undefined
        ? await countSyscalls(runner.server, runner.turn)
        : undefined;
    if (plan.syscalls) progress.done(TRACING_SECONDS);
    rows.push(row(runner.entrant, outcomeOf(runner), syscalls));
  }
  return rows;
}

/** A server that has given the right answers and takes turns. */
interface Runner {
  readonly entrant: Entrant;
  readonly server: RunningServer;
  readonly turn: Turn;
  readonly samples: Sample[];
  failure: string | undefined;
}

async function qualify(
  entrant: Entrant,
  scenario: Scenario,
  plan: Plan,
): Promise<Runner | Outcome> {
  const { kind, running } = entrant;
  const died = running?.died();
  if (!kind.speaks.includes(scenario.protocol)) {
    return { kind: 'not-offered', reason: notSetUp(scenario) };
  }
  if (running === undefined) return { kind: 'absent', reason: entrant.reason };
  if (died !== undefined) return { kind: 'failed', reason: died };
  if (scenario.needs !== undefined && kind.lacks.includes(scenario.needs)) {
    return { kind: 'not-offered', reason: `no ${scenario.needs}` };
  }
  const generator = generatorFor(scenario, plan);
  if (generator === undefined) return { kind: 'absent', reason: H2LOAD_MISSING };
  try {
    const requests = await verify(running.url, plan.root, scenario);
    const turnFor = (seconds: number): Turn =>
      turnOf(plan, scenario, generator, requests, seconds * (scenario.turnLength ?? 1));
    if (plan.warmUp > 0) await measure(running, turnFor(plan.warmUp));
    const turn = turnFor(plan.seconds);
    return { entrant, server: running, turn, samples: [], failure: undefined };
  } catch (error) {
    const wrong = error instanceof WrongAnswer ? 'wrong answer' : 'verification failed';
    return { kind: 'failed', reason: `${wrong}: ${messageOf(error)}` };
  }
}

async function takeTurn(runner: Runner): Promise<void> {
  if (runner.failure !== undefined) return;
  try {
    const sample = await measure(runner.server, runner.turn);
    runner.failure = runner.server.died();
    if (sample.requests === 0) runner.failure ??= 'no request was answered in a whole turn';
    runner.samples.push(sample);
  } catch (error) {
    runner.failure = runner.server.died() ?? messageOf(error);
  }
}

function outcomeOf({ failure, samples }: Runner): Outcome {
  if (failure !== undefined) return { kind: 'failed', reason: failure };
  if (samples.length === 0) return { kind: 'absent', reason: 'interrupted before its first turn' };
  return { kind: 'measured', samples };
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
