// A server in one scenario: it proves its answers, takes its turns, and what came of them is its row.
import { type Entrant, messageOf, unfitness } from './entrant.ts';
import { MISSING } from './load/generators.ts';
import { chooseGenerator } from './load/load.ts';
import { measure, type Turn } from './measure.ts';
import { generatorFor, type Plan, rootOf, turnOf } from './plan.ts';
import type { Outcome, Row, Sample } from './results.ts';
import type { Asked, Scenario } from './scenario.ts';
import type { RunningServer } from './servers/server.ts';
import { canTrace, countSyscalls } from './syscalls.ts';
import { verify, WrongAnswer } from './verify.ts';

/** A server that has given the right answers and takes turns. */
export interface Runner {
  readonly entrant: Entrant;
  readonly scenario: Scenario;
  readonly plan: Plan;
  server: RunningServer;
  /** Turns by number; the first is the one that warms up. */
  readonly turnAt: (turn: number) => Turn;
  readonly samples: Sample[];
  failure: string | undefined;
}

/** Turns by number: one that warms up, the timed ones, and a traced one. */
export function turnsOf({ rounds }: Plan): number {
  return rounds + 2;
}

/** `asked` is what each turn asks for; where it is left out, all ask for what is expected. */
export async function qualify(
  entrant: Entrant,
  scenario: Scenario,
  plan: Plan,
  asked?: readonly Asked[],
): Promise<Runner | Outcome> {
  const { kind, running } = entrant;
  const died = running?.died();
  const unfit = unfitness(kind, scenario);
  if (unfit !== undefined) return { kind: 'not-offered', reason: unfit };
  if (running === undefined) return { kind: 'absent', reason: entrant.reason };
  if (died !== undefined) return { kind: 'failed', reason: died };
  const generator = generatorFor(scenario, plan);
  if (generator === undefined) {
    return { kind: 'absent', reason: MISSING[chooseGenerator(scenario, plan.generators)] ?? '' };
  }
  try {
    const requests = await verify(running.url, rootOf(scenario, plan), scenario);
    const turn = (seconds: number, number: number): Turn => {
      const list = asked?.[number] ?? { requests, once: false };
      return turnOf(plan, scenario, generator, list, seconds * (scenario.turnLength ?? 1));
    };
    const before = scenario.many?.before?.();
    if (before !== undefined) {
      await measure(running, turnOf(plan, scenario, generator, before, plan.seconds));
    }
    if (plan.warmUp > 0 && scenario.many?.startedFor !== 'turn') {
      await measure(running, turn(plan.warmUp, 0));
    }
    return {
      entrant,
      scenario,
      plan,
      server: running,
      turnAt: (number) => turn(plan.seconds, number),
      samples: [],
      failure: undefined,
    };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error) };
  }
}

export async function takeTurn(runner: Runner, round: number): Promise<void> {
  if (runner.failure !== undefined) return;
  try {
    if (runner.scenario.many?.startedFor === 'turn') runner.server = await runner.entrant.restart();
    const sample = await measure(runner.server, runner.turnAt(round + 1));
    runner.failure = runner.server.died();
    if (sample.requests === 0) runner.failure ??= 'no request was answered in a whole turn';
    runner.samples.push(sample);
  } catch (error) {
    runner.failure = runner.server.died() ?? messageOf(error);
  }
}

/** After the last turn: a server that has seen many files must still give the right ones. */
export async function proveAgain(runner: Runner): Promise<void> {
  const { failure, scenario, server, plan } = runner;
  if (failure !== undefined || scenario.many === undefined) return;
  try {
    await verify(server.url, rootOf(scenario, plan), {
      ...scenario,
      expects: scenario.many.proof(),
    });
  } catch (error) {
    runner.failure = `after the turns: ${reasonOf(error)}`;
  }
}

export async function trace(runner: Runner): Promise<Row['syscalls']> {
  const { failure, scenario, server, plan } = runner;
  if (!canTrace() || scenario.background !== undefined || failure !== undefined) return undefined;
  try {
    return await countSyscalls(server, runner.turnAt(turnsOf(plan) - 1));
  } catch {
    // A traced server may be too slow to come to the end of a list.
    return undefined;
  }
}

export function outcomeOf({ failure, samples }: Runner): Outcome {
  if (failure !== undefined) return { kind: 'failed', reason: failure };
  if (samples.length === 0) return { kind: 'absent', reason: 'interrupted before its first turn' };
  return { kind: 'measured', samples };
}

function reasonOf(error: unknown): string {
  const wrong = error instanceof WrongAnswer ? 'wrong answer' : 'verification failed';
  return `${wrong}: ${messageOf(error)}`;
}
