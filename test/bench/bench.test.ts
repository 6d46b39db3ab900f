// The benchmark itself: it measures a real server, and refuses to time one that answers wrongly.

import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { type Findings, runCampaign } from '../../bench/campaign.ts';
import { quiet } from '../../bench/progress.ts';
import { get, scenarios } from '../../bench/scenarios.ts';
import type { ServerKind } from '../../bench/servers/server.ts';
import { KIB, prepareSite, sized } from '../../bench/site.ts';
import { verify, WrongAnswer } from '../../bench/verify.ts';
import { nginx } from '../../nginx-compare/nginx.ts';
import { alreadyRunning, planFor, withServer } from './support.ts';

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
