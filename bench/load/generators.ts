// The load generators: wrk and h2load where they are installed, and programs of ours, each in a process of its own so
// that it can be pinned.
import { fileURLToPath } from 'node:url';
import { run } from '../process.ts';
import { findH2load, H2LOAD_MISSING } from './h2load.ts';
import type { Generator, GeneratorName, Generators, LoadResult } from './load.ts';
import { findWrk, WRK_MISSING } from './wrk.ts';

/** How to get those that have to be installed. */
export const MISSING: Readonly<Partial<Record<GeneratorName, string>>> = {
  wrk: WRK_MISSING,
  h2load: H2LOAD_MISSING,
};

export function findGenerators(): Generators {
  const installed = [findWrk(), findH2load()].filter((found) => found !== undefined);
  const ours = (['autocannon', 'steady', 'resuming'] as const).map(program);
  return Object.fromEntries([...installed, ...ours].map((each) => [each.name, each]));
}

/** Gets a Load as JSON in its argument, and ends its output with a line that is a LoadResult as JSON. */
function program(name: GeneratorName): Generator {
  const file = fileURLToPath(new URL(`${name}-child.ts`, import.meta.url));
  return {
    name,
    async run(load) {
      const output = await run({
        program: process.execPath,
        args: ['--import=tsx', file, JSON.stringify(load)],
        cwd: fileURLToPath(new URL('..', import.meta.url)),
        cores: load.cores,
      });
      return JSON.parse(output.trim().split('\n').at(-1) ?? '') as LoadResult;
    },
  };
}
