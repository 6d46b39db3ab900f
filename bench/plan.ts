// What a run is asked to do, and what a turn of it takes.
import { join } from 'node:path';
import { chooseGenerator, type Generator, type Generators } from './load/load.ts';
import type { Turn } from './measure.ts';
import type { Pinning } from './process.ts';
import type { Asked, Scenario } from './scenario.ts';
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
  /** Where the scenarios of many files have theirs. */
  readonly trees: string;
  readonly pinning: Pinning | undefined;
  readonly generators: Generators;
}

export function turnOf(
  plan: Plan,
  scenario: Scenario,
  generator: Generator,
  asked: Asked,
  seconds: number,
): Turn {
  return { scenario, asked, generator, root: plan.root, pinning: plan.pinning, seconds };
}

/** Where the files of a scenario are. */
export function rootOf({ many }: Scenario, { root, trees }: Plan): string {
  return many === undefined ? root : join(trees, many.tree.name);
}

/** Undefined where the machine has none for this scenario. */
export function generatorFor(scenario: Scenario, { generators }: Plan): Generator | undefined {
  return generators[chooseGenerator(scenario, generators)];
}
