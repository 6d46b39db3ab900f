// What the benchmark makes of its samples: medians, marks, verdicts; and what --only selects.
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { beside, readRaw } from '../../bench/raw.ts';
import { compare, type Verdict } from '../../bench/report/compare.ts';
import { overview } from '../../bench/report/markdown.ts';
import {
  figure,
  isClientBound,
  isDisturbed,
  type Run,
  type Sample,
  saveRun,
} from '../../bench/results.ts';
import { scenarios } from '../../bench/scenarios.ts';
import { select } from '../../bench/selection.ts';
import { nginx } from '../../nginx-compare/nginx.ts';

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

t.test('a row is disturbed when other programs took a sixth of a core or more', async (t) => {
  t.equal(isDisturbed([sampleWith({ otherBusy: 0.17 })]), true);
  t.equal(isDisturbed([sampleWith({ otherBusy: 0.05 })]), false);
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

t.test(
  'the overview has medians by column, the better of two floors, and a dash for whom was not run',
  async (t) => {
    const run = runWith({
      zcserve: [5, 6, 9],
      'floor-mmap': [7],
      'floor-sendfile': [4],
      sirv: [40],
    });
    const text = overview(run, { chart: undefined, report: 'a.md' }, (path) => `to/${path}`);
    const cells = text.split('\n').find((line) => /\b40\b/.test(line));
    t.strictSame(
      cells?.split('|').map((cell) => cell.trim()),
      ['', '', '6', '4', '–', '–', '–', '40', '–', ''],
    );
    t.match(text, /\]\(to\/a\.md\), 2025-01-01/);
  },
);

t.test('raw results read back as they were, packed or not', async (t) => {
  const run = runWith({ zcserve: [1] });
  const path = saveRun(t.testdir(), 'bench', run);
  t.match(path, /2025-01-01T00-00-00-bench\.json\.gz$/);
  t.strictSame(readRaw(path), run);
  const unpacked = beside(path, 'md').replace(/md$/, 'json');
  writeFileSync(unpacked, gunzipSync(readFileSync(path)));
  t.strictSame(readRaw(unpacked), run);
});

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
