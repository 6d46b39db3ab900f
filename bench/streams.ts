// npm run bench:streams: appends, catching up and tails of zcserve's streams, beside the protocol's reference server and a
// bare node:http that appends and syncs.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { describeMachine } from './machine.ts';
import { findPinning } from './process.ts';
import { number } from './report/format.ts';
import { figure } from './results.ts';
import type { RunningServer } from './servers/server.ts';
import { type AppendSample, CASES, measureAppends, tellAppends } from './streams/appends.ts';
import { measureRead, prepare, type ReadSample, tellReads, traceRead } from './streams/catch-up.ts';
import { check } from './streams/check.ts';
import { type StreamServer, streamServers } from './streams/servers.ts';
import { MODES, measureTails, missingTails, type TailSample, tellTails } from './streams/tails.ts';

const PARTS = ['appends', 'catch-up', 'tails'] as const;

const asked = await yargs(hideBin(process.argv))
  .scriptName('npm run bench:streams --')
  .option('only', { choices: PARTS, array: true, default: PARTS, describe: 'Parts of it' })
  .option('servers', { type: 'string', default: '', describe: 'Those whose names match' })
  .option('rounds', { type: 'number', default: 3, describe: 'Turns of each' })
  .option('seconds', { type: 'number', default: 2, describe: 'Length of a turn of appends' })
  .option('mib', { type: 'number', default: 256, describe: 'Size of the stream to catch up with' })
  .option('tails', { type: 'number', default: 1000, describe: 'That follow one stream' })
  .option('messages', { type: 'number', default: 20, describe: 'That the tails are sent' })
  .option('idle', { type: 'number', default: 6, describe: 'Seconds without one, before' })
  .option('dir', { type: 'string', default: 'bench/.work', describe: 'Disk for the streams' })
  .strict()
  .parse();

const pinning = findPinning();
const base = fileURLToPath(new URL(`../${asked.dir}/`, import.meta.url));
mkdirSync(base, { recursive: true });
const place = mkdtempSync(join(base, 'streams-'));

const servers = streamServers.filter(({ name, missing }) => {
  const reason = missing();
  if (reason !== undefined) console.log(`${name}: ${reason}`);
  return reason === undefined && name.match(asked.servers) !== null;
});

/** How an append is made durable is nothing to those who read. */
const readers = servers.filter(({ name, speaks }) => speaks && !/ (?:sync|async|none)$/.test(name));

try {
  const { processor, kernel, filesystem, node } = describeMachine(place);
  console.log(`${processor}, ${kernel}, ${filesystem}, Node ${node}\n`);
  if (asked.only.includes('appends')) await compareAppends();
  if (asked.only.includes('catch-up')) await compareReads();
  if (asked.only.includes('tails')) await compareTails();
} finally {
  rmSync(place, { recursive: true, force: true });
}

/** Starts some of them, each with an empty directory, and ends them after `work`. */
async function withServers(
  those: readonly StreamServer[],
  work: (running: ReadonlyMap<string, RunningServer>, root: string) => Promise<void>,
): Promise<void> {
  const here = mkdtempSync(join(place, 'run-'));
  const root = join(here, 'root');
  mkdirSync(root);
  const running = new Map<string, RunningServer>();
  try {
    for (const [at, server] of those.entries()) {
      const own = join(here, `${at}`);
      mkdirSync(own);
      const started = await server.start(own, root, pinning?.server);
      running.set(server.name, started);
      await check(started);
    }
    await work(running, root);
  } finally {
    for (const server of running.values()) await server.stop();
    rmSync(here, { recursive: true, force: true });
  }
}

async function compareAppends(): Promise<void> {
  await withServers(servers, async (running) => {
    const rows = new Map(
      [...running.keys()].map((name) => [name, CASES.map(() => [] as AppendSample[])]),
    );
    for (let round = 0; round < asked.rounds; round++) {
      for (const [at, each] of CASES.entries()) {
        for (const [name, server] of running) {
          const sample = await measureAppends(server, each, { pinning, seconds: asked.seconds });
          rows.get(name)?.[at]?.push(sample);
        }
      }
    }
    const others = figure([...rows.values()].flat(2), ({ otherBusy }) => otherBusy);
    console.log(`${tellAppends(rows)}\n\nother programs: ${number(others.median)} cores\n`);
  });
}

async function compareReads(): Promise<void> {
  await withServers(readers, async (running, root) => {
    const rows = new Map<string, { samples: ReadSample[]; calls: string }>();
    const all = [];
    for (const [name, server] of running) {
      const files = name.startsWith('zcserve') ? root : undefined;
      for (const readable of await prepare(server, name, { mib: asked.mib, root: files })) {
        all.push({ server, readable });
      }
    }
    for (let round = 0; round < asked.rounds; round++) {
      for (const { server, readable } of all) {
        const row = rows.get(readable.name) ?? { samples: [], calls: '' };
        row.samples.push(await measureRead(server, readable, pinning));
        rows.set(readable.name, row);
      }
    }
    for (const { server, readable } of all) {
      const row = rows.get(readable.name);
      if (row !== undefined) row.calls = await traceRead(server, readable, pinning);
    }
    console.log(`${tellReads(rows)}\n`);
  });
}

async function compareTails(): Promise<void> {
  const missing = missingTails();
  if (missing !== undefined) return console.log(`tails: ${missing}`);
  const rows = new Map<string, TailSample>();
  for (const server of readers) {
    for (const mode of MODES) {
      await withServers([server], async (running) => {
        for (const [name, each] of running) {
          const measured = measureTails(each, mode, { ...asked, pinning });
          const sample = await measured.catch((error: Error) =>
            console.log(`${name}, ${mode}: ${error.message}`),
          );
          if (sample) rows.set(`${name}, ${mode}`, sample);
        }
      });
    }
  }
  console.log(`${tellTails(rows, asked.tails)}\n`);
}
