// npm run bench:crowd: what many clients that do nothing, and many whose heads drip, cost those who ask, and in memory.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { residentOf } from '../test/faults/process.ts';
import { answerOf, ask, open } from './load/asking.ts';
import { number } from './report/format.ts';
import { table } from './report/table.ts';
import { CLI } from './servers/zcserve.ts';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));
/** A byte of each head in so long, of a part of them at a time. */
const DRIP_MS = 1000;
const PARTS = 100;

const { idle, slow, rounds, seconds, port } = await yargs(hideBin(process.argv))
  .scriptName('npm run bench:crowd --')
  .option('idle', { type: 'number', default: 10_000, describe: 'Idle connections' })
  .option('slow', { type: 'number', default: 1000, describe: 'Heads of a byte a second' })
  .option('rounds', { type: 'number', default: 5, describe: 'Measurements with and without them' })
  .option('seconds', { type: 'number', default: 4, describe: 'Of each measurement' })
  .option('port', { type: 'number', hidden: true, describe: 'The crowd itself, in a process' })
  .strict()
  .parse();

if (port !== undefined) await beCrowd(port);
else await compare();

async function compare(): Promise<void> {
  const flags = ['--port=0', '--json', '--max-connections=20000'];
  const times = ['--header-timeout=1h', '--keep-alive-timeout=1h'];
  const server = spawn(process.execPath, [CLI, 'public', ...flags, ...times], {
    cwd: CHECKOUT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  const at = Number(new URL(url).port);
  const resident = () => residentOf(server.pid ?? 0);
  const kinds = { quiet: [] as number[], crowded: [] as number[] };
  let bytes = 0;
  await ask(at, 1000);
  for (let round = 0; round < rounds; round++) {
    kinds.quiet.push(await ask(at, seconds * 1000));
    const before = resident();
    const crowd = fork(
      fileURLToPath(import.meta.url),
      [`--port=${at}`, `--idle=${idle}`, `--slow=${slow}`],
      { execArgv: process.execArgv },
    );
    await once(crowd, 'message');
    // Later ones find memory that was used before.
    if (round === 0) bytes = (resident() - before) / (idle + slow);
    kinds.crowded.push(await ask(at, seconds * 1000));
    crowd.kill('SIGKILL');
    await once(crowd, 'exit');
  }
  server.kill('SIGTERM');
  const sorted = (values: number[]) => values.toSorted((a, b) => a - b);
  const median = (values: number[]) => sorted(values)[values.length >> 1] ?? 0;
  const [quiet, crowded] = [median(kinds.quiet), median(kinds.crowded)];
  const beside = `beside ${idle} idle, ${slow} slow`;
  console.log(
    table(
      ['p99 of the others, µs', 'median', 'all rounds'],
      [
        ['quiet', number(quiet), sorted(kinds.quiet).join(' ')],
        [beside, number(crowded), sorted(kinds.crowded).join(' ')],
      ],
    ),
  );
  console.log(
    `\n${number(crowded / quiet)} times; ${number(bytes)} bytes of the process for each connection`,
  );
}

/** Opens the connections, says so, and goes on until it is ended. */
async function beCrowd(at: number): Promise<void> {
  for (let i = 0; i < idle; i++) await answerOf(await open(at));
  const dripping: Socket[] = [];
  for (let i = 0; i < slow; i++) dripping.push(await open(at));
  const head = `GET /${'a'.repeat(4000)}`;
  let turn = 0;
  // Not all at the same moment.
  const drip = () => {
    const byte = head.charAt(Math.floor(turn / PARTS));
    for (let i = turn % PARTS; i < slow; i += PARTS) dripping[i]?.write(byte);
    turn++;
  };
  for (let i = 0; i < PARTS; i++) drip();
  setInterval(drip, DRIP_MS / PARTS);
  process.send?.('here');
}
