// Files that are encoded already: the names they have, and what their own bytes say of the coding and of its content.

import { LRUCache } from 'lru-cache';
import { markOf } from '../encode/encoders.ts';
import type { Coding, DictionaryCoding, FileCoding } from '../plan/types.ts';
import type { OpenFile } from './entry.ts';
import { codeOf } from './errno.ts';
import type { FilesPolicy } from './policy.ts';
import { fill } from './read-span.ts';

/** File name extension of each coding's sibling. */
export const SUFFIXES = { br: '.br', zstd: '.zst', gzip: '.gz' } as const;

/** Of a form by a dictionary: `app.js.<SHA-256 of the dictionary>.dcb`. */
export const BY_DICTIONARY = /^(?<owner>.*[^/])\.(?<hash>[0-9a-f]{64})\.(?<coding>dcb|dcz)$/s;

/** The resources that a file may belong to: its own, and the one whose precompressed sibling it is. */
export function resourcesOf(
  path: string,
  policy: Pick<FilesPolicy, 'codings' | 'dictionaries'>,
): string[] {
  const owners = [path];
  for (const coding of policy.codings) {
    const suffix = SUFFIXES[coding];
    if (path.endsWith(suffix)) owners.push(path.slice(0, -suffix.length));
  }
  const { owner } =
    policy.dictionaries === undefined ? {} : (BY_DICTIONARY.exec(path)?.groups ?? {});
  return owner === undefined ? owners : [...owners, owner];
}

/**
 * Names that a page loads in their encoded form: compressed SVG, and what builds (Unity, Emscripten) write as their
 * only form. Others that end so (`backup.tar.gz`, `table.csv.gz`) are files that somebody wants as they are.
 */
const PAGE_PART = /\.(?:m?js|css|wasm|data|symbols\.json)(\.gz|\.br|\.zst)$/i;

/** How a file asked for by its own name is encoded, if its content is what its name promises. */
export function codingOfName(path: string): FileCoding | undefined {
  if (/\.svgz$/i.test(path)) return 'gzip';
  const suffix = PAGE_PART.exec(path)?.[1]?.toLowerCase();
  if (suffix === undefined) return undefined;
  return (Object.keys(SUFFIXES) as FileCoding[]).find((coding) => SUFFIXES[coding] === suffix);
}

/** What the bytes of an encoded file say, without being decoded. */
export type Stated =
  /** Nothing: the coding has no mark (Brotli), or the file was written without a length. */
  | { readonly kind: 'nothing' }
  /** The content has this length, modulo `modulus`. */
  | { readonly kind: 'length'; readonly length: number; readonly modulus: number }
  /** It is not in that coding at all. */
  | { readonly kind: 'foreign' }
  /** It asks for more memory than whoever decodes it has. */
  | { readonly kind: 'window'; readonly bytes: number };

const NOTHING: Stated = { kind: 'nothing' };
const FOREIGN: Stated = { kind: 'foreign' };

/** RFC 1952 §2.3: a head of 10 bytes, a trailer of 8. */
const MIN_GZIP = 18;
/** RFC 8878 §3.1.1: magic number, descriptor, window, dictionary, content size at their longest. */
export const MAX_ZSTD_HEAD = 18;
/** RFC 9659 §3: what a decoder of the content coding must have. */
const MAX_ZSTD_WINDOW = 8 * 1024 * 1024;

/** RFC 1952 §2.3.1. ISIZE is the last member's: that of several (bgzip) is not the length of the whole. */
export function readGzip(head: Buffer, trailer: Buffer): Stated {
  if (head.length < 3 || trailer.length < 4 || head.readUIntBE(0, 3) !== 0x1f8b08) return FOREIGN;
  return { kind: 'length', length: trailer.readUInt32LE(trailer.length - 4), modulus: 2 ** 32 };
}

