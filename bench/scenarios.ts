// What is measured: every scenario, in the order of the tables.
import { encoded } from './encoded/scenarios.ts';
import { manyFiles } from './many/scenarios.ts';
import {
  bytesTitle,
  type Expectation,
  type Scenario,
  scenario,
  type Variation,
} from './scenario.ts';
import {
  type Asset,
  arenaFiles,
  coldFile,
  GIB,
  KIB,
  MIB,
  pageView,
  script,
  sized,
  sizeName,
} from './site.ts';

/** A warm 200 of one file over 32 keep-alive connections: the row that all comparisons share. */
export function get(size: number, variation: Variation = {}): Scenario {
  const name = sizeName(size);
  return scenario(
    'get',
    `get-${name}`,
    `GET ${bytesTitle(size)}`,
    [{ kind: 'whole', asset: sized(size) }],
    variation,
  );
}

/** A warm 200 over HTTPS, with HTTP/1.1. */
export function getHttps(size: number): Scenario {
  return overHttps(`https-${sizeName(size)}`, `GET ${bytesTitle(size)}, HTTPS`, size);
}

/** A warm 200 over HTTP/2, with that many streams on each connection. */
export function getHttp2(size: number, streams: number): Scenario {
  const [name, title] = [`http2-${sizeName(size)}`, `GET ${bytesTitle(size)}, HTTP/2`];
  return scenario(
    'http2',
    streams === 1 ? name : `${name}-${streams}`,
    streams === 1 ? title : `${title}, ${streams} streams`,
    [{ kind: 'whole', asset: sized(size) }],
    // Time for all connections to come about, which h2load needs.
    { protocol: 'http2', pipelining: streams, turnLength: 2 },
  );
}

function overHttps(name: string, title: string, size: number, variation?: Variation): Scenario {
  return scenario('https', name, title, [{ kind: 'whole', asset: sized(size) }], {
    protocol: 'https',
    ...variation,
  });
}

const whole1k: Expectation = { kind: 'whole', asset: sized(KIB) };
const whole16k: Expectation = { kind: 'whole', asset: sized(16 * KIB) };
const whole64k: Expectation = { kind: 'whole', asset: sized(64 * KIB) };
const coldFiles = Array.from({ length: 20 }, (_, index) => coldFile(index));
const hotProbe: Variation = { connections: 8, rate: 1000, turnLength: 3 };

