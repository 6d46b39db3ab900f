// How a sibling stands to its file: by its content, which decoding tells, and by what the server looks at.
import { readFileSync, statSync } from 'node:fs';
import { canDecode, decode, isBy } from '../../encode/decoders.ts';
import type { Dictionary } from '../../encode/encoders.ts';
import { flawOf, MAX_ZSTD_HEAD, readGzip, readZstd, type Stated } from '../../files/codings.ts';
import { codeOf } from '../../files/errno.ts';
import type { DictionaryCoding, FileCoding } from '../../plan/types.ts';
import type { Content } from './content.ts';

export type Standing =
  | { readonly kind: 'absent' }
  /** Of this content. */
  | { readonly kind: 'good'; readonly size: number }
  /** Of this content, but the server takes it for a former version's. */
  | { readonly kind: 'older'; readonly size: number }
  | { readonly kind: 'stale'; readonly reason: string }
  /** Nothing speaks against it, and this Node cannot decode it. */
  | { readonly kind: 'unknown' };

/** Twice its file, and some: nothing made it to be sent in its place, so it is not read. */
const MAX_FACTOR = 2;
const MAX_MORE = 65_536;

/** `name`: what the file is called in words. Throws an Error that has `code` where the sibling cannot be read. */
export function standingOf(
  content: Content,
  name: string,
  place: string,
  coding: FileCoding,
): Standing {
  const looked = look(content, name, place);
  if ('kind' in looked) return looked;
  const { bytes, mtimeMs } = looked;
  const own = { path: name, size: content.bytes.length, mtimeMs: mtimeOf(content) };
  // As if it were as old: what the server would say of the content alone.
  const sibling = { size: bytes.length, mtimeMs: own.mtimeMs, coding };
  const flaw = flawOf(own, sibling, statedIn(bytes, coding));
  if (flaw !== undefined) return { kind: 'stale', reason: flaw };
  const older = isOlder(mtimeMs, content);
  if (!canDecode(coding)) {
    return older ? { kind: 'stale', reason: `older than ${name}` } : { kind: 'unknown' };
  }
  if (!decode(coding, bytes, own.size)?.equals(content.bytes)) return otherThan(name);
  return { kind: older ? 'older' : 'good', size: bytes.length };
}

/** The same of a sibling by a dictionary, which has to be one that `dictionaryEncoders` names. */
export function standingBy(
  dictionary: Dictionary,
  content: Content,
  name: string,
  place: string,
  coding: DictionaryCoding,
): Standing {
  const looked = look(content, name, place);
  if ('kind' in looked) return looked;
  const { bytes, mtimeMs } = looked;
  if (!isBy(dictionary, coding, bytes, content.bytes)) return otherThan(name);
  return { kind: isOlder(mtimeMs, content) ? 'older' : 'good', size: bytes.length };
}

/** Whole seconds, as the server has them. */
export function isOlder(mtimeMs: number, content: Content): boolean {
  return Math.floor(mtimeMs / 1000) < Math.floor(mtimeOf(content) / 1000);
}

function look(
  content: Content,
  name: string,
  place: string,
): Standing | { readonly bytes: Buffer; readonly mtimeMs: number } {
  try {
    const stat = statSync(place);
    if (!stat.isFile()) return { kind: 'stale', reason: 'no file' };
    if (stat.size > content.bytes.length * MAX_FACTOR + MAX_MORE) {
      return { kind: 'stale', reason: `larger than ${name}` };
    }
    return { bytes: readFileSync(place), mtimeMs: stat.mtimeMs };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'absent' };
    throw error;
  }
}

function otherThan(name: string): Standing {
  return { kind: 'stale', reason: `not the content of ${name}` };
}

function mtimeOf({ stat }: Content): number {
  return Number(stat.mtimeNs) / 1e6;
}

function statedIn(bytes: Buffer, coding: FileCoding): Stated {
  switch (coding) {
    case 'br':
      return { kind: 'nothing' };
    case 'zstd':
      return readZstd(bytes.subarray(0, MAX_ZSTD_HEAD));
    case 'gzip':
      return readGzip(bytes.subarray(0, 3), bytes.subarray(-4));
  }
}
