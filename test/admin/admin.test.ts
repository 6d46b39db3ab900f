// The admin listener: what it answers, whom, and when it says that the server is ready.
import { renameSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import t from 'tap';
import { prefersOpenMetrics } from '../../src/admin/exposition.ts';
import { isAddressedTo } from '../../src/admin/guard.ts';
import { hostPort } from '../../src/options/operating.ts';
import { createServer } from '../../src/server/server.ts';
import { connect, request, requestBytes } from '../support/client.ts';
import { runCommand, startCommand } from '../support/command.ts';
import { parsePrometheus } from '../support/prometheus.ts';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';

const root = makeTree(t, { a: 'abc', 'huge.bin': { sparse: 2 ** 26 } });

const portOf = (url: string | undefined) => ({ port: Number(new URL(url ?? '').port) });

const HOST_PORTS: ReadonlyArray<readonly [input: unknown, read: unknown]> = [
  [9090, { host: '127.0.0.1', port: 9090 }],
  ['9090', { host: '127.0.0.1', port: 9090 }],
  ['0', { host: '127.0.0.1', port: 0 }],
  ['0.0.0.0:9090', { host: '0.0.0.0', port: 9090 }],
  ['metrics.internal:9', { host: 'metrics.internal', port: 9 }],
  ['[::1]:9090', { host: '::1', port: 9090 }],
  [
    { host: '::1', port: 9 },
    { host: '::1', port: 9 },
  ],
  [{ host: 'a b', port: 9 }, undefined],
  ['::1:9090', undefined],
  [':9090', undefined],
  ['127.0.0.1', undefined],
  ['127.0.0.1:', undefined],
  ['65536', undefined],
  ['http://a:1', undefined],
  ['a b:1', undefined],
  [1.5, undefined],
  [-1, undefined],
  [true, undefined],
  ['', undefined],
];

t.test('an address is a port, or a host and a port', async (t) => {
  for (const [input, read] of HOST_PORTS) t.same(hostPort.parse(input), read, String(input));
  t.equal(hostPort.show({ host: '::1', port: 1 }), '[::1]:1');
  t.equal(hostPort.show({ host: 'a', port: 1 }), 'a:1');
});

const LOOPBACK = { host: 'metrics.local', address: '127.0.0.1' };

const ADDRESSED: ReadonlyArray<
  readonly [bound: typeof LOOPBACK, field: string | undefined, answered: boolean]
> = [
  [LOOPBACK, '127.0.0.1:9090', true],
  [LOOPBACK, 'localhost', true],
  [LOOPBACK, 'LOCALHOST:9090', true],
  [LOOPBACK, '[::1]:9090', true],
  [LOOPBACK, 'Metrics.Local:9090', true],
  [LOOPBACK, undefined, true],
  [LOOPBACK, 'evil.example:9090', false],
  [LOOPBACK, 'localhost.evil.example', false],
  [LOOPBACK, '127.0.0.1.evil.example', false],
  [LOOPBACK, '', false],
  [LOOPBACK, 'localhost/', false],
  [LOOPBACK, 'localhost@evil.example', false],
  [{ host: '::1', address: '::1' }, 'evil.example', false],
  [{ host: '0.0.0.0', address: '0.0.0.0' }, 'metrics.internal:9090', true],
];

t.test('on loopback, only its own names are answered', async (t) => {
  for (const [bound, field, answered] of ADDRESSED) {
    t.equal(isAddressedTo(bound, field), answered, `${bound.address}: ${field}`);
  }
  const { admin } = await startServer(t, { root, admin: 0 });
  for (const target of ['/', '/metrics', '/stats', '/healthz', '/readyz']) {
    const fields = { host: 'rebound.example' };
    const got = await request(portOf(admin), target, { fields });
    t.equal(got.status, 421, target);
    t.notMatch(String(got.body), /zcserve/);
  }
});

const ACCEPTED: ReadonlyArray<readonly [accept: string | undefined, open: boolean]> = [
  [undefined, false],
  ['*/*', false],
  ['text/plain', false],
  ['application/openmetrics-text', true],
  [
    'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    true,
  ],
  ['application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.9', false],
  ['application/openmetrics-text;q=0', false],
];

t.test('whoever asks for OpenMetrics gets it', async (t) => {
  for (const [accept, open] of ACCEPTED) t.equal(prefersOpenMetrics(accept), open, String(accept));
  const { admin, url } = await startServer(t, { root, admin: 0 });
  await (await fetch(`${url}/a`)).text();
  const accept = 'application/openmetrics-text';
  // One form must not change what the other is made of.
  for (const _ of [1, 2]) {
    const open = await fetch(`${admin}/metrics`, { headers: { accept } });
    t.match(open.headers.get('content-type'), /^application\/openmetrics-text; version=1\.0\.0/);
    const text = await open.text();
    t.match(text, /^# TYPE zcserve_http_responses counter$/m);
    t.match(text, /^zcserve_http_responses_total\{protocol="http\/1\.1",status="200"\} 1$/m);
    t.match(text, /^process_cpu_seconds_total /m);
    t.notMatch(text, /_total_total/);
    t.ok(text.endsWith('\n# EOF\n'));
    const plain = await fetch(`${admin}/metrics`);
    t.match(plain.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
    const families = parsePrometheus(await plain.text());
    for (const name of ['zcserve_http_responses_total', 'process_cpu_seconds_total']) {
      t.equal(families.get(name)?.type, 'counter', name);
    }
    t.ok(families.has('nodejs_eventloop_lag_p99_seconds'));
  }
});

t.test('what it answers is nobody else’s, and only GET and HEAD ask', async (t) => {
  const { admin, port, transport } = await startServer(t, { root, admin: 0 });
  const address = portOf(admin);
  for (const [target, type] of [
    ['/', /^text\/html/],
    ['/metrics', /^text\/plain/],
    ['/stats?now', /^application\/json$/],
    ['/healthz', /^text\/plain/],
    ['/readyz', /^text\/plain/],
  ] as const) {
    const got = await request(address, target);
    t.equal(got.status, 200, target);
    t.match(got.field('content-type'), type);
    t.equal(got.field('cache-control'), 'no-store');
    t.equal(got.field('x-content-type-options'), 'nosniff');
    t.match(got.field('content-security-policy'), /^default-src 'none';.*frame-ancestors 'none'$/);
    t.equal(got.field('access-control-allow-origin'), undefined);
    const head = await request(address, target, { method: 'HEAD' });
    t.equal(head.status, 200);
    t.equal(head.body.length, 0);
    for (const method of ['POST', 'DELETE', 'OPTIONS']) {
      const refused = await request(address, target, { method });
      t.match(
        { status: refused.status, allow: refused.field('allow') },
        {
          status: 405,
          allow: 'GET, HEAD',
        },
      );
    }
  }
  t.equal((await request(address, '/none')).status, 404);
  const stats = JSON.parse(String((await request(address, '/stats')).body));
  t.match(stats, { state: 'ready', transport, url: `http://127.0.0.1:${port}`, accepted: 0 });
  t.equal((await request({ port }, '/metrics')).status, 404, 'the site has none of it');
});

t.test('while it drains it is healthy and not ready, and answers to the end', async (t) => {
  const server = await startServer(t, { root, admin: 0, grace: 60_000 });
  const address = portOf(server.admin);
  t.equal((await request(address, '/readyz')).status, 200);
  const busy = await connect({ port: server.port });
  busy.pause();
  await busy.send(requestBytes('/huge.bin'));
  while (server.stats().transfers === 0) await new Promise((resolve) => setImmediate(resolve));
  const closed = server.close();
  const waiting = await request(address, '/readyz');
  t.match(
    { status: waiting.status, body: String(waiting.body) },
    { status: 503, body: 'draining\n' },
  );
  t.equal((await request(address, '/healthz')).status, 200);
  const stats = JSON.parse(String((await request(address, '/stats')).body));
  t.match(stats, { state: 'draining', transfers: 1 });
  busy.resume();
  t.equal((await busy.read()).body.length, 2 ** 26);
  await closed;
  await t.rejects(connect(address), { code: 'ECONNREFUSED' });
});

t.test('a root that is gone is not ready, until it is back', async (t) => {
  const parent = makeTree(t, { 'site/a': 'abc', file: '' });
  const server = await startServer(t, { root: `${parent}/site`, admin: 0 });
  const address = portOf(server.admin);
  renameSync(`${parent}/site`, `${parent}/elsewhere`);
  const gone = await request(address, '/readyz');
  t.match(
    { status: gone.status, body: String(gone.body) },
    {
      status: 503,
      body: 'the root is gone (ENOENT)\n',
    },
  );
  t.equal((await request(address, '/healthz')).status, 200);
  renameSync(`${parent}/file`, `${parent}/site`);
  t.equal(String((await request(address, '/readyz')).body), 'the root is no directory\n');
  renameSync(`${parent}/site`, `${parent}/file`);
  renameSync(`${parent}/elsewhere`, `${parent}/site`);
  t.equal((await request(address, '/readyz')).status, 200);
});

t.test('two servers of one process tell of themselves', async (t) => {
  const [one, other] = [
    await startServer(t, { root, admin: 0 }),
    await startServer(t, { root, admin: 0 }),
  ];
  await (await fetch(`${one.url}/a`)).text();
  const acceptedOf = async (url: string | undefined) => {
    const { body } = await request(portOf(url), '/stats');
    return JSON.parse(String(body)).accepted;
  };
  t.equal(await acceptedOf(one.admin), 1);
  t.equal(await acceptedOf(other.admin), 0);
  await one.close();
  t.equal((await request(portOf(other.admin), '/metrics')).status, 200);
});

t.test('an address that cannot be had is an error that names the option', async (t) => {
  const holder = createTcpServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  t.teardown(() => holder.close());
  const { port } = holder.address() as AddressInfo;
  await t.rejects(createServer({ root, port: 0, admin: port }), {
    message: `option admin: cannot listen on 127.0.0.1 port ${port}: it is in use`,
  });
  t.match(await runCommand([root, '--port=0', `--admin=192.0.2.1:${port}`]), {
    code: 1,
    stdout: '',
    stderr: `zcserve: --admin: cannot listen on 192.0.2.1 port ${port}: this machine has no such address\n`,
  });
});

t.test('the start line says where it is, and a wide address is warned of', async (t) => {
  const running = await startCommand(t, [root, '--port=0', '--admin=0.0.0.0:0']);
  t.match(running.report, { admin: /^http:\/\/0\.0\.0\.0:\d+$/ });
  running.process.kill('SIGTERM');
  t.match(await running.ended, {
    code: 0,
    stderr:
      'zcserve: warn: admin: 0.0.0.0 is not of this machine alone: whoever reaches it can read\n',
  });
  const { admin } = await startServer(t, { root });
  t.equal(admin, undefined, 'none that nobody asked for');
});
