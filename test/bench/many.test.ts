// The benchmark's scenarios of many files: what is asked for is known, asked for as often as it says, and verified.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runCampaign } from '../../bench/campaign.ts';
import { takesPart } from '../../bench/entrant.ts';
import type { Load, LoadResult } from '../../bench/load/load.ts';
import { findWrk, WRK_MISSING } from '../../bench/load/wrk.ts';
import { byZipf, hot, nothing, once } from '../../bench/many/asked.ts';
import { manyFiles, manyFilesOf } from '../../bench/many/scenarios.ts';
import { prepareTree, type Tree, treeOf } from '../../bench/many/tree.ts';
import { quiet } from '../../bench/progress.ts';
import type { Scenario } from '../../bench/scenario.ts';
import { scenarios } from '../../bench/scenarios.ts';
import { select } from '../../bench/selection.ts';
import { floorOpen } from '../../bench/servers/floor.ts';
import { nodeBuffer } from '../../bench/servers/npm-peers.ts';
import type { ServerKind } from '../../bench/servers/server.ts';
import { verify } from '../../bench/verify.ts';
import { nginx, nginxByCache } from '../../nginx-compare/nginx.ts';
import { alreadyRunning, checkMeasured, planFor, secure, withServer } from './support.ts';

const wrk = findWrk();
const withoutWrk = wrk === undefined ? WRK_MISSING : false;
const TURNS = 7;

t.test('a tree has names of its own, and directories of 100 to 1,000 small files', async (t) => {
  const files = filesOf(treeOf(100_000));
  t.equal(new Set(files.map(({ path }) => path)).size, 100_000);
  const directories = new Map<string, number>();
  for (const { path, size } of files) {
    if (size < 1024 || size > 4096) t.fail(`${path} has ${size} bytes`);
    const directory = path.slice(0, path.lastIndexOf('/'));
    directories.set(directory, (directories.get(directory) ?? 0) + 1);
  }
  t.strictSame([Math.min(...directories.values()), Math.max(...directories.values())], [100, 1000]);
});

t.test('a tree is written once, and what is not as it should be is written again', async (t) => {
  const root = t.testdir();
  const tree = treeOf(50);
  t.equal(await prepareTree(root, tree), 50);
  t.equal(await prepareTree(root, tree), 0);
  const { path, size, modified } = tree.file(7);
  const file = join(root, path);
  const before = readFileSync(file);
  t.equal(before.length, size);
  t.equal(statSync(file).mtimeMs, modified * 1000);
  writeFileSync(file, 'another');
  t.equal(await prepareTree(root, tree), 1);
  t.strictSame(readFileSync(file), before);
});

t.test(
  'files asked for once: no turn has one of another turn, or one that is verified',
  async (t) => {
    const [scenario] = manyFilesOf(2000);
    const tree = treeOf(2000);
    const paths = pathsOf(once(tree), TURNS);
    const verified = (scenario?.expects ?? []).map((each) =>
      'asset' in each ? each.asset.path : '',
    );
    t.equal(new Set([...paths, ...verified]).size, paths.length + verified.length);
    t.ok(paths.length > 2000 - verified.length - TURNS, 'and together they have all others');
    t.strictSame(paths, pathsOf(once(treeOf(2000)), TURNS), 'the same in every run');
    t.notSame(paths, [...paths].sort(), 'neighbours are not asked for one after the other');
  },
);

t.test('missing names are asked for once, and no file has them', async (t) => {
  const tree = treeOf(2000);
  const paths = pathsOf(nothing(tree), TURNS);
  t.equal(new Set(paths).size, paths.length);
  const there = new Set(filesOf(tree).map(({ path }) => path));
  t.notOk(paths.some((path) => there.has(path)));
});

