// What the benchmark makes of its samples: medians, marks, verdicts; and what --only selects.
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { latencyOf, readH2load } from '../../bench/load/h2load.ts';
import { beside, readRaw } from '../../bench/raw.ts';
import { chartBySize } from '../../bench/report/charts.ts';
import { compare, type Verdict } from '../../bench/report/compare.ts';
import { hasOverview, overview } from '../../bench/report/markdown.ts';
import {
  figure,
  isClientBound,
  isDisturbed,
  type Run,
  type Sample,
  type ScenarioInfo,
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
  t.strictSame(
    select('http2,nginx', all).scenarios.map(({ name }) => name),
    ['http2-1k', 'http2-1k-10', 'http2-16k-10', 'http2-128k', 'http2-128k-10'],
  );
  t.equal(select('server', all).scenarios.length, scenarios.filter(({ optIn }) => !optIn).length);
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

t.test(
  'h2load: what has ended is counted, with its errors, and the CPU time of the shell below',
  async (t) => {
    const printed = `finished in 1.00s, 479.00 req/s, 589.18KB/s
requests: 479 total, 799 started, 479 done, 470 succeeded, 9 failed, 4 errored, 0 timeout
status codes: 489 2xx, 0 3xx, 5 4xx, 0 5xx
traffic: 589.18KB (603320) total, 64.14KB (65675) headers (space savings 23.74%), 511.00KB (523264) data
                     min         max         mean         sd        +/- sd
time for request:      150us     74.88ms       688us      2.67ms    97.28%
0m0.001000s 0m0.002000s
1m0.250000s 0m0.500000s
`;
    const same = { bytes: 603_320, cpuSeconds: 60.75 };
    t.strictSame(readH2load(printed, 200), { ...same, requests: 470, errors: 9 });
    t.strictSame(readH2load(printed, 404), { ...same, requests: 5, errors: 474 });
  },
);

t.test(
  'a run over TLS as well has HTTPS and HTTP/2 beside HTTP, in the overview and in the chart',
  async (t) => {
    const run = runWith({ zcserve: [5], nginx: [6] });
    const overTls = ['https-1k', 'http2-1k-10'].map((scenario) => ({
      info: { ...run.scenarios[0], name: scenario, title: scenario } as ScenarioInfo,
      rows: run.rows.map((row) => ({ ...row, scenario })),
    }));
    const whole: Run = {
      ...run,
      scenarios: [...run.scenarios, ...overTls.map(({ info }) => info)],
      rows: [...run.rows, ...overTls.flatMap(({ rows }) => rows)],
    };
    const text = overview(whole, { chart: undefined, report: 'a.md' }, (path) => path);
    t.strictSame(text.match(/^\| http\S+/gm), ['| https-1k', '| http2-1k-10']);
    const panels = async (shown: Run) =>
      (await chartBySize(shown))?.match(/>HTTP[^<]*(?=<)/g)?.map((label) => label.slice(1));
    t.strictSame(await panels(run), ['HTTP']);
    t.strictSame(await panels(whole), ['HTTP', 'HTTPS', 'HTTP/2, 10 streams']);
    t.notOk(hasOverview(whole), 'README stays as it is');
    const all = scenarios.map((scenario) => ({ ...scenario, latencyOnly: false }));
    t.ok(hasOverview({ ...run, scenarios: all }), 'by a run of everything it is written');
    t.notOk(hasOverview({ ...run, scenarios: all, interrupted: true }));
  },
);

t.test('percentiles come from the log of all answers, in whatever order', async (t) => {
  const log = [3, 1, 2, 4].map((microseconds) => `1795670970174376\t200\t${microseconds}\n`);
  t.strictSame(latencyOf(log.join('')), { p50: 2, p99: 4, p999: 4, max: 4 });
});

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