/** RFC 8878 §3.1.1, of the first frame. */
export function readZstd(head: Buffer): Stated {
  if (head.length < 6) return FOREIGN;
  const magic = head.readUInt32LE(0);
  // §3.1.2: a frame to be skipped says nothing of those behind it.
  if (magic >= 0x184d2a50 && magic <= 0x184d2a5f) return NOTHING;
  if (magic !== 0xfd2fb528) return FOREIGN;
  const descriptor = head.readUInt8(4);
  const single = (descriptor & 0x20) !== 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const at = 5 + (single ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  if (head.length < at + sizeBytes) return FOREIGN;
  const length = zstdLength(head, at, sizeBytes);
  const window = single ? (length ?? 0) : zstdWindow(head.readUInt8(5));
  if (window > MAX_ZSTD_WINDOW) return { kind: 'window', bytes: window };
  return length === undefined ? NOTHING : { kind: 'length', length, modulus: 2 ** 64 };
}

function zstdLength(head: Buffer, at: number, bytes: number): number | undefined {
  switch (bytes) {
    case 0:
      return undefined;
    case 2:
      return head.readUInt16LE(at) + 256;
    case 8:
      return Number(head.readBigUInt64LE(at));
    default:
      return head.readUIntLE(at, bytes);
  }
}

function zstdWindow(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** A file as far as it is looked into. */
export interface Readable {
  readonly file: OpenFile;
  readonly version: string;
  readonly size: number;
}

/** Why a file with this length and time is not answered by that sibling; undefined where nothing speaks against it. */
export function flawOf(
  own: { readonly path: string; readonly size: number; readonly mtimeMs: number },
  sibling: { readonly size: number; readonly mtimeMs: number; readonly coding: Coding },
  stated: Stated,
): string | undefined {
  // No coding has an empty form: somebody's build was interrupted.
  if (sibling.size === 0) return 'empty';
  // Whole seconds: copies, and tools that take the time over without its fraction (pigz, brotli, archives), come out older
  // by less.
  if (Math.floor(sibling.mtimeMs / 1000) < Math.floor(own.mtimeMs / 1000)) {
    return `older than ${own.path}`;
  }
  switch (stated.kind) {
    case 'nothing':
      return undefined;
    case 'foreign':
      return `not ${sibling.coding}`;
    case 'window':
      return `for decoders with ${Math.ceil(stated.bytes / 2 ** 20)} MiB, where clients have 8`;
    case 'length':
      if (stated.length === own.size % stated.modulus) return undefined;
      return `of ${stated.length} bytes, where ${own.path} has ${own.size}`;
  }
}

const MAX_REMEMBERED = 10_000;

/** What encoded files say, read once per version. */
export class Statements {
  readonly #known = new LRUCache<string, Stated>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: () => 1,
  });

  /** At once where it is known; the name of an errno where the file cannot be read. */
  of(file: Readable, coding: FileCoding): Stated | Promise<Stated | string> {
    if (coding === 'br' || file.size === 0) return NOTHING;
    return this.#remembered(`${coding}-${file.version}`, () =>
      coding === 'gzip' ? gzipOf(file) : zstdOf(file),
    );
  }

  /** The same of one by the dictionary with this SHA-256, hexadecimal: it says no more than that. */
  ofDictionary(
    file: Readable,
    coding: DictionaryCoding,
    hash: string,
  ): Stated | Promise<Stated | string> {
    if (file.size === 0) return NOTHING;
    const mark = markOf(coding, Buffer.from(hash, 'hex'));
    return this.#remembered(`${coding}-${hash}-${file.version}`, async () =>
      mark.equals(await bytesOf(file.file, 0, mark.length)) ? NOTHING : FOREIGN,
    );
  }

  #remembered(key: string, read: () => Promise<Stated>): Stated | Promise<Stated | string> {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    return read().then((stated) => {
      this.#known.set(key, stated);
      return stated;
    }, codeOf);
  }
}

async function gzipOf({ file, size }: Readable): Promise<Stated> {
  if (size < MIN_GZIP) return FOREIGN;
  const [head, trailer] = await Promise.all([bytesOf(file, 0, 3), bytesOf(file, size - 4, 4)]);
  return readGzip(head, trailer);
}

async function zstdOf({ file }: Readable): Promise<Stated> {
  return readZstd(await bytesOf(file, 0, MAX_ZSTD_HEAD));
}

async function bytesOf({ fd }: OpenFile, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, await fill(fd, bytes, start));
}
