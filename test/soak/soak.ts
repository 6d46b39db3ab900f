// A server under mixed load for as many minutes as ZCSERVE_SOAK_MINUTES says (default 2), while its files are made,
// replaced and deleted and its cache turns over: memory, descriptors and mappings stay flat, and its counts are right.
// The engine has plain HTTP, TLS and HTTP/2 beside each other, and now and then another certificate.
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { OptionsInput } from '../../src/options/options.ts';
import type { ServerStats } from '../../src/server/server.ts';
import { descriptorsOf, mappingsOf, residentOf, until } from '../faults/process.ts';
import { isOneVersion } from '../faults/storm.ts';
import { randomOf } from '../fuzz/mutate.ts';
import { type Carrier, onEveryCarrier, type Serve } from '../http/carriers.ts';
import type { Host, HostedServer } from '../http/host.ts';
import {
  type Address,
  type Answer,
  type Connection,
  connect,
  requestBytes,
} from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';

const MINUTES = Number(process.env.ZCSERVE_SOAK_MINUTES ?? 2);
const FILES = 10_000;
const CLIENTS = 8;
const SENDFILE_MIN = 32_768;
const WATCH_MS = 30_000;
/** Requests that are under way on one connection of HTTP/2. */
const STREAMS = 10;

/** Carriers share the time. The others differ from these in TLS and HTTP/2 only, and with the first come the engine's. */
const SOAKED: readonly Carrier['name'][] = ['native', 'http1', 'http1 alone', 'uws'];

onEveryCarrier(
  t,
  (t, serve, { name }) => soak(t, serve, name === 'native', (MINUTES * 60_000) / SOAKED.length),
  ({ name }) => SOAKED.includes(name),
);

interface Sample {
  readonly minutes: number;
  readonly resident: number;
  readonly descriptors: number;
  readonly mappings: number;
}

/** What is soaked: servers of one process, and every way to speak to them. */
interface Soaked {
  readonly host: Host;
  readonly servers: readonly HostedServer[];
  readonly addresses: readonly Address[];
  /** Gives those with TLS another certificate. */
  renew(): Promise<void>;
}

async function start(
  t: Test,
  serve: Serve,
  mixed: boolean,
  options: OptionsInput,
): Promise<Soaked> {
  const origin = await serve(options);
  const { host } = origin;
  if (!mixed) {
    return { host, servers: [origin], addresses: [origin.address], async renew() {} };
  }
  const folder = makeTree(t);
  const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const place = (certificate: string, key: string) => {
    copyFileSync(
      fileURLToPath(new URL(`../support/tls/${certificate}.pem`, import.meta.url)),
      tlsCert,
    );
    copyFileSync(fileURLToPath(new URL(`../support/tls/${key}.pem`, import.meta.url)), tlsKey);
  };
  place('cert', 'key');
  const secure = await host.start({ ...options, transport: 'native', tlsCert, tlsKey });
  const { port } = secure;
  let renewals = 0;
  return {
    host,
    servers: [origin, secure],
    addresses: [origin.address, { port, tls: true }, { port, tls: true, http2: true }],
    async renew() {
      if (++renewals % 2 === 0) place('cert', 'key');
      else place('rsa', 'rsa-key');
      await secure.reload();
    },
  };
}

async function soak(t: Test, serve: Serve, mixed: boolean, milliseconds: number): Promise<void> {
  const root = makeTree(t);
  const churn = startChurn(root);
  for (let i = 0; i < FILES; i++) churn();
  const options = {
    cacheSize: 2 ** 21,
    maxOpenFiles: 512,
    threads: 2,
    logLevel: 'silent',
  } as const;
  const soaked = await start(t, serve, mixed, { root, ...options });
  const { servers, addresses } = soaked;
  const statsOf = () => Promise.all(servers.map((server) => server.stats()));
  const started = performance.now();
  const over = () => performance.now() - started > milliseconds;
  const samples: Sample[] = [];
  const loads = Array.from({ length: CLIENTS }, (_, i) => load(addresses, i, over, churn));
  const sampling = sample(soaked, root, samples, over, started);
  // A run that does not end says what it waits for.
  const watch = setInterval(async () => {
    if (over()) t.comment(`not at rest: ${JSON.stringify(await statsOf())}`);
  }, WATCH_MS);
  t.teardown(() => clearInterval(watch));
  const seen = await Promise.all(loads);
  await sampling;

  await until(async () => {
    const stats = await statsOf();
    return stats.every(({ connections, transfers }) => connections === 0 && transfers === 0);
  });
  const stats = await statsOf();
  const sum = (key: keyof Seen) => seen.reduce((total, each) => total + each[key], 0);
  t.equal(sum('mixed'), 0, 'no complete body below the sendfile threshold is a mixture');
  t.ok(sum('answers') > 100, 'the load was one');
  // Of an answer that broke off, the server has sent more than its client could count.
  const uncounted = stats.reduce((total, each) => total + counted(each), 0) - sum('bytes');
  t.ok(
    sum('aborted') > 0 ? uncounted >= 0 : uncounted === 0,
    `counted by strategy − received = ${uncounted}`,
  );

  // The first third warms up: V8's heap, malloc's arenas, the caches.
  const steady = samples.slice(Math.floor(samples.length / 3));
  const slope = slopeOf(steady, ({ resident }) => resident / 2 ** 20);
  const descriptors = slopeOf(steady, (each) => each.descriptors);
  const mappings = slopeOf(steady, (each) => each.mappings);
  t.ok(
    Math.max(...steady.map((each) => each.descriptors)) < 800 * servers.length,
    'descriptors stay within their bound',
  );
  const most = Math.max(...steady.map((each) => each.mappings));
  t.ok(most <= 4 * servers.length, 'one mapping of the cache for each server');
  // In less time the slope of a heap that breathes says nothing.
  if (milliseconds >= 300_000) t.ok(slope < 1, `memory grows by ${slope.toFixed(2)} MiB a minute`);
  t.comment(
    `${sum('answers')} answers, ${sum('aborted')} aborted, ${Math.round(sum('bytes') / 1e6)} MB; slopes a minute: ` +
      `memory ${slope.toFixed(2)} MiB, descriptors ${descriptors.toFixed(2)}, mappings ${mappings.toFixed(2)}; ` +
      `RSS ${Math.round((samples.at(-1)?.resident ?? 0) / 2 ** 20)} MiB`,
  );
  for (const { minutes, resident, descriptors, mappings } of tenOf(samples)) {
    t.comment(
      `after ${minutes.toFixed(1)} min: RSS ${Math.round(resident / 2 ** 20)} MiB, ${descriptors} descriptors, ${mappings} mappings`,
    );
  }
}

