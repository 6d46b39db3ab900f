// The benchmark itself: it measures a real server, and refuses to time one that answers wrongly.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { type Findings, type Plan, runCampaign } from '../../bench/campaign.ts';
import { CIPHER, certificate } from '../../bench/certificate.ts';
import { findGenerators } from '../../bench/load/generators.ts';
import { H2LOAD_MISSING } from '../../bench/load/h2load.ts';
import type { Load } from '../../bench/load/load.ts';
import { quiet } from '../../bench/progress.ts';
import { get, getHttp2, getHttps, type Scenario, scenarios } from '../../bench/scenarios.ts';
import { nodeBuffer } from '../../bench/servers/npm-peers.ts';
import type { ServerKind } from '../../bench/servers/server.ts';
import { KIB, prepareSite, sized } from '../../bench/site.ts';
import { verify, WrongAnswer } from '../../bench/verify.ts';
import { nginx } from '../../nginx-compare/nginx.ts';

const generators = findGenerators();
const notModified = scenarios.filter(({ name }) => name === 'not-modified');

t.test(
  'two scenarios against nginx give whole rows',
  { skip: nginx.missing() ?? false },
  async (t) => {
    const kept: Findings[] = [];
    const plan = planFor(t.testdir(), [get(KIB), ...notModified], [nginx]);
    const findings = await runCampaign(plan, quiet, new AbortController().signal, (partial) =>
      kept.push(partial),
    );
    t.strictSame(
      kept.map(({ rows }) => rows.length),
      [1, 2],
      'the rows so far are handed out after each scenario',
    );
    for (const { scenario, outcome } of findings.rows) {
      if (outcome.kind !== 'measured') {
        t.fail(`${scenario}: ${outcome.kind}, ${outcome.reason}`);
        continue;
      }
      const [sample] = outcome.samples;
      t.equal(outcome.samples.length, 1, `${scenario}: one turn, one sample`);
      t.equal(sample?.errors, 0, `${scenario}: no errors`);
      t.ok(
        (sample?.requests ?? 0) > 0 && (sample?.cpu ?? 0) > 0,
        `${scenario}: counts and CPU time`,
      );
      t.ok((sample?.peakMemory ?? 0) > 0, `${scenario}: memory of the process tree`);
    }
  },
);

const right: RequestListener = (_request, response) => {
  response.writeHead(200, { 'Content-Length': KIB }).end(oneKib);
};
const root = t.testdir();
await prepareSite(root, [sized(KIB)]);
const oneKib = readFileSync(join(root, '1k.bin'));

t.test('a right answer passes the verification', async (t) => {
  const requests = await withServer(right, (url) => verify(url, root, get(KIB)));
  t.strictSame(requests, [{ path: '/1k.bin', headers: {} }]);
});

const faults: readonly (readonly [string, RequestListener, RegExp])[] = [
  [
    'a wrong byte',
    (_request, response) => {
      const body = Buffer.from(oneKib);
      body[700] = ~(body[700] ?? 0);
      response.writeHead(200, { 'Content-Length': KIB }).end(body);
    },
    /body byte 700 is wrong/,
  ],
  [
    'a body that is too short',
    (_request, response) => {
      response.writeHead(200, { 'Content-Length': KIB - 1 }).end(oneKib.subarray(0, -1));
    },
    /content-length is 1023, not 1024/,
  ],
  [
    'no length',
    (_request, response) => {
      response.writeHead(200).write(oneKib.subarray(0, 10));
      response.end(oneKib.subarray(10));
    },
    /content-length is missing/,
  ],
  [
    'another status',
    (_request, response) => {
      response.writeHead(203, { 'Content-Length': KIB }).end(oneKib);
    },
    /status 203, not 200/,
  ],
  [
    'a connection that is not kept alive',
    (_request, response) => {
      response.writeHead(200, { 'Content-Length': KIB, Connection: 'close' }).end(oneKib);
    },
    /not kept alive/,
  ],
];

for (const [name, listener, message] of faults) {
  t.test(`${name} fails the verification`, async (t) => {
    await withServer(listener, async (url) => {
      const error = await verify(url, root, get(KIB)).catch((thrown: unknown) => thrown);
      t.ok(error instanceof WrongAnswer);
      t.match(error, { message });
    });
  });
}

t.test('a 304 with a validator that the server did not give fails the verification', async (t) => {
  const [scenario] = notModified;
  if (scenario === undefined) throw new Error('no such scenario');
  await prepareSite(root, [sized(16 * KIB)]);
  await withServer(right, (url) =>
    t.rejects(verify(url, root, scenario), { message: /status 200, not 304/ }),
  );
});

for (const scenario of [getHttps(KIB), getHttp2(KIB, 10)]) {
  t.test(`over ${scenario.protocol} a right answer passes and a wrong byte fails`, async (t) => {
    const requests = await withServer(right, (url) => verify(url, root, scenario), secure);
    t.strictSame(requests, [{ path: '/1k.bin', headers: {} }]);
    const [, wrongByte = right, message = /byte/] = faults[0] ?? [];
    await withServer(
      wrongByte,
      (url) => t.rejects(verify(url, root, scenario), { message }),
      secure,
    );
  });
}

