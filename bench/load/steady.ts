// A steady load: requests at fixed times, whatever the server does. Latency is what it measures.
// (wrk has no fixed rate; autocannon sends the quota of each second in one burst at its start.)
import { fileURLToPath } from 'node:url';
import { run } from '../process.ts';
import type { Generator, Load, LoadResult } from './load.ts';

const CHILD = fileURLToPath(new URL('steady-child.ts', import.meta.url));

export const steadyGenerator: Generator = { name: 'steady', run: runSteady };

async function runSteady(load: Load): Promise<LoadResult> {
  const output = await run({
    program: process.execPath,
    args: ['--import=tsx', CHILD, JSON.stringify(load)],
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    cores: load.cores,
  });
  return JSON.parse(output) as LoadResult;
}
