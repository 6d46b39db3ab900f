// npm run bench:wire: what a large answer costs by writev from memory and by sendfile, on loopback and between two
// network namespaces, to clients that copy what they get and to one that drops it.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { compile } from './compile.ts';
import { describeMachine } from './machine.ts';
import { findPinning, run, start } from './process.ts';
import { writeRaw } from './raw.ts';
import { type Figure, figure, fileStem } from './results.ts';
import { untilPrinted } from './servers/server.ts';
import { CLI, parseReadyLine } from './servers/zcserve.ts';
import { siteRoot } from './session.ts';
import { KIB, MIB, prepareSite, sized } from './site.ts';
import { readUsage } from './usage.ts';
import { connectNamespaces, PLACES, type Place } from './wire/places.ts';
import { type WireRow, wireReport } from './wire/report.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

const SIZES = [...[16, 32, 64, 128, 256].map((n) => n * KIB), MIB];
const STRATEGIES = ['mmap', 'sendfile'] as const;
const CONNECTIONS = 32;

/** Bytes per recv(2) of a client; wrk reads 8 KiB at a time; 0 = it drops them uncopied. */
const BUFFERS = [8 * KIB, 256 * KIB, 0];

const flags = await yargs(hideBin(process.argv))
  .scriptName('npm run bench:wire --')
  .option('rounds', { type: 'number', default: 3, describe: 'Turns of each strategy' })
  .option('seconds', { type: 'number', default: 1, describe: 'Length of a turn' })
  .option('inside', { type: 'boolean', default: false, hidden: true })
  .strict()
  .parse();

if (flags.inside) await measureAll();
else enterNamespaces();

/** Starts this program again where it may make interfaces and mounts of its own. */
function enterNamespaces(): void {
  const self = [...process.execArgv, fileURLToPath(import.meta.url), ...hideBin(process.argv)];
  const args = ['-nm', '--propagation=private', process.execPath, ...self, '--inside'];
  const { status, error } = spawnSync('unshare', args, { stdio: 'inherit' });
  if (error) process.stderr.write(`needs unshare(1) and ip(8): ${error.message}\n`);
  process.exitCode = status ?? 1;
}

async function measureAll(): Promise<void> {
  const date = new Date().toISOString();
  const sink = compile(join(HERE, 'wire/sink.c'));
  await prepareSite(siteRoot, SIZES.map(sized));
  connectNamespaces();
  const rows: WireRow[] = [];
  for (const place of PLACES) {
    place.prepare();
    for (const size of SIZES) {
      for (const buffer of BUFFERS) rows.push(...(await measure(place, sink, { size, buffer })));
      process.stderr.write('.');
    }
  }
  process.stderr.write('\n');
  const command = ['npm run bench:wire --', ...hideBin(process.argv)].join(' ');
  const findings = {
    date,
    command: command.replace(' --inside', '').replace(/ --$/, ''),
    machine: describeMachine(siteRoot),
    ...{ rounds: flags.rounds, seconds: flags.seconds, connections: CONNECTIONS, rows },
  };
  const path = join(HERE, 'results', `${fileStem(date)}-wire`);
  writeRaw(`${path}.json.gz`, findings);
  const report = wireReport(findings);
  writeFileSync(`${path}.md`, report);
  process.stdout.write(report);
  process.stderr.write(`raw results: ${path}.json.gz\n`);
}

/** Bytes of a body, and of a client's recv(2). */
type Asked = Pick<WireRow, 'size' | 'buffer'>;

interface Sample {
  readonly cpu: number;
  readonly clientCpu: number;
  readonly requestsPerSecond: number;
  readonly wakeUps: number;
}

/** The strategies in turns, so that what disturbs the machine disturbs both. */
async function measure(place: Place, sink: string, asked: Asked): Promise<readonly WireRow[]> {
  const servers = [];
  for (const strategy of STRATEGIES) {
    servers.push({ strategy, samples: [] as Sample[], ...(await startServer(place, strategy)) });
  }
  for (let round = -1; round < flags.rounds; round++) {
    for (const { pid, port, samples } of servers) {
      const sample = await turn(place, sink, asked, { pid, port });
      // The first round fills the caches.
      if (round >= 0) samples.push(sample);
    }
  }
  for (const { stop } of servers) await stop();
  return servers.map(({ strategy, samples }): WireRow => {
    const of = (pick: (sample: Sample) => number): Figure => figure(samples, pick);
    return {
      ...{ place: place.name, ...asked, strategy },
      cpu: of(({ cpu }) => cpu),
      clientCpu: of(({ clientCpu }) => clientCpu),
      requestsPerSecond: of(({ requestsPerSecond }) => requestsPerSecond),
      wakeUps: of(({ wakeUps }) => wakeUps),
    };
  });
}

async function startServer(place: Place, strategy: (typeof STRATEGIES)[number]) {
  const options = ['--host=0.0.0.0', '--port=0', '--json', '--threads=1', '--log-level=error'];
  const forced = [`--strategy=${strategy}`, '--mmap-max=64m', '--mmap-min-uses=1'];
  const child = start({
    program: place.server[0],
    args: [...place.server.slice(1), process.execPath, CLI, siteRoot, ...options, ...forced],
    cores: findPinning()?.server,
  });
  const { url } = await untilPrinted(child, () => parseReadyLine(child.stdout()));
  return { pid: child.pid, port: url.port, stop: () => child.stop() };
}

async function turn(
  place: Place,
  sink: string,
  { size, buffer }: Asked,
  { pid, port }: { readonly pid: number; readonly port: string },
): Promise<Sample> {
  const before = readUsage(pid).cpuNs;
  const target = [place.address, port, sized(size).path, `${CONNECTIONS}`];
  const printed = await run({
    program: place.client[0],
    args: [...place.client.slice(1), sink, ...target, `${flags.seconds}`, `${buffer}`],
    cores: findPinning()?.client,
  });
  const { requests, seconds, cpuSeconds, sleeps } = JSON.parse(printed) as {
    readonly requests: number;
    readonly seconds: number;
    readonly cpuSeconds: number;
    readonly sleeps: number;
  };
  return {
    cpu: (readUsage(pid).cpuNs - before) / 1000 / requests,
    clientCpu: (cpuSeconds * 1e6) / requests,
    requestsPerSecond: requests / seconds,
    wakeUps: sleeps / requests,
  };
}
