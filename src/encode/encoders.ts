// The encoders of Node's own libraries, and how hard each of them tries. RFC 7932, RFC 8878, RFC 1952; by a dictionary RFC 9842.
import { loadZlib } from '../packages/packages.ts';
import type { DictionaryCoding, FileCoding } from '../plan/types.ts';

/**
 * `best`: once for all times, by a build. `once`: by a running server, in at most a second or two of one core: how hard it
 * tries falls with the size.
 */
export type Effort = 'best' | 'once';

/** A dictionary with its SHA-256, 32 bytes. */
export interface Dictionary {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
}

/** Zstandard came with Node 22.15 and 23.8. */
const hasZstd = process.versions.zstd !== undefined;

/** ZSTD_cParameter, zstd.h. */
const ZSTD = { level: 100, windowLog: 101, longDistance: 160, contentSize: 200 } as const;

/** Those that this Node has, best first. */
export const ENCODERS: readonly FileCoding[] = [
  'br',
  ...(hasZstd ? ['zstd' as const] : []),
  'gzip',
];

/** Those by dictionary that this Node has: it takes the option since 24.6 (Zstandard) or later, and ignores it before. */
export function dictionaryEncoders(): readonly DictionaryCoding[] {
  const bytes = Buffer.from('Does it take a dictionary? 0123456789 abcdefghijklmnopqrstuvwxyz');
  const takes = (coding: DictionaryCoding) => {
    const encoded = (dictionary?: Uint8Array) =>
      smallest(bytes, callsOf(coding, bytes.length, 'once', dictionary));
    return encoded(bytes).length < encoded().length;
  };
  const codings = hasZstd ? (['dcb', 'dcz'] as const) : (['dcb'] as const);
  return codings.filter(takes);
}

/** A call of node:zlib, as a thread can be told of it. */
export interface ZlibCall {
  readonly name: 'brotliCompressSync' | 'zstdCompressSync' | 'gzipSync';
  readonly options: object;
}

/** RFC 9842 §4, §5: what marks the coding, with the hash of the dictionary behind it. */
const MAGIC = {
  dcb: Buffer.from('ff444342', 'hex'),
  // A frame that decoders of Zstandard skip: its number, and the 32 bytes of the hash.
  dcz: Buffer.from('5e2a4d1820000000', 'hex'),
} as const;

/** What stands before the stream by a dictionary with this hash. */
export function markOf(coding: DictionaryCoding, hash: Uint8Array): Buffer {
  return Buffer.concat([MAGIC[coding], hash]);
}

/** The calls of which the smallest result is the content, of `size` bytes, in a coding. */
export function callsOf(
  coding: FileCoding | DictionaryCoding,
  size: number,
  effort: Effort,
  dictionary?: Uint8Array,
): readonly ZlibCall[] {
  switch (coding) {
    case 'br':
    case 'dcb':
      return [brotli(size, effort, dictionary)];
    case 'zstd':
    case 'dcz':
      return [zstd(size, effort, dictionary)];
    case 'gzip':
      return gzip(size, effort);
  }
}

function smallest(bytes: Uint8Array, calls: readonly ZlibCall[]): Buffer {
  return calls
    .map(({ name, options }) => call(name)(bytes, options))
    .reduce((best, other) => (other.length < best.length ? other : best));
}

function call(name: ZlibCall['name']): (bytes: Uint8Array, options: object) => Buffer {
  const encoder = loadZlib()[name];
  if (encoder === undefined) throw new Error('this Node has no Zstandard');
  return encoder;
}

const MIB = 1024 * 1024;

/** JavaScript on one core: Brotli 11 takes 0.4 MB/s, 9 15, 5 45; Zstandard 19 2 MB/s, 12 26, 6 85; zlib 9 12 MB/s. */
function levelOf(size: number, effort: Effort, levels: readonly [number, number, number]): number {
  if (effort === 'best' || size <= MIB) return levels[0];
  return size <= 8 * MIB ? levels[1] : levels[2];
}

function brotli(size: number, effort: Effort, dictionary?: Uint8Array): ZlibCall {
  const { constants } = loadZlib();
  const options = {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: levelOf(size, effort, [11, 9, 5]),
      [constants.BROTLI_PARAM_SIZE_HINT]: size,
      // What clients' decoders must have at most (RFC 7932 §9.1), as small as holds the content.
      [constants.BROTLI_PARAM_LGWIN]: windowOf(size + (dictionary?.length ?? 0), 16, 24),
    },
    ...(dictionary && { dictionary }),
  };
  return { name: 'brotliCompressSync', options };
}

/** RFC 9659 §3: decoders of the content coding have 8 MiB; by a dictionary as much as that needs (RFC 9842 §5). */
const MAX_ZSTD_WINDOW = 23;
const MAX_DCZ_WINDOW = 27;

function zstd(size: number, effort: Effort, dictionary?: Uint8Array): ZlibCall {
  const most = dictionary === undefined ? MAX_ZSTD_WINDOW : MAX_DCZ_WINDOW;
  const options = {
    params: {
      [ZSTD.level]: levelOf(size, effort, [19, 12, 6]),
      [ZSTD.windowLog]: windowOf(size + (dictionary?.length ?? 0), 10, most),
      [ZSTD.contentSize]: 1,
      ...(dictionary && { [ZSTD.longDistance]: 1 }),
    },
    pledgedSrcSize: size,
    ...(dictionary && { dictionary }),
  };
  return { name: 'zstdCompressSync', options };
}

/** By all that zlib has; of the two sizes of its tables either may be better. */
function gzip(size: number, effort: Effort): ZlibCall[] {
  const level = levelOf(size, effort, [9, 9, 6]);
  return (effort === 'best' ? [9, 8] : [9]).map((memLevel) => ({
    name: 'gzipSync',
    options: { level, memLevel },
  }));
}

/** The exponent of the smallest window that holds so many bytes. */
function windowOf(size: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.ceil(Math.log2(size + 1))));
}
