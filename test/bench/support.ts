// What the tests of the benchmark share: a plan of one short turn, and servers in the test's own process.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { certificate } from '../../bench/certificate.ts';
import { findGenerators } from '../../bench/load/generators.ts';
import type { Plan } from '../../bench/plan.ts';
import type { Outcome, Sample } from '../../bench/results.ts';
import type { Scenario } from '../../bench/scenario.ts';
import type { ServerKind } from '../../bench/servers/server.ts';

export function planFor(
  directory: string,
  planned: readonly Scenario[],
  servers: readonly ServerKind[],
): Plan {
  return {
    scenarios: planned,
    servers,
    rounds: 1,
    seconds: 1,
    warmUp: 0,
    startWarmUp: 0,
    syscalls: false,
    root: directory,
    trees: join(directory, 'trees'),
    pinning: undefined,
    generators: findGenerators(),
  };
}

/** A server of the test's own process as one of the benchmark's. */
export function alreadyRunning(url: URL): ServerKind {
  return {
    name: 'test',
    tags: ['server'],
    speaks: ['http'],
    lacks: [],
    missing: () => undefined,
    version: () => '',
    start: async () => ({
      url,
      pid: process.pid,
      died: () => undefined,
      stop: async () => undefined,
    }),
  };
}

/** HTTPS and HTTP/2, with Node's own ciphers. */
export function secure() {
  return createSecureServer({
    cert: readFileSync(certificate.cert),
    key: readFileSync(certificate.key),
    allowHTTP1: true,
  });
}

export async function withServer<T>(
  listener: RequestListener,
  use: (url: URL) => Promise<T>,
  make: () => Server = createServer,
): Promise<T> {
  const sockets = new Set<Socket>();
  const server = make()
    .on('request', listener)
    .on('connection', (socket: Socket) => sockets.add(socket))
    .listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  const scheme = make === createServer ? 'http' : 'https';
  try {
    return await use(new URL(`${scheme}://127.0.0.1:${address.port}`));
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** Claims that a row was measured without errors. Its one sample; undefined where it was not. */
export function checkMeasured(t: Test, label: string, outcome: Outcome): Sample | undefined {
  if (outcome.kind !== 'measured') {
    t.fail(`${label}: ${outcome.kind}, ${outcome.reason}`);
    return undefined;
  }
  const [sample] = outcome.samples;
  t.equal(sample?.errors, 0, `${label}: no errors`);
  t.ok((sample?.requests ?? 0) > 0 && (sample?.cpu ?? 0) > 0, `${label}: CPU time`);
  return sample;
}