t.test(
  'by Zipf, the first file has its share of the requests, and half of the files theirs',
  async (t) => {
    const { requests, order } = byZipf(treeOf(1040), 1000).asked(1, TURNS);
    const counts = requests.map(() => 0);
    for (const place of order ?? []) counts[place] = (counts[place] ?? 0) + 1;
    counts.sort((a, b) => b - a);
    const total = order?.length ?? Number.NaN;
    const harmonic = (n: number): number =>
      Array.from({ length: n }, (_, at) => 1 / (at + 1)).reduce((sum, each) => sum + each, 0);
    t.equal(((counts[0] ?? 0) / total).toFixed(2), (1 / harmonic(1000)).toFixed(2));
    const half = counts.slice(0, 500).reduce((sum, each) => sum + each, 0);
    t.equal((half / total).toFixed(2), (harmonic(500) / harmonic(1000)).toFixed(2));
  },
);

t.test(
  'hot files are all asked for twice before the first turn, and nothing else is',
  async (t) => {
    const many = hot(treeOf(400), 20);
    const before = many.before?.().requests.map(({ path }) => path) ?? [];
    const [first, second] = [before.slice(0, 20), before.slice(20)];
    t.strictSame(first, second);
    t.strictSame([...new Set(pathsOf(many, 2))].sort(), [...first].sort());
  },
);

t.test(
  'wrk asks for each of a list once, in its order, and for nothing more',
  { skip: withoutWrk },
  async (t) => {
    const paths = Array.from({ length: 500 }, (_, at) => `/${at}`);
    for (const [make, connections] of [
      [undefined, 1],
      [undefined, 8],
      [secure, 8],
    ] as const) {
      const seen: string[] = [];
      const result = await withServer(
        (request, response) => {
          seen.push(request.url ?? '');
          response.end('right');
        },
        (url) => runWrk({ ...LOAD, url, connections, requests: paths.map(plain), once: true }),
        make,
      );
      if (connections === 1) t.strictSame(seen, paths);
      // Over TLS wrk ends with the last request: each connection may leave one without an answer, and send one again.
      if (make !== undefined) {
        t.ok(result.requests >= 500 - connections && result.requests <= 500);
        t.ok(seen.length - new Set(seen).size <= connections);
        continue;
      }
      t.strictSame(new Set(seen), new Set(paths));
      t.equal(seen.length, 500);
      t.equal(result.requests, 500);
      t.equal(result.errors, 0);
    }
  },
);

t.test('wrk follows an order, and starts it again', { skip: withoutWrk }, async (t) => {
  const seen: string[] = [];
  await withServer(
    (request, response) => {
      seen.push(request.url ?? '');
      response.end('right');
    },
    (url) =>
      runWrk({
        ...LOAD,
        ...{ url, connections: 1, requests: ['/a', '/b', '/c'].map(plain), order: [2, 0, 2, 1] },
        once: false,
      }),
  );
  t.strictSame(seen.slice(0, 8), ['/c', '/a', '/c', '/b', '/c', '/a', '/c', '/b']);
});

t.test(
  'scenarios of many files give whole rows, and what they ask for is there',
  { skip: withoutWrk },
  async (t) => {
    const kinds = [nginx, nodeBuffer].filter((kind) => kind.missing() === undefined);
    // One of each kind: the others differ in amounts, and their turns have their second each.
    const left = ['zipf-1k', 'zipf-1m', 'hot-50k', 'https-hot-5k'];
    const planned = manyFilesOf(400).filter(({ name }) => !left.includes(name));
    const plan = planFor(t.testdir(), planned, kinds);
    const { rows } = await runCampaign(plan, quiet, new AbortController().signal, () => undefined);
    t.equal(rows.length, planned.length * kinds.length);
    for (const { scenario, server, outcome } of rows) {
      const label = `${scenario}, ${server}`;
      if (outcome.kind === 'not-offered' && server === 'node-buffer') continue;
      const sample = checkMeasured(t, label, outcome);
      if (sample === undefined) continue;
      t.ok((sample?.memoryAfter ?? 0) > 0, `${label}: memory`);
    }
    const { path } = treeOf(400).file(0);
    const [name = ''] = readdirSync(plan.trees).filter((each) => each.startsWith('tree'));
    t.ok(statSync(join(plan.trees, name, path)).isFile());
  },
);

