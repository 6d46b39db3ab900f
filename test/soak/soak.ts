// A server under mixed load for as many minutes as ZCSERVE_SOAK_MINUTES says (default 2), while its files are made,
// replaced and deleted and its cache turns over: memory, descriptors and mappings stay flat, and its counts are right.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ServerStats } from '../../src/server/server.ts';
import { descriptorsOf, mappingsOf, residentOf, until } from '../faults/process.ts';
import { isOneVersion } from '../faults/storm.ts';
import { randomOf } from '../fuzz/mutate.ts';
import { type Carrier, type Origin, onEveryCarrier, type Serve } from '../http/carriers.ts';
import { type Answer, connect, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';

const MINUTES = Number(process.env.ZCSERVE_SOAK_MINUTES ?? 2);
const FILES = 10_000;
const CLIENTS = 8;
const SENDFILE_MIN = 32_768;
const WATCH_MS = 30_000;

/** Carriers share the time. The others differ from these in TLS only. */
const SOAKED: readonly Carrier['name'][] = ['native', 'http1', 'http1 alone', 'uws'];

onEveryCarrier(
  t,
  (t, serve) => soak(t, serve, (MINUTES * 60_000) / SOAKED.length),
  ({ name }) => SOAKED.includes(name),
);

interface Sample {
  readonly minutes: number;
  readonly resident: number;
  readonly descriptors: number;
  readonly mappings: number;
}

async function soak(t: Test, serve: Serve, milliseconds: number): Promise<void> {
  const root = makeTree(t);
  const churn = startChurn(root);
  for (let i = 0; i < FILES; i++) churn();
  const options = {
    cacheSize: 2 ** 21,
    maxOpenFiles: 512,
    threads: 2,
    logLevel: 'silent',
  } as const;
  const origin = await serve({ root, ...options });
  const started = performance.now();
  const over = () => performance.now() - started > milliseconds;
  const samples: Sample[] = [];
  const loads = Array.from({ length: CLIENTS }, (_, i) => load(origin, i, over, churn));
  const sampling = sample(origin, root, samples, over, started);
  // A run that does not end says what it waits for.
  const watch = setInterval(async () => {
    if (over()) t.comment(`not at rest: ${JSON.stringify(await origin.stats())}`);
  }, WATCH_MS);
  t.teardown(() => clearInterval(watch));
  const seen = await Promise.all(loads);
  await sampling;

  await until(async () => {
    const { connections, transfers } = await origin.stats();
    return connections === 0 && transfers === 0;
  });
  const stats = await origin.stats();
  const sum = (key: keyof Seen) => seen.reduce((total, each) => total + each[key], 0);
  t.equal(sum('mixed'), 0, 'no complete body below the sendfile threshold is a mixture');
  t.ok(sum('answers') > 100, 'the load was one');
  // Of an answer that broke off, the server has sent more than its client could count.
  const uncounted = counted(stats) - sum('bytes');
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
    Math.max(...steady.map((each) => each.descriptors)) < 800,
    'descriptors stay within their bound',
  );
  t.ok(Math.max(...steady.map((each) => each.mappings)) <= 4, 'one mapping of the cache');
  // In less time the slope of a heap that breathes says nothing.
  if (milliseconds >= 300_000) t.ok(slope < 1, `memory grows by ${slope.toFixed(2)} MiB a minute`);
  t.comment(
    `${sum('answers')} answers, ${sum('aborted')} aborted, ${Math.round(sum('bytes') / 1e6)} MB; slopes a minute: ` +
      `memory ${slope.toFixed(2)} MiB, descriptors ${descriptors.toFixed(2)}, mappings ${mappings.toFixed(2)}; ` +
      `RSS ${Math.round((samples.at(-1)?.resident ?? 0) / 2 ** 20)} MiB`,
  );
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
  { address }: Origin,
  number: number,
  over: () => boolean,
  churn: () => void,
): Promise<Seen> {
  const seen: Seen = { answers: 0, bytes: 0, mixed: 0, aborted: 0 };
  for (let life = 0; !over(); life++) {
    const random = randomOf(number * 1_000_000 + life);
    const connection = await connect(address);
    const requests = 1 + random(20);
    for (let i = 0; i < requests; i++) {
      churn();
      // Half of the requests go to a few files, which become hot.
      const target = `/${nameOf(random(2) === 0 ? random(50) : random(FILES))}`;
      const fields: Record<string, string> = { connection: 'keep-alive' };
      if (random(10) === 0) fields.range = `bytes=${random(1000)}-`;
      const method = random(10) === 0 ? 'HEAD' : 'GET';
      const answer = await connection
        .send(requestBytes(target, { method, fields }))
        .then(() => connection.read(method))
        .catch(() => undefined);
      if (answer === undefined) {
        seen.aborted++;
        break;
      }
      judge(answer, seen);
      if (answer.field('connection') === 'close') break;
    }
    connection.close();
  }
  return seen;
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
  { host }: Origin,
  root: string,
  samples: Sample[],
  over: () => boolean,
  started: number,
): Promise<void> {
  while (!over()) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
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
