// npm run bench:nginx: zcserve with one engine thread against nginx with one worker.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { progressOn } from '../bench/progress.ts';
import { beside, readRaw } from '../bench/raw.ts';
import { updatePage } from '../bench/report/pages.ts';
import type { Run } from '../bench/results.ts';
import { get } from '../bench/scenarios.ts';
import { floors } from '../bench/servers/floor.ts';
import { zcserve } from '../bench/servers/zcserve.ts';
import { INTERRUPTED, runSession } from '../bench/session.ts';
import { KIB, MIB } from '../bench/site.ts';
import { nginx } from './nginx.ts';
import { comparison, report } from './report.ts';

const flags = await yargs(hideBin(process.argv))
  .scriptName('npm run bench:nginx --')
  .option('quick', { type: 'boolean', default: false, describe: 'Two turns of one second' })
  .option('floor', { type: 'boolean', default: false, describe: 'The bare epoll servers as well' })
  .option('rounds', { type: 'number', default: 5, describe: 'Turns of each server' })
  .option('seconds', { type: 'number', default: 2, describe: 'Length of a turn, whole seconds' })
  .option('sizes', {
    type: 'string',
    default: '1k,4k,16k,64k,128k,1m,64m',
    describe: 'Body sizes, comma-separated',
  })
  .option('syscalls', { type: 'boolean', default: false, describe: 'Count calls with strace' })
  .option('from', { type: 'string', describe: 'Report on this raw result file instead of running' })
  .option('json', { type: 'boolean', default: false, describe: 'Print the raw results' })
  .strict()
  .parse();

const RESULTS = fileURLToPath(new URL('results', import.meta.url));

for (const kind of [zcserve, nginx]) {
  const reason = kind.missing();
  if (reason === undefined) continue;
  process.stderr.write(`${kind.name}: ${reason}\n`);
  process.exit(1);
}

const { run, path } = flags.from === undefined ? await measure() : readRun(flags.from);
const markdown = report(run);
const page = beside(path, 'md');
writeFileSync(page, markdown);
if (!flags.quick && !run.interrupted)
  updatePage(
    'docs/performance.md',
    'nginx',
    (link) => `${comparison(run)}\n\n[The whole run](${link(page)}): \`${run.command}\`.\n`,
  );
process.stdout.write(flags.json ? `${JSON.stringify(run)}\n` : markdown);
if (run.interrupted) process.exitCode = INTERRUPTED;
else if (run.rows.some((row) => row.outcome.kind === 'failed')) process.exitCode = 1;

function readRun(path: string) {
  return { run: readRaw(path) as Run, path: resolve(path) };
}

function measure() {
  return runSession({
    name: 'nginx',
    directory: RESULTS,
    command: `npm run bench:nginx -- ${hideBin(process.argv).join(' ')}`,
    plan: {
      scenarios: flags.sizes.split(',').map((name) => get(parseSize(name))),
      servers: flags.floor ? [zcserve, nginx, ...floors] : [zcserve, nginx],
      rounds: flags.quick ? 2 : flags.rounds,
      seconds: flags.quick ? 1 : flags.seconds,
      warmUp: 1,
      startWarmUp: 1,
      syscalls: flags.syscalls,
    },
    progress: progressOn(process.stderr),
    autocannonOnly: false,
  });
}

function parseSize(text: string): number {
  const [, digits, unit] = /^(\d+)([km]?)$/i.exec(text.trim()) ?? [];
  if (digits === undefined) throw new Error(`not a size: ${text}`);
  return Number(digits) * (unit === '' ? 1 : unit?.toLowerCase() === 'k' ? KIB : MIB);
}