export const scenarios: readonly Scenario[] = [
  get(KIB, { quick: true }),
  get(4 * KIB),
  get(16 * KIB, { quick: true }),
  get(64 * KIB),
  get(128 * KIB),
  get(MIB, { quick: true }),
  get(16 * MIB),
  get(64 * MIB, { needs: ['large'] }),
  get(GIB, { connections: 1, needs: ['large'] }),

  scenario('connections', 'one-1k', 'GET 1 KiB, 1 connection', [whole1k], { connections: 1 }),
  scenario('connections', 'one-64k', 'GET 64 KiB, 1 connection', [whole64k], { connections: 1 }),
  scenario('connections', 'many-1k', 'GET 1 KiB, 256 connections', [whole1k], { connections: 256 }),
  scenario('connections', 'many-64k', 'GET 64 KiB, 256 connections', [whole64k], {
    connections: 256,
  }),
  scenario('connections', 'pipelined-1k', 'GET 1 KiB, 16 pipelined', [whole1k], { pipelining: 16 }),
  scenario('connections', 'close-1k', 'GET 1 KiB, a connection each', [whole1k], {
    keepAlive: false,
  }),

  scenario(
    'semantics',
    'not-modified',
    '304 Not Modified',
    [{ kind: 'not-modified', asset: sized(16 * KIB) }],
    { needs: ['conditional'], quick: true },
  ),
  scenario(
    'semantics',
    'range-16k',
    '206, 16 KiB of 1 MiB',
    [{ kind: 'part', asset: sized(MIB), range: [500_001, 500_000 + 16 * KIB] }],
    { needs: ['range'] },
  ),
  scenario('semantics', 'range-many', '206, 200 ranges of 1 MiB in turn', manyRanges(), {
    needs: ['range'],
  }),
  scenario(
    'semantics',
    'range-1m',
    '206, 1 MiB of 1 GiB',
    [{ kind: 'part', asset: sized(GIB), range: [512 * MIB + 1, 513 * MIB] }],
    { needs: ['range'] },
  ),
  scenario(
    'semantics',
    'multi-range',
    '206, three ranges',
    [
      {
        kind: 'parts',
        asset: sized(MIB),
        ranges: [
          [0, 4095],
          [100_000, 108_191],
          [900_000, 904_095],
        ],
      },
    ],
    { needs: ['multi-range'] },
  ),
  scenario(
    'semantics',
    'gzip',
    'GET 120 KiB script, precompressed',
    [{ kind: 'gzip', asset: script }],
    { needs: ['gzip'] },
  ),
  scenario('semantics', 'not-found', '404 Not Found', [
    { kind: 'missing', path: '/nothing/here.txt' },
  ]),

  scenario('mix', 'site', 'A page view: 16 small files', wholes(pageView)),
  scenario('mix', 'arena', "HttpArena's 20 static files, 256 connections", wholes(arenaFiles), {
    connections: 256,
  }),

  ...manyFiles,

  scenario('log', 'logged-1k', 'GET 1 KiB, with an access log and without', [whole1k], {
    turnLength: 2,
  }),

  scenario('threads', 'threads-1k', 'GET 1 KiB, by one thread and by two', [whole1k], {
    connections: 64,
  }),
  scenario(
    'threads',
    'threads-https-16k',
    'GET 16 KiB, HTTPS, by one thread and by two',
    [whole16k],
    {
      protocol: 'https',
      connections: 64,
    },
  ),
  scenario(
    'threads',
    'threads-http2-1k',
    'GET 1 KiB, HTTP/2, by one thread and by two',
    [whole1k],
    {
      protocol: 'http2',
      connections: 64,
      pipelining: 10,
      turnLength: 2,
    },
  ),

  scenario('latency', 'steady-1k', 'GET 1 KiB, 2000 requests/s offered', [whole1k], {
    rate: 2000,
    turnLength: 3,
  }),
  scenario('autocannon', 'autocannon-1k', 'GET 1 KiB, autocannon', [whole1k], {
    generator: 'autocannon',
  }),
  scenario('autocannon', 'autocannon-64k', 'GET 64 KiB, autocannon', [whole64k], {
    generator: 'autocannon',
  }),

  getHttps(KIB),
  getHttps(16 * KIB),
  getHttps(128 * KIB),
  getHttps(MIB),
  overHttps('https-full', 'GET 1 KiB, HTTPS, a full handshake each', KIB, { keepAlive: false }),
  overHttps('https-resumed', 'GET 1 KiB, HTTPS, a resumed handshake each', KIB, {
    keepAlive: false,
    generator: 'resuming',
    turnLength: 3,
  }),
  getHttp2(KIB, 1),
  getHttp2(KIB, 10),
  getHttp2(16 * KIB, 10),
  getHttp2(128 * KIB, 1),
  getHttp2(128 * KIB, 10),

  ...encoded,

  scenario('slow-readers', 'slow-readers', 'GET 1 KiB beside 64 slow readers', [whole1k], {
    ...hotProbe,
    background: { clients: 64, assets: [sized(16 * MIB)], cold: false, bytesPerSecond: 256 * KIB },
  }),
  scenario('cold-disk', 'warm-pull', 'GET 1 KiB beside 20 warm downloads', [whole1k], {
    ...hotProbe,
    background: { clients: 20, assets: coldFiles, cold: false, bytesPerSecond: 4 * MIB },
  }),
  scenario('cold-disk', 'cold-pull', 'GET 1 KiB beside 20 cold downloads', [whole1k], {
    ...hotProbe,
    background: { clients: 20, assets: coldFiles, cold: true, bytesPerSecond: 4 * MIB },
  }),
];

/** Of many lengths and from everywhere in the file, as players and download managers ask for them. */
function manyRanges(): Scenario['expects'] {
  const range = (at: number): Expectation => {
    const first = (at * 104_729) % (MIB - 64 * KIB);
    return { kind: 'part', asset: sized(MIB), range: [first, first + KIB * (4 + (at % 60))] };
  };
  return [range(0), ...Array.from({ length: 199 }, (_, at) => range(at + 1))];
}

function wholes(assets: readonly Asset[]): Scenario['expects'] {
  const [first, ...rest] = assets.map((asset): Expectation => ({ kind: 'whole', asset }));
  if (first === undefined) throw new Error('no files');
  return [first, ...rest];
}
