// wrk as the load generator: one C thread per client core, closed loop.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OPENSSL_CONF } from '../certificate.ts';
import { firstLine, isInstalled, run } from '../process.ts';
import type { BenchRequest } from '../request.ts';
import type { Generator, Load, LoadResult } from './load.ts';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

export function findWrk(): Generator | undefined {
  return isInstalled('wrk') ? { name: 'wrk', run: runWrk } : undefined;
}

export function wrkVersion(): string {
  return firstLine('wrk', ['-v']).replace(/ Copyright.*/, '');
}

export const WRK_MISSING = 'needs wrk: apt-get install wrk';

/** For a list that is asked for once, which is over long before. */
const ONCE_SECONDS = 120;

interface Summary {
  readonly microseconds: number;
  readonly requests: number;
  readonly bytes: number;
  readonly socketErrors: number;
  /** Answers with a status above 399. */
  readonly statusErrors: number;
  readonly cpuSeconds: number;
  readonly startSeconds: number;
  readonly latency: LoadResult['latency'];
}

async function runWrk(load: Load): Promise<LoadResult> {
  const directory = await mkdtemp(join(tmpdir(), 'zcserve-wrk-'));
  try {
    const requests = join(directory, 'requests');
    const texts = load.requests.map((request) => requestText(request, load));
    await writeFile(requests, texts.join('\0'));
    const order = join(directory, 'order');
    if (load.order !== undefined) await writeFile(order, load.order.join(' '));
    const threads = load.once ? 1 : Math.min(load.coreCount, load.connections);
    const seconds = load.once ? ONCE_SECONDS : load.seconds;
    const output = await run({
      program: 'wrk',
      args: [
        ...['-t', `${threads}`, '-c', `${load.connections}`, '-d', `${seconds}s`],
        ...['--timeout', '60s', '-s', SCRIPT, load.url.href],
        ...['--', requests, `${load.pipelining}`],
        ...[load.once ? 'once' : 'again', `${load.connections}`],
        ...(load.order === undefined ? [] : [order]),
      ],
      env: { OPENSSL_CONF },
      cores: load.cores,
    });
    const summary = JSON.parse(output.slice(output.lastIndexOf('\n{') + 1)) as Summary;
    const length = load.order?.length ?? load.requests.length;
    // With TLS the last request of each connection is not awaited.
    if (load.once && summary.requests < length - load.connections) {
      throw new Error(`${summary.requests} of ${length} requests were answered`);
    }
    const statusErrors =
      load.status < 400 ? summary.statusErrors : summary.requests - summary.statusErrors;
    return {
      seconds: summary.microseconds / 1e6,
      requests: summary.requests - statusErrors,
      bytes: summary.bytes,
      latency: summary.latency,
      errors: summary.socketErrors + statusErrors,
      cpuSeconds: summary.cpuSeconds,
      startSeconds: summary.startSeconds,
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function requestText({ path, headers }: BenchRequest, { url, keepAlive }: Load): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (!keepAlive) fields.push('Connection: close\r\n');
  return `GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\n${fields.join('')}\r\n`;
}
