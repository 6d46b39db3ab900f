// What /metrics says is what the clients counted, on every carrier: each answer once, by status, protocol, bytes and size.
// ZCSERVE_COUNTED=1000000 asks so many times on each.
import t, { type Test } from 'tap';
import { type Carrier, type Origin, onEveryCarrier } from '../http/carriers.ts';
import { type Answer, connect, requestBytes } from '../support/client.ts';
import { type Families, parsePrometheus, totalOf, valuesOf } from '../support/prometheus.ts';
import { makeTree } from '../support/tree.ts';

const REQUESTS = Number(process.env.ZCSERVE_COUNTED ?? 500);
/** Those that come together. uWebSockets.js closes where one has to wait for its answer. */
const batchOf = ({ transport }: Carrier) => (transport === 'uws' ? 1 : 50);
/** Clients that leave in the middle of an answer. */
const LEAVERS = 5;
/** More than the buffers of a connection take: net.ipv4.tcp_rmem and tcp_wmem may allow 32 MiB and more. */
const HUGE = 2 ** 26;

const mtime = new Date('2024-01-01');
const NODES = {
  'small.txt': { size: 900, mtime },
  'page.html': { size: 20_000, mtime },
  'large.bin': { size: 200_000, mtime },
  'empty.txt': { text: '', mtime },
  'huge.bin': { sparse: HUGE },
};

const keepAlive = { connection: 'keep-alive' };

/** What is asked for, over and over. */
const asks = (etag: string) =>
  [
    ['GET', '/small.txt', {}],
    ['GET', '/small.txt', { 'if-none-match': etag }],
    ['GET', '/none.txt', {}],
    ['HEAD', '/page.html', {}],
    ['GET', '/page.html', { range: 'bytes=10-1999' }],
    ['GET', '/page.html', {}],
    ['GET', '/empty.txt', {}],
    ['GET', '/large.bin', { range: 'bytes=0-0,5-9' }],
    ['GET', '/page.html', { range: 'bytes=90000-' }],
    ['POST', '/small.txt', {}],
  ] as const;

/** Of the answers that came whole. */
class Counted {
  readonly statuses: Record<string, number> = {};
  readonly sizes: number[] = [];
  bytes = 0;

  add(protocol: string, { status, body }: Answer): void {
    this.note(protocol, status);
    this.bytes += body.length;
    this.sizes.push(body.length);
  }

  note(protocol: string, status: number): void {
    const key = `${protocol} ${status}`;
    this.statuses[key] = (this.statuses[key] ?? 0) + 1;
  }
}

async function metricsOf({ admin }: Origin): Promise<Families> {
  const got = await fetch(`${admin}/metrics`);
  return parsePrometheus(await got.text());
}

/** When nobody is connected any more, and nothing on its way. */
async function metricsAtRest(origin: Origin): Promise<Families> {
  for (;;) {
    const now = await metricsOf(origin);
    const busy =
      totalOf(now, 'zcserve_connections') + totalOf(now, 'zcserve_http_responses_in_flight');
    if (busy === 0) return now;
  }
}

async function askTogether(origin: Origin, protocol: string, counted: Counted): Promise<void> {
  const connection = await connect(origin.address);
  await connection.send(requestBytes('/small.txt', { fields: keepAlive }));
  const first = await connection.read();
  counted.add(protocol, first);
  const rows = asks(first.field('etag') ?? '');
  for (let asked = 1; asked < REQUESTS; ) {
    const batch = Array.from(
      { length: Math.min(batchOf(origin.carrier), REQUESTS - asked) },
      (_, i) => rows[(asked + i) % rows.length] ?? rows[0],
    );
    const requests = batch.map(([method, target, fields]) =>
      requestBytes(target, { method, fields: { ...keepAlive, ...fields } }),
    );
    await connection.send(Buffer.concat(requests));
    for (const [method] of batch) counted.add(protocol, await connection.read(method));
    asked += batch.length;
  }
  connection.close();
}

