// npm run bench:strategies: read, mmap and sendfile over body sizes, warm and cold, and what the
// textbook says of them against what is measured.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { findPinning } from './process.ts';
import { progressOn } from './progress.ts';
import { beside, writeRaw } from './raw.ts';
import { get } from './scenarios.ts';
import { INTERRUPTED, runSession, siteRoot } from './session.ts';
import { KIB, MIB } from './site.ts';
import { strategyChart } from './strategies/chart.ts';
import { measureCold } from './strategies/cold-pass.ts';
import { measureCopies } from './strategies/copies.ts';
import { type StrategyFindings, strategyReport } from './strategies/report.ts';
import { strategyServers } from './strategies/servers.ts';

const RESULTS = fileURLToPath(new URL('results', import.meta.url));
const ALL_SIZES = [
  ...[512, KIB, 4 * KIB, 16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB, 256 * KIB],
  ...[MIB, 4 * MIB, 16 * MIB, 64 * MIB],
];
const QUICK_SIZES = [4 * KIB, 64 * KIB, MIB];
const COLD_SIZES = [4 * KIB, 64 * KIB, MIB, 16 * MIB];

/** The textbook's claims are checked where one call moves the whole body, and where it can't. */
const COPY_SIZES = [64 * KIB, MIB];

const flags = await yargs(hideBin(process.argv))
  .scriptName('npm run bench:strategies --')
  .option('quick', { type: 'boolean', default: false, describe: 'Few sizes, one turn each' })
  .option('rounds', { type: 'number', default: 3, describe: 'Turns of each strategy per size' })
  .option('seconds', { type: 'number', default: 1, describe: 'Length of a turn, whole seconds' })
  .option('json', { type: 'boolean', default: false, describe: 'Print the raw results' })
  .strict()
  .parse();

const rounds = flags.quick ? 1 : flags.rounds;
const { run, path } = await runSession({
  name: 'strategies',
  directory: RESULTS,
  command: ['npm run bench:strategies --', ...hideBin(process.argv)].join(' '),
  plan: {
    scenarios: (flags.quick ? QUICK_SIZES : ALL_SIZES).map((size) => get(size)),
    servers: strategyServers,
    rounds,
    seconds: flags.seconds,
    warmUp: 0,
    startWarmUp: 1,
    syscalls: true,
  },
  progress: progressOn(process.stderr),
  autocannonOnly: false,
});

if (run.interrupted) {
  process.stderr.write(`raw results: ${path}\n`);
  process.exit(INTERRUPTED);
}

process.stderr.write('first requests from the disk\n');
const cold = await measureCold({
  servers: strategyServers,
  sizes: flags.quick ? QUICK_SIZES : COLD_SIZES,
  rounds,
  root: siteRoot,
  pinning: findPinning(),
});
process.stderr.write('share of copying\n');
const copies = [];
for (const size of COPY_SIZES) {
  copies.push(...(await measureCopies(strategyServers, size, siteRoot)));
}

const findings: StrategyFindings = { run, cold, copies };
writeRaw(path, findings);
writeFileSync(beside(path, 'svg'), await strategyChart(run, cold));
const markdown = strategyReport(findings);
writeFileSync(beside(path, 'md'), markdown);
process.stdout.write(flags.json ? `${JSON.stringify(findings)}\n` : markdown);
process.stderr.write(`raw results: ${path}\n`);
