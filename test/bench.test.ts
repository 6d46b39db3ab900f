// The benchmark itself: it measures a real server, and refuses to time one that answers wrongly.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { type Findings, type Plan, runCampaign } from '../bench/campaign.ts';
import { autocannonGenerator } from '../bench/load/autocannon.ts';
import { steadyGenerator } from '../bench/load/steady.ts';
import { findWrk } from '../bench/load/wrk.ts';
import { quiet } from '../bench/progress.ts';
import { compare, type Verdict } from '../bench/report/compare.ts';
import { figure, isClientBound, type Run, type Sample } from '../bench/results.ts';
import { get, type Scenario, scenarios } from '../bench/scenarios.ts';
import { select } from '../bench/selection.ts';
import type { ServerKind } from '../bench/servers/server.ts';
import { KIB, prepareSite, sized } from '../bench/site.ts';
import { verify, WrongAnswer } from '../bench/verify.ts';
import { nginx } from '../nginx-compare/nginx.ts';
import { chooseThresholds, type Measured, type Thresholds } from '../src/tune.ts';

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

t.test('figures are medians with the lowest and highest turn', async (t) => {
  const table: readonly (readonly [readonly number[], number, number, number])[] = [
    [[3], 3, 3, 3],
    [[3, 1], 2, 1, 3],
    [[9, 1, 5], 5, 1, 9],
  ];
  for (const [cpus, median, low, high] of table) {
    const samples = cpus.map((cpu) => sampleWith({ cpu }));
    t.strictSame(
      figure(samples, (sample) => sample.cpu),
      { median, low, high },
    );
  }
});

t.test('a row is client-bound when only the generator has no time left', async (t) => {
  const table: readonly (readonly [number, number, boolean])[] = [
    [0.6, 0.99, true],
    [0.99, 0.99, false],
    [0.99, 0.5, false],
    [0.4, 0.5, false],
  ];
  for (const [serverBusy, clientBusy, expected] of table) {
    t.equal(isClientBound([sampleWith({ serverBusy, clientBusy })]), expected);
  }
});

t.test('a loss is called a loss, a difference within the spread is level', async (t) => {
  const table: readonly (readonly [readonly number[], readonly number[], Verdict])[] = [
    [[5, 6], [7, 8], 'ahead'],
    [[5, 7], [6, 8], 'level'],
    [[8, 9], [6, 7], 'behind'],
    [[5, 6], [], 'alone'],
    [[], [6, 7], 'absent'],
  ];
  for (const [ours, theirs, verdict] of table) {
    t.equal(compare(runWith({ zcserve: ours, nginx: theirs }))[0]?.verdict, verdict);
  }
});

t.test('tune changes the strategy where that is best over all sizes', async (t) => {
  const at = (size: number, read: number, mmap: number, sendfile: number): Measured => ({
    size,
    cost: {
      read: { server: read, whole: 2 * read },
      mmap: { server: mmap, whole: 2 * mmap },
      sendfile: { server: sendfile, whole: 10 * sendfile },
    },
  });
  const table: readonly (readonly [string, readonly Measured[], Thresholds])[] = [
    [
      'one crossing',
      [at(1024, 5, 4, 6), at(2048, 6, 5, 5.5), at(4096, 9, 8, 6)],
      { mmapMax: 2048, sendfileMin: 2048 },
    ],
    [
      'one noisy size below the crossing moves nothing',
      [at(1024, 4, 4, 3.9), at(2048, 5, 4, 6), at(4096, 9, 8, 6)],
      { mmapMax: 2048, sendfileMin: 4096 },
    ],
    ['sendfile is always best', [at(1024, 5, 4, 3)], { mmapMax: 0, sendfileMin: 1024 }],
  ];
  for (const [name, measured, thresholds] of table) {
    t.strictSame(chooseThresholds(measured, 'server'), thresholds, name);
  }
  t.strictSame(
    chooseThresholds([at(1024, 9, 9, 3)], 'whole'),
    { mmapMax: 1024, sendfileMin: 1024 },
    'the whole cost counts the client',
  );
});

t.test('--only names scenarios and servers, and refuses what it does not know', async (t) => {
  const all = { scenarios, servers: [nginx] };
  t.strictSame(
    select('get-1k,nginx', all).scenarios.map(({ name }) => name),
    ['get-1k'],
  );
  t.equal(select('server', all).scenarios.length, scenarios.length);
  t.throws(() => select('get-1k,nothing', all), { message: /nothing is called "nothing"/ });
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
    generators: { wrk: findWrk(), autocannon: autocannonGenerator, steady: steadyGenerator },
  };
}

/** A server of this test's own process as one of the benchmark's. */
function alreadyRunning(url: URL): ServerKind {
  return {
    name: 'test',
    tags: ['server'],
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

async function withServer<T>(listener: RequestListener, use: (url: URL) => Promise<T>): Promise<T> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  try {
    return await use(new URL(`http://127.0.0.1:${address.port}`));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function sampleWith(figures: Partial<Sample>): Sample {
  return {
    seconds: 1,
    requests: 1,
    requestsPerSecond: 1,
    bytesPerSecond: 1,
    latency: { p50: 1, p99: 1, p999: 1, max: 1 },
    errors: 0,
    cpu: 1,
    cpuUser: 0.5,
    cpuSystem: 0.5,
    clientCpu: 1,
    voluntarySwitches: 0,
    involuntarySwitches: 0,
    peakMemory: 1,
    serverBusy: 1,
    clientBusy: 1,
    otherBusy: 0,
    ...figures,
  };
}

/** A run of one scenario in which each server took these CPU times per request. */
function runWith(cpus: Readonly<Record<string, readonly number[]>>): Run {
  const names = Object.keys(cpus).filter((name) => (cpus[name]?.length ?? 0) > 0);
  return {
    date: '2025-01-01T00:00:00.000Z',
    command: 'test',
    machine: {
      system: '',
      kernel: '',
      processor: '',
      cores: 2,
      memoryBytes: 1,
      node: '',
      filesystem: '',
    },
    generators: {},
    rounds: 2,
    seconds: 1,
    pinned: false,
    interrupted: false,
    scenarios: [{ name: 'get-1k', title: '', group: 'get', connections: 32, latencyOnly: false }],
    servers: names.map((name) => ({ name, tags: ['server'], version: '' })),
    rows: names.map((server) => ({
      scenario: 'get-1k',
      server,
      generator: 'wrk',
      outcome: {
        kind: 'measured',
        samples: (cpus[server] ?? []).map((cpu) => sampleWith({ cpu })),
      },
    })),
  };
}