t.test(
  'every generator speaks TLS 1.3 with AES-128-GCM, and the resuming one resumes',
  async (t) => {
    for (const generator of Object.values(generators)) {
      if (generator.name === 'steady') continue;
      const seen: { protocol: string | null; cipher: string; resumed: boolean }[] = [];
      const server = (): ReturnType<typeof secure> =>
        secure().on('secureConnection', (socket: TLSSocket) => {
          const { standardName } = socket.getCipher() as { standardName: string };
          const protocol = socket.getProtocol();
          seen.push({ protocol, cipher: standardName, resumed: socket.isSessionReused() });
        });
      const { requests, errors } = await withServer(
        right,
        (url) => generator.run(loadOn(url)),
        server,
      );
      t.ok(requests > 0, `${generator.name}: answers`);
      t.equal(errors, 0, `${generator.name}: no errors`);
      const resumes = generator.name === 'resuming';
      for (const { protocol, cipher, resumed } of new Set(seen.slice(1))) {
        if (protocol === 'TLSv1.3' && cipher === CIPHER && resumed === resumes) continue;
        t.fail(`${generator.name}: ${protocol}, ${cipher}, ${resumed ? 'resumed' : 'full'}`);
      }
      t.ok(seen.length > 1, `${generator.name}: several connections`);
    }
  },
);

t.test('over HTTPS and HTTP/2 a server gives whole rows', async (t) => {
  const planned = scenarios.filter(({ name }) =>
    ['get-1k', 'https-1k', 'https-full', 'https-resumed', 'http2-1k-10'].includes(name),
  );
  const plan = planFor(root, planned, [nodeBuffer]);
  const { rows, servers } = await runCampaign(
    plan,
    quiet,
    new AbortController().signal,
    () => undefined,
  );
  t.strictSame(
    servers.map(({ name }) => name),
    ['node-buffer'],
    'one server, if in two processes',
  );
  t.strictSame(
    rows.map(({ scenario }) => scenario),
    planned.map(({ name }) => name),
  );
  for (const { scenario, generator, outcome } of rows) {
    if (generator === 'h2load' && generators.h2load === undefined) {
      t.strictSame(outcome, { kind: 'absent', reason: H2LOAD_MISSING });
      continue;
    }
    if (outcome.kind !== 'measured') {
      t.fail(`${scenario}: ${outcome.kind}, ${outcome.reason}`);
      continue;
    }
    const [sample] = outcome.samples;
    t.equal(sample?.errors, 0, `${scenario}: no errors`);
    t.ok((sample?.requests ?? 0) > 0 && (sample?.cpu ?? 0) > 0, `${scenario}: CPU time`);
    t.ok((sample?.clientCpu ?? 0) > 0, `${scenario}: the client's CPU time`);
    t.ok((sample?.latency.p99 ?? 0) > 0, `${scenario}: latency`);
  }
});

t.test(
  'a server that is not set up for a protocol is not started for it, and its row says so',
  async (t) => {
    const plain: ServerKind = {
      ...alreadyRunning(new URL('http://127.0.0.1:9')),
      start: () => Promise.reject(new Error('started')),
    };
    const plan = planFor(root, [getHttps(KIB), getHttp2(KIB, 1)], [plain]);
    const { rows } = await runCampaign(plan, quiet, new AbortController().signal, () => undefined);
    t.match(rows, [
      { outcome: { kind: 'not-offered', reason: 'not set up for https' } },
      { outcome: { kind: 'not-offered', reason: 'not set up for http2' } },
    ]);
  },
);

t.test('a server that fails the verification gets a failed row and is never timed', async (t) => {
  let asked = 0;
  const [, listener] = faults[0] ?? [];
  if (listener === undefined) throw new Error('no faults');
  await withServer(
    (request, response) => {
      asked += 1;
      listener(request, response);
    },
    async (url) => {
      const plan = planFor(root, [get(KIB)], [alreadyRunning(url)]);
      const { rows } = await runCampaign(
        plan,
        quiet,
        new AbortController().signal,
        () => undefined,
      );
      t.match(rows, [{ outcome: { kind: 'failed', reason: /wrong answer.*byte 700/ } }]);
      t.equal(asked, 1, 'one request, that of the verification');
    },
  );
});

t.test('a server that is not installed gets a row that says how to install it', async (t) => {
  const absent: ServerKind = {
    ...alreadyRunning(new URL('http://127.0.0.1:9')),
    missing: () => 'not installed: apt-get install it',
  };
  const plan = planFor(root, [get(KIB)], [absent]);
  const { rows } = await runCampaign(plan, quiet, new AbortController().signal, () => undefined);
  t.match(rows, [{ outcome: { kind: 'absent', reason: 'not installed: apt-get install it' } }]);
});

t.test('an interrupted run keeps what it has and starts nothing more', async (t) => {
  await withServer(right, async (url) => {
    const controller = new AbortController();
    const plan = planFor(root, [get(KIB), get(KIB)], [alreadyRunning(url)]);
    const { scenarios: done } = await runCampaign(plan, quiet, controller.signal, () =>
      controller.abort(),
    );
    t.equal(done.length, 1);
  });
});

function planFor(
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
    pinning: undefined,
    generators,
  };
}

/** A server of this test's own process as one of the benchmark's. */
function alreadyRunning(url: URL): ServerKind {
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

function loadOn(url: URL): Load {
  return {
    url,
    requests: [{ path: '/1k.bin', headers: {} }],
    connections: 4,
    pipelining: 1,
    keepAlive: true,
    rate: undefined,
    seconds: 1,
    status: 200,
    cores: undefined,
    coreCount: 1,
  };
}

/** HTTPS and HTTP/2, with Node's own ciphers. */
function secure() {
  return createSecureServer({
    cert: readFileSync(certificate.cert),
    key: readFileSync(certificate.key),
    allowHTTP1: true,
  });
}

async function withServer<T>(
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
