// What is encoded, decoded again: the proof that a form is of its content.
import { loadZlib } from '../packages/packages.ts';
import type { DictionaryCoding, FileCoding } from '../plan/types.ts';
import { type Dictionary, ENCODERS, markOf } from './encoders.ts';

/** Can this Node tell what is in it? */
export function canDecode(coding: FileCoding): boolean {
  return ENCODERS.includes(coding);
}

/**
 * The content, or undefined where the bytes are not of this coding, end too early, or hold more than `limit` bytes. Takes its
 * time on the calling thread: of a script 300 MB/s, by Zstandard 500.
 */
export function decode(
  coding: FileCoding,
  encoded: Uint8Array,
  limit: number,
  dictionary?: Uint8Array,
): Buffer | undefined {
  // No limit is 0.
  const options = { maxOutputLength: Math.max(1, limit), ...(dictionary && { dictionary }) };
  const zlib = loadZlib();
  try {
    switch (coding) {
      case 'br':
        return zlib.brotliDecompressSync(encoded, options);
      case 'zstd':
        return zlib.zstdDecompressSync?.(encoded, options);
      case 'gzip':
        return zlib.gunzipSync(encoded, options);
    }
  } catch {
    return undefined;
  }
}

/** Is it the form of this content by this dictionary? RFC 9842 §4, §5. */
export function isBy(
  { bytes: dictionary, hash }: Dictionary,
  coding: DictionaryCoding,
  encoded: Uint8Array,
  content: Uint8Array,
): boolean {
  const mark = markOf(coding, hash);
  if (!mark.equals(encoded.subarray(0, mark.length))) return false;
  const stream = encoded.subarray(mark.length);
  const plain = coding === 'dcb' ? 'br' : 'zstd';
  return decode(plain, stream, content.length, dictionary)?.equals(content) === true;
}