/** Evenly over the time, with the last. */
function tenOf(samples: readonly Sample[]): readonly Sample[] {
  const step = Math.max(1, Math.floor(samples.length / 10));
  return samples.filter((_, i) => (samples.length - 1 - i) % step === 0);
}

/** Makes, replaces or deletes the next of the files. */
function startChurn(root: string): () => void {
  let turn = 0;
  for (let i = 0; i < 100; i++) mkdirSync(join(root, String(i)));
  return () => {
    const path = join(root, nameOf(turn));
    const random = randomOf(turn);
    turn++;
    if (turn > FILES && random(10) === 0) return rmSync(path, { force: true });
    const size = random(20) === 0 ? 70_000 + random(200_000) : random(8000);
    writeFileSync(`${path}.new`, pattern(size, turn));
    renameSync(`${path}.new`, path);
  };
}

function nameOf(turn: number): string {
  return `${turn % 100}/${turn % FILES}.bin`;
}

interface Seen {
  answers: number;
  /** Of bodies, all that the server's counters should know. */
  bytes: number;
  mixed: number;
  aborted: number;
}

/** One client after the other, each with some requests of its own kind; every turn something changes. */
async function load(
  addresses: readonly Address[],
  number: number,
  over: () => boolean,
  churn: () => void,
): Promise<Seen> {
  const seen: Seen = { answers: 0, bytes: 0, mixed: 0, aborted: 0 };
  for (let life = 0; !over(); life++) {
    const random = randomOf(number * 1_000_000 + life);
    const address = addresses[life % addresses.length] as Address;
    const connection = await connect(address);
    let lasts = true;
    // Over HTTP/1.1 one after the other.
    const atOnce = address.http2 ? STREAMS : 1;
    for (let left = 1 + random(20); left > 0 && lasts; left -= atOnce) {
      const methods: string[] = [];
      for (let i = 0; i < Math.min(left, atOnce); i++) {
        churn();
        methods.push(await ask(connection, random));
      }
      for (const method of methods) lasts = (await take(connection, method, seen)) && lasts;
    }
    connection.close();
  }
  return seen;
}

/** Half of the requests go to a few files, which become hot. */
async function ask(connection: Connection, random: (below: number) => number): Promise<string> {
  const target = `/${nameOf(random(2) === 0 ? random(50) : random(FILES))}`;
  const fields: Record<string, string> = { connection: 'keep-alive' };
  if (random(10) === 0) fields.range = `bytes=${random(1000)}-`;
  const method = random(10) === 0 ? 'HEAD' : 'GET';
  // That the server has gone is seen where its answer is missed.
  await connection.send(requestBytes(target, { method, fields })).catch(() => {});
  return method;
}

/** False: the connection is over. */
async function take(connection: Connection, method: string, seen: Seen): Promise<boolean> {
  const answer = await connection.read(method).catch(() => undefined);
  if (answer === undefined) {
    seen.aborted++;
    return false;
  }
  judge(answer, seen);
  return answer.field('connection') !== 'close';
}

function judge(answer: Answer, seen: Seen): void {
  seen.answers++;
  seen.bytes += answer.body.length;
  const whole = answer.status === 200 && answer.body.length < SENDFILE_MIN;
  if (whole && !isOneVersion(answer.body)) seen.mixed++;
}

/** All bytes of bodies that the server says it has sent. */
function counted({ byStrategy }: ServerStats): number {
  return Object.values(byStrategy).reduce((sum, { bytes }) => sum + bytes, 0);
}

const SAMPLE_MS = 1000;

async function sample(
  { host, renew }: Soaked,
  root: string,
  samples: Sample[],
  over: () => boolean,
  started: number,
): Promise<void> {
  while (!over()) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    await renew();
    await host.collect();
    samples.push({
      minutes: (performance.now() - started) / 60_000,
      resident: residentOf(host.pid),
      descriptors: descriptorsOf(host.pid),
      mappings: mappingsOf(host.pid, root),
    });
  }
}

/** Least squares: change per minute. */
function slopeOf(samples: readonly Sample[], value: (sample: Sample) => number): number {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const [x, y] = [mean((each) => each.minutes), mean(value)];
  const covariance = mean((each) => (each.minutes - x) * (value(each) - y));
  const variance = mean((each) => (each.minutes - x) ** 2);
  return variance === 0 ? 0 : covariance / variance;
}
