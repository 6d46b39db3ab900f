import t from 'tap';
import { type Look, quantile, ratesBetween } from '../../src/admin/rates.ts';
import type { Strategy } from '../../src/plan/types.ts';
import { Counters, Sending } from '../../src/transport/counters.ts';

const bounds = [5, 10, 25];

const QUANTILES: ReadonlyArray<
  readonly [counts: readonly number[], share: number, found: unknown]
> = [
  [[0, 0, 0, 0], 0.5, null],
  [[1, 0, 0, 0], 0.99, { atMost: 5 }],
  [[99, 1, 0, 0], 0.99, { atMost: 5 }],
  [[98, 2, 0, 0], 0.99, { atMost: 10 }],
  [[50, 0, 50, 0], 0.5, { atMost: 5 }],
  [[49, 0, 51, 0], 0.5, { atMost: 25 }],
  [[1, 0, 0, 3], 0.5, { above: 25 }],
];

t.test('a quantile is the bound of the bucket that it falls into', async (t) => {
  for (const [counts, share, found] of QUANTILES) {
    t.same(quantile({ bounds, counts, sum: 0 }, share), found, `${share} of ${counts}`);
  }
});

t.test('rates are differences of two looks, by the time between them', async (t) => {
  const counters = new Counters();
  const files = {
    files: 0,
    descriptors: 0,
    paths: 0,
    memory: { entries: 0, bytes: 0, hits: 0, misses: 0 },
    encoded: undefined,
  };
  const look = (at: number): Look => ({ at, stats: { ...counters.snapshot(), files } });
  const send = (status: number, way: Strategy | 'bytes' | 'none', bytes: number) => {
    const sending = new Sending(counters, status, 'http/1.1', { began: performance.now() });
    if (way === 'bytes') sending.byBytes();
    else if (way !== 'none') sending.by(way, 'hot');
    sending.add(bytes);
    return sending;
  };
  send(200, 'mmap', 1000).end('done');
  const before = look(5000);
  send(200, 'mmap', 3000).end('done');
  send(200, 'read', 500).end('done');
  send(206, 'sendfile', 4000).end('done');
  send(404, 'bytes', 100).end('done');
  send(200, 'sendfile', 400).end('gone');
  send(304, 'none', 0).end('done');
  counters.accepted += 4;
  t.match(ratesBetween(before, look(7000)), {
    responsesPerSecond: 3,
    bytesPerSecond: 4000,
    bytesPerSecondByStrategy: { mmap: 1500, sendfile: 2200, read: 250, bytes: 50 },
    connectionsPerSecond: 2,
    errorsPerSecond: 1,
    hitRatio: 1 / 3,
    p50: { atMost: 5 },
    p99: { atMost: 5 },
  });
  const now = look(8000);
  t.match(ratesBetween(now, now), { responsesPerSecond: 0, hitRatio: null, p50: null, p99: null });
});

t.test('an answer is counted where it ends, and once', async (t) => {
  const counters = new Counters();
  const sending = new Sending(counters, 200, 'h2', { began: performance.now() });
  sending.by('sendfile', 'size');
  sending.add(10);
  sending.by('read', 'cold');
  sending.add(5);
  t.same(counters.snapshot().byStatus, {}, 'nothing before its end');
  sending.end('done');
  sending.end('gone');
  const { byStrategy, byStatus, sizes, aborted } = counters.snapshot();
  t.same(byStrategy, {
    'sendfile:size': { responses: 0, bytes: 10 },
    'read:cold': { responses: 1, bytes: 5 },
  });
  t.same(byStatus, { h2: { 200: 1 } });
  t.match(sizes, { sum: 15, counts: [1, 0] });
  t.equal(aborted, 0);
  for (const [how, counter] of [
    ['file-fault', 'truncated'],
    ['timed-out', 'aborted'],
    ['cancelled', 'cancelled'],
  ] as const) {
    new Sending(counters, 200, 'h2', { began: 0 }).end(how);
    t.equal(counters[counter], 1, how);
  }
  const timed = counters.snapshot().durations.counts.reduce((sum, count) => sum + count, 0);
  t.equal(timed, 1, 'only those that are whole take time');
});
