// npm run bench:encoding: what those who ask for a hot file notice while a queue of others is encoded, and what that takes of a
// processor, by --compress-cpu.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { answerOf, ask, open, requestOf } from './load/asking.ts';
import { number, times } from './report/format.ts';
import { table } from './report/table.ts';
import { figure } from './results.ts';
import { freePort, type RunningServer } from './servers/server.ts';
import { zcserveWith } from './servers/zcserve.ts';
import { KIB, text } from './site.ts';
import { cpuOfNiceness, readUsage } from './usage.ts';

/** Enough for longer than a turn at any share: a quarter of a second each. */
const FILES = 200;
const SIZE = 100 * KIB;
/** Of the thread that encodes: src/encode/background.ts. */
const NICENESS = 19;
const QUEUE_MS = 30_000;

const { percent, rounds, seconds } = await yargs(hideBin(process.argv))
  .scriptName('npm run bench:encoding --')
  .option('percent', {
    type: 'array',
    number: true,
    default: [50, 100],
    describe: '--compress-cpu',
  })
  .option('rounds', { type: 'number', default: 7, describe: 'Turns of each' })
  .option('seconds', { type: 'number', default: 4, describe: 'Of each turn' })
  .strict()
  .parse();

interface Turn {
  /** The 99th percentile of those who ask, microseconds. */
  readonly p99: number;
  /** Of one processor: the thread that encodes, and the whole process. */
  readonly share: number;
  readonly process: number;
}

const root = mkdtempSync(join(tmpdir(), 'zcserve-encoding-'));
try {
  writeFileSync(join(root, 'index.html'), 'x'.repeat(KIB));
  for (let at = 0; at < FILES; at++) {
    const asset = { path: `/${at}.js`, size: SIZE, content: 'text' } as const;
    writeFileSync(join(root, asset.path), Buffer.concat([...text(asset)]));
  }
  const kinds = percent.map((most) => ({ most, quiet: [] as Turn[], encoding: [] as Turn[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { most, quiet, encoding } of kinds) {
      const adminPort = await freePort();
      const flags = ['--compress=on', `--compress-cpu=${most}`, `--admin=${adminPort}`];
      const place = { root, work: root, cores: undefined };
      const server = await zcserveWith('', flags).start(place);
      try {
        await ask(Number(server.url.port), 500);
        quiet.push(await turn(server));
        await queueAll(server, adminPort);
        encoding.push(await turn(server));
        if ((await waitingOf(adminPort)) === 0)
          throw new Error('the queue was over before the turn');
      } finally {
        await server.stop();
      }
    }
  }
  const of = (turns: readonly Turn[], pick: (turn: Turn) => number) => figure(turns, pick).median;
  console.log(
    table(
      [
        '--compress-cpu',
        'p99 µs, quiet',
        'encoding',
        'times',
        'encoder, % of a core',
        'most',
        'process',
      ],
      kinds.map(({ most, quiet, encoding }) => {
        const [before, beside] = [of(quiet, ({ p99 }) => p99), of(encoding, ({ p99 }) => p99)];
        const shares = figure(encoding, ({ share }) => share * 100);
        const whole = of(encoding, (each) => each.process * 100);
        return [
          ...[`${most}`, number(before), number(beside), times(beside / before)],
          ...[number(shares.median), number(shares.high), number(whole)],
        ];
      }),
    ),
  );
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function turn({ url, pid }: RunningServer): Promise<Turn> {
  const [began, encoder, all] = [
    performance.now(),
    cpuOfNiceness(pid, NICENESS),
    readUsage(pid).cpuNs,
  ];
  const p99 = await ask(Number(url.port), seconds * 1000);
  const took = (performance.now() - began) * 1e6;
  return {
    p99,
    share: (cpuOfNiceness(pid, NICENESS) - encoder) / took,
    process: (readUsage(pid).cpuNs - all) / took,
  };
}

/** Asks for all of them until all wait to be encoded, but for those that are by then. */
async function queueAll({ url }: RunningServer, adminPort: number): Promise<void> {
  const socket = await open(Number(url.port));
  for (const until = performance.now() + QUEUE_MS; performance.now() < until; ) {
    for (let at = 0; at < FILES; at++) {
      await answerOf(socket, requestOf(`/${at}.js`, 'Accept-Encoding: br\r\n'));
    }
    if ((await waitingOf(adminPort)) <= FILES / 2) continue;
    socket.destroy();
    return;
  }
  throw new Error('no queue came about');
}

async function waitingOf(adminPort: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`);
  return Number(/^zcserve_encoding_waiting (\d+)/m.exec(await response.text())?.[1]);
}
