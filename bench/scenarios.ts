// What is measured: each scenario is one kind of request under one kind of load.
import type { Asset } from './site.ts';
import { coldFile, GIB, KIB, MIB, pageView, script, sized, sizeName } from './site.ts';

/** What a server has to offer to take part in a scenario, beyond 200 and 404. large = over 16 MiB. */
export type Feature = 'conditional' | 'range' | 'multi-range' | 'gzip' | 'large';

/** HTTP/1.1, HTTP/1.1 over TLS, and HTTP/2 over TLS. */
export const PROTOCOLS = ['http', 'https', 'http2'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** One request and its only right answer. Ranges are inclusive, as on the wire. */
export type Expectation =
  | { readonly kind: 'whole'; readonly asset: Asset }
  | { readonly kind: 'not-modified'; readonly asset: Asset }
  | { readonly kind: 'part'; readonly asset: Asset; readonly range: readonly [number, number] }
  | {
      readonly kind: 'parts';
      readonly asset: Asset;
      readonly ranges: readonly (readonly [number, number])[];
    }
  | { readonly kind: 'gzip'; readonly asset: Asset }
  | { readonly kind: 'missing'; readonly path: string };

/** Clients that keep the server busy beside the measured ones. */
export interface Background {
  readonly clients: number;
  readonly assets: readonly Asset[];
  /** Drop each file from the page cache before it is asked for. */
  readonly cold: boolean;
  /** Bytes per second that one client reads; undefined = as fast as it can. */
  readonly bytesPerSecond?: number;
}

export type Group =
  | 'get'
  | 'connections'
  | 'semantics'
  | 'mix'
  | 'latency'
  | 'slow-readers'
  | 'cold-disk'
  | 'autocannon'
  | 'https'
  | 'http2';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly group: Group;
  readonly expects: readonly [Expectation, ...Expectation[]];
  readonly protocol: Protocol;
  readonly connections: number;
  /** Requests in flight on each connection; streams with HTTP/2. */
  readonly pipelining: number;
  readonly keepAlive: boolean;
  readonly needs?: Feature;
  /** Requests per second offered over all connections; undefined = as many as possible. */
  readonly rate?: number;
  readonly generator?: 'autocannon' | 'resuming';
  /** Turns are this many times as long as others. Percentiles need more answers than means. */
  readonly turnLength?: number;
  readonly background?: Background;
  readonly quick?: boolean;
}

type Variation = Partial<Omit<Scenario, 'name' | 'title' | 'group' | 'expects'>>;

function scenario(
  group: Group,
  name: string,
  title: string,
  expects: Scenario['expects'],
  variation: Variation = {},
): Scenario {
  return {
    name,
    title,
    group,
    expects,
    protocol: 'http',
    connections: 32,
    pipelining: 1,
    keepAlive: true,
    ...variation,
  };
}

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

/** 65536 → "64 KiB". */
export function bytesTitle(size: number): string {
  if (size >= GIB) return `${size / GIB} GiB`;
  if (size >= MIB) return `${size / MIB} MiB`;
  if (size >= KIB) return `${size / KIB} KiB`;
  return `${size} B`;
}

const whole1k: Expectation = { kind: 'whole', asset: sized(KIB) };
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
  get(64 * MIB, { needs: 'large' }),
  get(GIB, { connections: 1, needs: 'large' }),

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
    { needs: 'conditional', quick: true },
  ),
  scenario(
    'semantics',
    'range-16k',
    '206, 16 KiB of 1 MiB',
    [{ kind: 'part', asset: sized(MIB), range: [500_001, 500_000 + 16 * KIB] }],
    { needs: 'range' },
  ),
  scenario('semantics', 'range-many', '206, 200 ranges of 1 MiB in turn', manyRanges(), {
    needs: 'range',
  }),
  scenario(
    'semantics',
    'range-1m',
    '206, 1 MiB of 1 GiB',
    [{ kind: 'part', asset: sized(GIB), range: [512 * MIB + 1, 513 * MIB] }],
    { needs: 'range' },
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
    { needs: 'multi-range' },
  ),
  scenario(
    'semantics',
    'gzip',
    'GET 120 KiB script, precompressed',
    [{ kind: 'gzip', asset: script }],
    { needs: 'gzip' },
  ),
  scenario('semantics', 'not-found', '404 Not Found', [
    { kind: 'missing', path: '/nothing/here.txt' },
  ]),

  scenario('mix', 'site', 'A page view: 16 small files', pageViewExpectations()),

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

function pageViewExpectations(): Scenario['expects'] {
  const [first, ...rest] = pageView.map((asset): Expectation => ({ kind: 'whole', asset }));
  if (first === undefined) throw new Error('the page view has no files');
  return [first, ...rest];
}

/** Every file that a scenario's requests and background clients touch. */
export function assetsOf({ expects, background }: Scenario): readonly Asset[] {
  const requested = expects.flatMap((expected) =>
    expected.kind === 'missing' ? [] : [expected.asset],
  );
  return [...requested, ...(background?.assets ?? [])];
}