/** In a request of its own, for a library may close after it. */
async function askOldAndWrong(origin: Origin, counted: Counted): Promise<void> {
  for (const [bytes, protocol] of [
    ['GET /small.txt HTTP/1.0\r\n\r\n', 'http/1.0'],
    ['GET /small.txt HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 'http/1.1'],
    ['GET /small.txt HTTP/1.1\r\nno field\r\n\r\n', 'http/1.1'],
  ] as const) {
    const connection = await connect(origin.address);
    await connection.send(bytes);
    counted.add(protocol, await connection.read());
    connection.close();
  }
}

async function leave(origin: Origin): Promise<void> {
  const connection = await connect(origin.address);
  connection.pause();
  await connection.send(requestBytes('/huge.bin', { fields: keepAlive }));
  while ((await origin.stats()).transfers === 0);
  // With unread bytes in its buffers, the kernel closes with a reset.
  connection.close();
  while ((await origin.stats()).transfers > 0);
}

function checkAnswers(t: Test, metrics: Families, counted: Counted): void {
  const { statuses, sizes, bytes } = counted;
  t.same(valuesOf(metrics, 'zcserve_http_responses_total'), statuses, 'by protocol and status');
  t.equal(totalOf(metrics, 'zcserve_http_responses_whole_total'), sizes.length, 'whole answers');
  t.equal(totalOf(metrics, 'zcserve_http_response_bytes_total'), bytes, 'bytes of bodies');
  const buckets = (metrics.get('zcserve_http_response_size_bytes')?.samples ?? []).filter(
    ({ name }) => name.endsWith('_bucket'),
  );
  t.ok(buckets.length > 5);
  t.same(
    buckets.map(({ labels, value }) => [labels.le, value]),
    buckets.map(({ labels: { le = '' } }) => [
      le,
      sizes.filter((size) => le === '+Inf' || size <= Number(le)).length,
    ]),
    'by size',
  );
  t.equal(totalOf(metrics, 'zcserve_http_response_size_bytes', '_sum'), bytes);
  t.equal(totalOf(metrics, 'zcserve_http_response_size_bytes', '_count'), sizes.length);
  t.equal(totalOf(metrics, 'zcserve_http_response_duration_seconds', '_count'), sizes.length);
}

function protocolOf({ http2 = false }: Carrier): string {
  return http2 ? 'h2' : 'http/1.1';
}

onEveryCarrier(t, async (t, serve, carrier) => {
  const origin = await serve({ root: makeTree(t, NODES), admin: 0 });
  const protocol = protocolOf(carrier);
  const counted = new Counted();
  await askTogether(origin, protocol, counted);
  // uWebSockets.js answers these by itself, and tells nobody.
  const tells = carrier.transport !== 'uws';
  if (tells && !carrier.http2) await askOldAndWrong(origin, counted);
  const metrics = await metricsAtRest(origin);
  checkAnswers(t, metrics, counted);
  t.same(valuesOf(metrics, 'zcserve_http_responses_cut_total'), { client: 0, file: 0, stop: 0 });
  const clients = totalOf(metrics, 'zcserve_connections_accepted_total');
  t.equal(clients, tells && !carrier.http2 ? 4 : 1);
  const handshakes = carrier.tls && tells ? clients : 0;
  t.equal(totalOf(metrics, 'zcserve_tls_handshakes_total'), handshakes);
  t.equal(totalOf(metrics, 'zcserve_http2_connections_total'), carrier.http2 ? 1 : 0);

  for (let i = 0; i < LEAVERS; i++) await leave(origin);
  const after = await metricsAtRest(origin);
  for (let i = 0; i < LEAVERS; i++) counted.note(protocol, 200);
  t.same(valuesOf(after, 'zcserve_http_responses_total'), counted.statuses, 'those left, too');
  t.same(
    valuesOf(after, 'zcserve_http_responses_cut_total'),
    { client: LEAVERS, file: 0, stop: 0 },
    'and how they ended',
  );
  t.equal(totalOf(after, 'zcserve_http_responses_whole_total'), counted.sizes.length);

  const broken = await connect({ port: origin.port });
  await broken.send('no hello\r\n\r\n');
  await broken.rest();
  const wrong = await metricsAtRest(origin);
  const unfinished = carrier.tls && tells ? 1 : 0;
  t.equal(totalOf(wrong, 'zcserve_tls_handshakes_unfinished_total'), unfinished);
});
