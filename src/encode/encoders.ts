// The encoders of Node's own libraries, and how hard each of them tries. RFC 7932, RFC 8878, RFC 1952; by a dictionary RFC 9842.
import zlib, { constants } from 'node:zlib';
import type { FileCoding } from '../plan/types.ts';

/** Content codings that need a dictionary: dictionary-compressed Brotli and Zstandard, RFC 9842 §4, §5. */
export type DictionaryCoding = 'dcb' | 'dcz';

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

/** Zstandard came with Node 22.15 and 23.8: absent before, also from the types of the oldest Node that this runs on. */
const { zstdCompressSync } = zlib as {
  readonly zstdCompressSync?: (bytes: Uint8Array, options: object) => Buffer;
};

/** ZSTD_cParameter, zstd.h. */
const ZSTD = { level: 100, windowLog: 101, longDistance: 160, contentSize: 200 } as const;

/** Those that this Node has, best first. */
export const ENCODERS: readonly FileCoding[] = [
  'br',
  ...(zstdCompressSync === undefined ? [] : ['zstd' as const]),
  'gzip',
];

/** Those by dictionary that this Node has: it takes the option since 24.6 (Zstandard) or later, and ignores it before. */
export function dictionaryEncoders(): readonly DictionaryCoding[] {
  const bytes = Buffer.from('Does it take a dictionary? 0123456789 abcdefghijklmnopqrstuvwxyz');
  const takes = (encode: (dictionary: Uint8Array | undefined) => Uint8Array) =>
    encode(bytes).length < encode(undefined).length;
  const codings: DictionaryCoding[] = [];
  if (takes((dictionary) => brotli(bytes, 'once', dictionary))) codings.push('dcb');
  if (zstdCompressSync !== undefined && takes((dictionary) => zstd(bytes, 'once', dictionary))) {
    codings.push('dcz');
  }
  return codings;
}

/** The content in a coding. Takes its time on the calling thread. */
export function encode(coding: FileCoding, bytes: Uint8Array, effort: Effort): Buffer {
  switch (coding) {
    case 'br':
      return brotli(bytes, effort);
    case 'zstd':
      return zstd(bytes, effort);
    case 'gzip':
      return gzip(bytes, effort);
  }
}

/** RFC 9842 §4, §5: what marks the coding, with the hash of the dictionary behind it. */
const MAGIC = {
  dcb: Buffer.from('ff444342', 'hex'),
  // A frame that decoders of Zstandard skip: its number, and the 32 bytes of the hash.
  dcz: Buffer.from('5e2a4d1820000000', 'hex'),
} as const;

/** The content by a dictionary, as `best`. Only by those of `dictionaryEncoders`. */
export function encodeBy(
  { bytes: dictionary, hash }: Dictionary,
  coding: DictionaryCoding,
  bytes: Uint8Array,
): Buffer {
  const stream =
    coding === 'dcb' ? brotli(bytes, 'best', dictionary) : zstd(bytes, 'best', dictionary);
  return Buffer.concat([MAGIC[coding], hash, stream]);
}

const MIB = 1024 * 1024;

/** JavaScript on one core: Brotli 11 takes 0.4 MB/s, 9 15, 5 45; Zstandard 19 2 MB/s, 12 26, 6 85; zlib 9 12 MB/s. */
function levelOf(size: number, effort: Effort, levels: readonly [number, number, number]): number {
  if (effort === 'best' || size <= MIB) return levels[0];
  return size <= 8 * MIB ? levels[1] : levels[2];
}

function brotli(bytes: Uint8Array, effort: Effort, dictionary?: Uint8Array): Buffer {
  const options = {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: levelOf(bytes.length, effort, [11, 9, 5]),
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      // What clients' decoders must have at most (RFC 7932 §9.1), as small as holds the content.
      [constants.BROTLI_PARAM_LGWIN]: windowOf(bytes.length + (dictionary?.length ?? 0), 16, 24),
    },
    ...(dictionary && { dictionary }),
  };
  return zlib.brotliCompressSync(bytes, options);
}

/** RFC 9659 §3: decoders of the content coding have 8 MiB; by a dictionary as much as that needs (RFC 9842 §5). */
const MAX_ZSTD_WINDOW = 23;
const MAX_DCZ_WINDOW = 27;

function zstd(bytes: Uint8Array, effort: Effort, dictionary?: Uint8Array): Buffer {
  if (zstdCompressSync === undefined) throw new Error('this Node has no Zstandard');
  const most = dictionary === undefined ? MAX_ZSTD_WINDOW : MAX_DCZ_WINDOW;
  const options = {
    params: {
      [ZSTD.level]: levelOf(bytes.length, effort, [19, 12, 6]),
      [ZSTD.windowLog]: windowOf(bytes.length + (dictionary?.length ?? 0), 10, most),
      [ZSTD.contentSize]: 1,
      ...(dictionary && { [ZSTD.longDistance]: 1 }),
    },
    pledgedSrcSize: bytes.length,
    ...(dictionary && { dictionary }),
  };
  return zstdCompressSync(bytes, options);
}

/** By all that zlib has; of the two sizes of its tables either may be better. */
function gzip(bytes: Uint8Array, effort: Effort): Buffer {
  const level = levelOf(bytes.length, effort, [9, 9, 6]);
  const [first, ...others] = (effort === 'best' ? [9, 8] : [9]).map((memLevel) =>
    zlib.gzipSync(bytes, { level, memLevel }),
  );
  if (first === undefined) throw new Error('no size of tables');
  return others.reduce((best, other) => (other.length < best.length ? other : best), first);
}

/** The exponent of the smallest window that holds so many bytes. */
function windowOf(size: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.ceil(Math.log2(size + 1))));
}