t.test(
  'servers are started for a scenario, and for each of the first thousand requests',
  { skip: withoutWrk },
  async (t) => {
    const planned = manyFilesOf(400).filter(({ name }) => ['once', 'first-1000'].includes(name));
    const starts: string[] = [];
    const kind: ServerKind = {
      ...nodeBuffer,
      start(place) {
        starts.push(place.work.split('/').at(-2) ?? '');
        return nodeBuffer.start(place);
      },
    };
    const plan = { ...planFor(t.testdir(), planned, [kind]), rounds: 2 };
    const { rows } = await runCampaign(plan, quiet, new AbortController().signal, () => undefined);
    t.strictSame(starts, ['once', 'first-1000', 'first-1000', 'first-1000'], 'and one is verified');
    t.strictSame(
      rows.map(({ outcome }) => outcome.kind === 'measured' && outcome.samples.length),
      [2, 2],
    );
  },
);

t.test(
  'a server whose answers are wrong after many files gets a failed row',
  { skip: withoutWrk },
  async (t) => {
    const directory = t.testdir();
    const [scenario] = manyFilesOf(400) as [Scenario];
    const tree = treeOf(400);
    const root = join(directory, 'trees', tree.name);
    let asked = 0;
    await withServer(
      (request, response) => {
        asked += 1;
        const bytes = readFileSync(join(root, request.url ?? ''));
        if (asked > 200) bytes[5] = ~(bytes[5] ?? 0);
        response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
      },
      async (url) => {
        const plan = planFor(directory, [scenario], [alreadyRunning(url)]);
        const signal = new AbortController().signal;
        const { rows } = await runCampaign(plan, quiet, signal, () => undefined);
        const reason = /after the turns: wrong answer: .*body byte 5 is wrong/;
        t.match(rows, [{ outcome: { kind: 'failed', reason } }]);
      },
    );
  },
);

t.test('a listing without one of its names fails the verification', async (t) => {
  const scenario: Pick<Scenario, 'expects' | 'keepAlive' | 'protocol'> = {
    expects: [{ kind: 'listing', path: '/all/', names: ['a-1.txt', 'a-10.txt', 'a-100.txt'] }],
    keepAlive: true,
    protocol: 'http',
  };
  const page = (names: readonly string[]): string =>
    names.map((name) => `<li><a href="${name}">${name}</a>`).join('\n');
  const names = ['a-100.txt', 'a-10.txt', 'a-1.txt'];
  const answers = (body: string) =>
    withServer(
      (_request, response) => {
        response.end(body);
      },
      (url) => verify(url, '', scenario),
    );
  t.strictSame(await answers(page(names)), [{ path: '/all/', headers: {} }]);
  await t.rejects(answers(page(names.slice(0, 2))), { message: /1 names are left out, a-1\.txt/ });
});

t.test('a million files are written only for who asks for them by name', async (t) => {
  const all = { scenarios, servers: [nginx] };
  const names = (only: string): readonly string[] =>
    select(only, all).scenarios.map(({ name }) => name);
  t.notOk(names('').includes('zipf-1m'));
  t.strictSame(
    names('many'),
    manyFiles.map(({ name }) => name).filter((name) => name !== 'zipf-1m'),
  );
  t.strictSame(names('zipf-1m'), ['zipf-1m']);
});

t.test('who is there for many files takes part in their scenarios, and in no others', async (t) => {
  for (const scenario of scenarios) {
    for (const kind of [...nginxByCache, floorOpen]) {
      t.equal(takesPart(kind, scenario), scenario.group === 'many', scenario.name);
    }
  }
});

const LOAD = {
  connections: 8,
  pipelining: 1,
  keepAlive: true,
  rate: undefined,
  seconds: 1,
  status: 200,
  cores: undefined,
  coreCount: 1,
} as const;

function runWrk(load: Load): Promise<LoadResult> {
  if (wrk === undefined) throw new Error(WRK_MISSING);
  return wrk.run(load);
}

function plain(path: string) {
  return { path, headers: {} };
}

function filesOf({ count, file }: Tree) {
  return Array.from({ length: count }, (_, index) => file(index));
}

/** Of all turns, in the order of the lists. */
function pathsOf({ asked }: ReturnType<typeof once>, turns: number): readonly string[] {
  return Array.from({ length: turns }, (_, turn) => asked(turn, turns)).flatMap(({ requests }) =>
    requests.map(({ path }) => path),
  );
}
