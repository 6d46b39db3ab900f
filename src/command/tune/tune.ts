// `zcserve tune`: measures read, mmap and sendfile on this machine, several times, and prints the best thresholds.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CONNECTIONS,
  measureSize,
  ROUNDS,
  startServer,
  TURN_MS,
  type TunedServer,
} from './measure.ts';
import {
  type Advice,
  advise,
  type Measured,
  middleOf,
  type Run,
  STRATEGIES,
  spreadOf,
  type Thresholds,
} from './thresholds.ts';

/** Body sizes in KiB. */
const SIZES = [1, 4, 16, 32, 64, 128, 256, 512, 1024, 4096];
const RUNS = 3;

/**
 * Serves scratch files from a directory beside the root's files (or the system's temporary one) with each strategy in
 * turn, for less than a minute, and prints the table, its spread and the flags to stdout. Rejects when a server does not
 * start.
 */
export async function tune({ root }: { readonly root: string }): Promise<void> {
  const directory = makeScratch(resolve(root));
  const servers: TunedServer[] = [];
  const cleanUp = (): void => {
    for (const server of servers) server.process.kill();
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    for (const size of SIZES)
      writeFileSync(join(directory, `${size}k`), Buffer.alloc(size * 1024, size));
    for (const strategy of STRATEGIES) servers.push(await startServer(directory, strategy));
    console.log(`Measuring ${RUNS} times for ${seconds()} s with ${CONNECTIONS} connections …\n`);
    const runs: Run[] = [];
    for (let i = 0; i < RUNS; i++) {
      const run: Measured[] = [];
      for (const size of SIZES) run.push(await measureSize(servers, size));
      runs.push(run);
    }
    console.log(report(runs));
  } finally {
    cleanUp();
    process.off('exit', cleanUp);
  }
}

/** A hidden directory in the root, so that its file system is measured; else a temporary one. */
function makeScratch(root: string): string {
  try {
    return mkdtempSync(join(root, '.zcserve-tune-'));
  } catch {
    return mkdtempSync(join(tmpdir(), 'zcserve-tune-'));
  }
}

/** Of one run. */
function seconds(): number {
  return Math.ceil((SIZES.length * STRATEGIES.length * (ROUNDS + 1) * TURN_MS) / 1000);
}

/** The medians of the runs, how far they lie apart, and what follows from them. */
export function report(runs: readonly Run[]): string {
  const names = STRATEGIES.map((strategy) => strategy.padStart(24)).join('');
  const units = STRATEGIES.map(() => 'server     ±'.padStart(15) + 'whole'.padStart(9)).join('');
  const rows = middleOf(runs).map((measured, at) => rowOf(measured, runs, at));
  return [
    'CPU µs per request',
    `${' '.repeat(9)}${names}`,
    `${'body'.padStart(9)}${units}`,
    ...rows,
    '',
    "For clients elsewhere (the server's own CPU time):",
    wordsOf(advise(runs, 'server')),
    'For clients on this machine (server and client together):',
    wordsOf(advise(runs, 'whole')),
  ].join('\n');
}

function rowOf({ size, cost }: Measured, runs: readonly Run[], at: number): string {
  const cells = STRATEGIES.map((strategy) => {
    const spread = `${Math.round(spreadOf(runs, at, strategy) * 100)}%`;
    const { server, whole } = cost[strategy];
    return server.toFixed(1).padStart(10) + spread.padStart(5) + whole.toFixed(1).padStart(9);
  });
  return `${`${size / 1024} KiB`.padStart(9)}${cells.join('')}`;
}

function wordsOf(advice: Advice): string {
  switch (advice.kind) {
    case 'settled':
      return `  zcserve ${flags(advice.thresholds)}`;
    case 'apart':
      return [
        '  no advice, for the runs do not agree: keep what is, or measure on a machine at rest',
        ...advice.runs.map((thresholds) => `    ${flags(thresholds)}`),
      ].join('\n');
  }
}

function flags({ mmapMax, sendfileMin }: Thresholds): string {
  return `--mmap-max ${mmapMax / 1024}k --sendfile-min ${sendfileMin / 1024}k`;
}
