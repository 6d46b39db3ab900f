// What a run is asked to do, and what a turn of it takes.
import { chooseGenerator, type Generator, type Generators } from './load/load.ts';
import type { Turn } from './measure.ts';
import type { Pinning } from './process.ts';
import type { BenchRequest } from './request.ts';
import type { Scenario } from './scenarios.ts';
import type { ServerKind } from './servers/server.ts';

export interface Plan {
  readonly scenarios: readonly Scenario[];
  readonly servers: readonly ServerKind[];
  /** Turns of each server in each scenario; A B A B. */
  readonly rounds: number;
  /** Length of a turn; whole seconds. */
  readonly seconds: number;
  /** Length of the untimed turn before the first, in each scenario. */
  readonly warmUp: number;
  /** Length of the untimed turn right after a server's start, for its just-in-time compiler. */
  readonly startWarmUp: number;
  readonly syscalls: boolean;
  /** The directory that is served; made and filled when needed. */
  readonly root: string;
  readonly pinning: Pinning | undefined;
  readonly generators: Generators;
}

export function turnOf(
  plan: Plan,
  scenario: Scenario,
  generator: Generator,
  requests: readonly BenchRequest[],
  seconds: number,
): Turn {
  return { scenario, requests, generator, root: plan.root, pinning: plan.pinning, seconds };
}

/** Undefined where the machine has none for this scenario. */
export function generatorFor(scenario: Scenario, { generators }: Plan): Generator | undefined {
  return generators[chooseGenerator(scenario, generators)];
}
