// What a scenario is: one kind of request under one kind of load, and its only right answers.
import type { Script } from './encoded/scripts.ts';
import type { Tree } from './many/tree.ts';
import type { BenchRequest } from './request.ts';
import { type Asset, GIB, KIB, MIB } from './site.ts';

/**
 * What a server has to offer to take part in a scenario, beyond 200 and 404. large = over 16 MiB; many files = more of
 * them than it keeps for ever.
 */
export type Feature =
  | 'conditional'
  | 'If-Modified-Since'
  | 'range'
  | 'multi-range'
  | 'gzip'
  | 'large'
  | 'many files'
  | 'listing';

/** HTTP/1.1, HTTP/1.1 over TLS, and HTTP/2 over TLS. */
export const PROTOCOLS = ['http', 'https', 'http2'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** One request and its only right answer. Ranges are inclusive, as on the wire. */
export type Expectation =
  | { readonly kind: 'whole'; readonly asset: Asset }
  /** Asked for with the validator that the server gives, or with this date: If-Modified-Since. */
  | { readonly kind: 'not-modified'; readonly asset: Asset; readonly since?: string }
  | { readonly kind: 'part'; readonly asset: Asset; readonly range: readonly [number, number] }
  | {
      readonly kind: 'parts';
      readonly asset: Asset;
      readonly ranges: readonly (readonly [number, number])[];
    }
  | { readonly kind: 'gzip'; readonly asset: Asset }
  /** In any form that is accepted, but not as it is; decoded it is the script. */
  | { readonly kind: 'encoded'; readonly script: Script }
  | { readonly kind: 'missing'; readonly path: string }
  /** A page that has each of these names. */
  | { readonly kind: 'listing'; readonly path: string; readonly names: readonly string[] };

/** Clients that keep the server busy beside the measured ones. */
export interface Background {
  readonly clients: number;
  readonly assets: readonly Asset[];
  /** Drop each file from the page cache before it is asked for. */
  readonly cold: boolean;
  /** Bytes per second that one client reads; undefined = as fast as it can. */
  readonly bytesPerSecond?: number;
}

/** What a turn asks for; the same for every server. */
export interface Asked {
  readonly requests: readonly BenchRequest[];
  /** Indices of `requests` in the order of asking; undefined = one after the other. */
  readonly order?: readonly number[];
  /** Each is asked for once and the turn is over; otherwise the turn has its time, and the list starts again. */
  readonly once: boolean;
}

/** Scenarios of many files have a root and servers of their own, so that what was asked before is known. */
export interface ManyFiles {
  readonly tree: Tree;
  /** Servers are started for the whole scenario, or for each turn. */
  readonly startedFor: 'scenario' | 'turn';
  /** Of what the turns ask for: verified after the last one. `expects`, which is verified before, is of other files. */
  proof(): Scenario['expects'];
  /** Before the first turn. */
  before?(): Asked;
  /** The untimed turn is the first; `turns` is how many there are. */
  asked(turn: number, turns: number): Asked;
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
  | 'http2'
  | 'many'
  | 'log'
  | 'threads'
  | 'encoded';

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
  readonly needs?: readonly Feature[];
  /** Requests per second offered over all connections; undefined = as many as possible. */
  readonly rate?: number;
  readonly generator?: 'wrk' | 'autocannon' | 'resuming';
  /** Turns are this many times as long as others. Percentiles need more answers than means. */
  readonly turnLength?: number;
  readonly background?: Background;
  /** Requests for many files, instead of those that `expects` in turn; `expects` is what is verified. */
  readonly many?: ManyFiles;
  readonly quick?: boolean;
  /** Runs only where it is named. */
  readonly optIn?: boolean;
}

export type Variation = Partial<Omit<Scenario, 'name' | 'title' | 'group' | 'expects'>>;

export function scenario(
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

/** 65536 → "64 KiB". */
export function bytesTitle(size: number): string {
  if (size >= GIB) return `${size / GIB} GiB`;
  if (size >= MIB) return `${size / MIB} MiB`;
  if (size >= KIB) return `${size / KIB} KiB`;
  return `${size} B`;
}

/** Every file that a scenario's requests and background clients touch, beside those of its own tree. */
export function assetsOf({ expects, background, many }: Scenario): readonly Asset[] {
  const requested = expects.flatMap((expected) =>
    many === undefined && 'asset' in expected ? [expected.asset] : [],
  );
  return [...requested, ...(background?.assets ?? [])];
}
