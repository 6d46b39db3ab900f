// npm run bench:start: how long a process takes to its first answer, beside bare node:http, and the memory that an
// import of the package adds to a process.
import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { run } from './process.ts';
import { number, times, withSpread } from './report/format.ts';
import { table } from './report/table.ts';
import { figure } from './results.ts';
import { CLI } from './servers/zcserve.ts';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));
const MIB = 2 ** 20;

/** Answers with one short body, and says where. */
const BARE = `
  const server = require('node:http').createServer((_, response) => response.end('hello'));
  server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port));`;

const SERVERS: Readonly<Record<string, readonly string[]>> = {
  'bare node:http': ['--eval', BARE],
  zcserve: [CLI, 'public', '--port=0'],
};

const MODULES = ['zcserve', 'zcserve/fastify', 'zcserve/koa', 'zcserve/hono'];

const OWN_MEMORY = fileURLToPath(new URL('own-memory.mjs', import.meta.url));

const { rounds } = await yargs(hideBin(process.argv))
  .scriptName('npm run bench:start --')
  .option('rounds', { type: 'number', default: 15, describe: 'Starts of each server' })
  .strict()
  .parse();

const starts = new Map<string, number[]>();
for (let round = 0; round < rounds; round++) {
  for (const [name, args] of Object.entries(SERVERS)) {
    starts.set(name, [...(starts.get(name) ?? []), await firstAnswer(args)]);
  }
}
const figures = [...starts].map(([name, samples]) => ({ name, ...figure(samples, (ms) => ms) }));
const bare = figures[0]?.median ?? Number.NaN;
console.log(
  table(
    ['first answer', 'ms', 'times'],
    figures.map((one) => [one.name, withSpread(one), times(one.median / bare)]),
  ),
);

const empty = await ownBytes();
const growths: string[][] = [];
for (const name of MODULES) {
  const added = ((await ownBytes(name)) - empty) / MIB;
  growths.push([`import '${name}'`, number(added)]);
}
console.log(`\n${table(['memory of its own beside an empty process', 'MiB'], growths)}`);

/** Milliseconds from the start of the process to the end of its first answer. */
async function firstAnswer(args: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: CHECKOUT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise<string>((resolve, reject) => {
      lines.on('line', (line) => resolve(/http:\S+/.exec(line)?.[0] ?? ''));
      lines.on('close', () => reject(new Error(`${args.join(' ')} did not start`)));
    });
    const status = await statusOf(url);
    if (status !== 200) throw new Error(`${url} answered ${status}`);
    return performance.now() - began;
  } finally {
    child.kill('SIGKILL');
  }
}

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
}

/** The median of its processes. */
async function ownBytes(...names: readonly string[]): Promise<number> {
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    samples.push(
      Number(await run({ program: process.execPath, args: [OWN_MEMORY, ...names], cwd: CHECKOUT })),
    );
  }
  return figure(samples, (bytes) => bytes).median;
}
