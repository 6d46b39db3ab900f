// The benchmark over TLS: HTTPS and HTTP/2 are verified, loaded and measured as plain HTTP is.
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { runCampaign } from '../../bench/campaign.ts';
import { CIPHER } from '../../bench/certificate.ts';
import { findGenerators } from '../../bench/load/generators.ts';
import { H2LOAD_MISSING } from '../../bench/load/h2load.ts';
import type { Load } from '../../bench/load/load.ts';
import { quiet } from '../../bench/progress.ts';
import { getHttp2, getHttps, scenarios } from '../../bench/scenarios.ts';
import { nodeBuffer } from '../../bench/servers/npm-peers.ts';
import type { ServerKind } from '../../bench/servers/server.ts';
import { KIB, prepareSite, sized } from '../../bench/site.ts';
import { verify } from '../../bench/verify.ts';
import { alreadyRunning, checkMeasured, planFor, secure, withServer } from './support.ts';

const generators = findGenerators();
const root = t.testdir();
await prepareSite(root, [sized(KIB)]);
const oneKib = readFileSync(join(root, '1k.bin'));

const right: RequestListener = (_request, response) => {
  response.writeHead(200, { 'Content-Length': KIB }).end(oneKib);
};

const wrongByte: RequestListener = (_request, response) => {
  const body = Buffer.from(oneKib);
  body[700] = ~(body[700] ?? 0);
  response.writeHead(200, { 'Content-Length': KIB }).end(body);
};

for (const scenario of [getHttps(KIB), getHttp2(KIB, 10)]) {
  t.test(`over ${scenario.protocol} a right answer passes and a wrong byte fails`, async (t) => {
    const requests = await withServer(right, (url) => verify(url, root, scenario), secure);
    t.strictSame(requests, [{ path: '/1k.bin', headers: {} }]);
    await withServer(
      wrongByte,
      (url) => t.rejects(verify(url, root, scenario), { message: /body byte 700 is wrong/ }),
      secure,
    );
  });
}

t.test(
  'every generator speaks TLS 1.3 with AES-128-GCM, and one resumes its sessions',
  async (t) => {
    for (const generator of Object.values(generators)) {
      if (generator.name === 'steady') continue;
      const seen: string[] = [];
      const server = () =>
        secure().on('secureConnection', (socket: TLSSocket) => {
          const { standardName } = socket.getCipher() as { standardName: string };
          const handshake = socket.isSessionReused() ? 'resumed' : 'full';
          seen.push(`${socket.getProtocol()} ${standardName} ${handshake}`);
        });
      const { requests, errors } = await withServer(
        right,
        (url) => generator.run(loadOn(url)),
        server,
      );
      t.ok(requests > 0, `${generator.name}: answers`);
      t.equal(errors, 0, `${generator.name}: no errors`);
      const handshake = generator.name === 'resuming' ? 'resumed' : 'full';
      const [, ...afterTheFirst] = seen;
      t.strictSame([...new Set(afterTheFirst)], [`TLSv1.3 ${CIPHER} ${handshake}`], generator.name);
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
    const sample = checkMeasured(t, scenario, outcome);
    if (sample === undefined) continue;
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

function loadOn(url: URL): Load {
  return {
    url,
    requests: [{ path: '/1k.bin', headers: {} }],
    once: false,
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
