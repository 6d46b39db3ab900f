// One run from start to saved results: Ctrl-C, machine and versions, the raw file kept up to date.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Findings, runCampaign } from './campaign.ts';
import { findGenerators } from './load/generators.ts';
import { h2loadVersion } from './load/h2load.ts';
import type { Generators } from './load/load.ts';
import { wrkVersion } from './load/wrk.ts';
import { describeMachine } from './machine.ts';
import type { Plan } from './plan.ts';
import { findPinning } from './process.ts';
import type { Progress } from './progress.ts';
import { type Run, saveRun } from './results.ts';

/** The directory that all runs serve; kept between runs, ignored by git. */
export const siteRoot = fileURLToPath(new URL('.work/site', import.meta.url));

/** Where the trees of many files are. */
const treesRoot = fileURLToPath(new URL('.work/trees', import.meta.url));

/** Exit status of a run that Ctrl-C ended: 128 + SIGINT, as a shell reports it. */
export const INTERRUPTED = 130;

export interface Session {
  /** Part of the results' file name. */
  readonly name: string;
  readonly directory: string;
  /** The command line that a reader would type. */
  readonly command: string;
  readonly plan: Omit<Plan, 'root' | 'trees' | 'pinning' | 'generators'>;
  readonly progress: Progress;
  /** Use autocannon even where wrk is installed. */
  readonly autocannonOnly: boolean;
}

/** Runs and saves after each scenario. Ctrl-C ends the run early and keeps what there is. */
export async function runSession(session: Session): Promise<{ run: Run; path: string }> {
  const date = new Date().toISOString();
  const { wrk, ...others } = findGenerators();
  const generators: Generators =
    session.autocannonOnly || wrk === undefined ? others : { wrk, ...others };
  const pinning = findPinning();
  const interrupt = onInterrupt();
  let path = '';
  const runOf = (findings: Findings): Run => ({
    date,
    command: session.command,
    machine: describeMachine(siteRoot),
    generators: {
      ...(generators.wrk === undefined ? {} : { wrk: wrkVersion() }),
      ...(generators.h2load === undefined ? {} : { h2load: h2loadVersion() }),
      autocannon: autocannonVersion(),
    },
    rounds: session.plan.rounds,
    seconds: session.plan.seconds,
    pinned: pinning !== undefined,
    interrupted: interrupt.signal.aborted,
    ...findings,
  });
  const save = (findings: Findings): void => {
    path = saveRun(session.directory, session.name, runOf(findings));
  };
  const plan = { ...session.plan, root: siteRoot, trees: treesRoot, pinning, generators };
  try {
    const findings = await runCampaign(plan, session.progress, interrupt.signal, save);
    save(findings);
    return { run: runOf(findings), path };
  } finally {
    interrupt.dispose();
  }
}

/** Aborts at the first SIGINT; the second ends the process at once. */
function onInterrupt(): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write('\nEnding after this turn; Ctrl-C again to stop at once.\n');
    controller.abort();
  };
  process.on('SIGINT', listener);
  return { signal: controller.signal, dispose: () => process.off('SIGINT', listener) };
}

function autocannonVersion(): string {
  const { version } = createRequire(import.meta.url)('autocannon/package.json') as {
    version: string;
  };
  return `autocannon ${version}`;
}
