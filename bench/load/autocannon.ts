// autocannon as the load generator, in a process of its own so that it can be pinned.
import { fileURLToPath } from 'node:url';
import { run } from '../process.ts';
import type { Generator, Load, LoadResult } from './load.ts';

const CHILD = fileURLToPath(new URL('autocannon-child.ts', import.meta.url));

export const autocannonGenerator: Generator = { name: 'autocannon', run: runAutocannon };

async function runAutocannon(load: Load): Promise<LoadResult> {
  const output = await run({
    program: process.execPath,
    args: ['--import=tsx', CHILD, JSON.stringify(load)],
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    cores: load.cores,
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as LoadResult;
}
