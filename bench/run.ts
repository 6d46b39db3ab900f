// npm run bench: every scenario × every server, and the report of a run.
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { progressOn } from './progress.ts';
import { readRaw } from './raw.ts';
import { summary } from './report/markdown.ts';
import { writeReport } from './report/report.ts';
import type { Run } from './results.ts';
import { scenarios } from './scenarios.ts';
import { select } from './selection.ts';
import { quickServers, servers } from './servers/all.ts';
import { INTERRUPTED, runSession } from './session.ts';

const RESULTS = fileURLToPath(new URL('results', import.meta.url));

const flags = await yargs(hideBin(process.argv))
  .scriptName('npm run bench --')
  .usage('$0 [options]\n\nMeasures zcserve, its peers and the floor on this machine.')
  .option('quick', {
    type: 'boolean',
    default: false,
    describe: 'A few scenarios and servers, under two minutes',
  })
  .option('only', {
    type: 'string',
    default: '',
    describe: 'Names or groups of scenarios, names or tags of servers, comma-separated',
  })
  .option('rounds', { type: 'number', default: 5, describe: 'Turns of each server per scenario' })
  .option('seconds', { type: 'number', default: 1, describe: 'Length of a turn, whole seconds' })
  .option('autocannon', {
    type: 'boolean',
    default: false,
    describe: 'Load with autocannon even where wrk is installed',
  })
  .option('syscalls', {
    type: 'boolean',
    default: true,
    describe: 'Count system calls with strace; --no-syscalls to skip',
  })
  .option('json', { type: 'boolean', default: false, describe: 'Print the raw results on stdout' })
  .option('report', {
    type: 'boolean',
    default: false,
    describe: 'Write the HTML page and Markdown, and update README and docs between their markers',
  })
  .option('readme', {
    type: 'string',
    describe:
      'With --report: markers of docs/performance.md that a run of less than everything writes between',
  })
  .option('from', { type: 'string', describe: 'Report on this raw result file instead of running' })
  .option('list', { type: 'boolean', default: false, describe: 'List scenarios and servers' })
  .strict()
  .parse();

if (flags.list) list();
else if (flags.from !== undefined)
  await writeReport(readRaw(flags.from) as Run, RESULTS, flags.readme);
else await runAll();

async function runAll(): Promise<void> {
  const selection = select(flags.only, { scenarios, servers });
  const narrowed = flags.quick && flags.only === '';
  const { run, path } = await runSession({
    name: flags.quick ? 'quick' : 'bench',
    directory: RESULTS,
    command: ['npm run bench --', ...hideBin(process.argv)].join(' '),
    plan: {
      scenarios: narrowed ? selection.scenarios.filter(({ quick }) => quick) : selection.scenarios,
      servers: narrowed
        ? selection.servers.filter(({ name }) => quickServers.includes(name))
        : selection.servers,
      rounds: flags.quick ? 2 : flags.rounds,
      seconds: flags.quick ? 1 : flags.seconds,
      warmUp: flags.quick ? 0 : 1,
      startWarmUp: flags.quick ? 1 : 3,
      syscalls: flags.syscalls && !flags.quick,
    },
    progress: progressOn(process.stderr),
    autocannonOnly: flags.autocannon,
  });
  process.stdout.write(flags.json ? `${JSON.stringify(run)}\n` : summary(run));
  process.stderr.write(`raw results: ${path}\n`);
  if (flags.report) await writeReport(run, RESULTS, flags.readme);
  if (run.interrupted) process.exitCode = INTERRUPTED;
  for (const { scenario, server, outcome } of run.rows) {
    if (outcome.kind !== 'failed') continue;
    process.stderr.write(`FAILED ${server} in ${scenario}: ${outcome.reason}\n`);
    process.exitCode = 1;
  }
}

function list(): void {
  for (const { group, name, title } of scenarios) {
    process.stdout.write(`${group.padEnd(14)}${name.padEnd(16)}${title}\n`);
  }
  process.stdout.write('\n');
  for (const kind of servers) {
    const state = kind.missing() ?? kind.version();
    process.stdout.write(`${kind.tags.join(' ').padEnd(20)}${kind.name.padEnd(20)}${state}\n`);
  }
}
