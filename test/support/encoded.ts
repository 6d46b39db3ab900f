// Encoded bytes: those that the encoders make, on this thread; and some of a wanted length, real to whoever does not decode them.
import { callsOf, type Dictionary, type Effort, markOf } from '../../src/encode/encoders.ts';
import { loadZlib } from '../../src/packages/packages.ts';
import type { DictionaryCoding, FileCoding } from '../../src/plan/types.ts';

/** The content in a coding. */
export function encode(coding: FileCoding, bytes: Uint8Array, effort: Effort): Buffer {
  return smallest(bytes, callsOf(coding, bytes.length, effort));
}

/** The content by a dictionary. */
export function encodeBy(
  { bytes: dictionary, hash }: Dictionary,
  coding: DictionaryCoding,
  bytes: Uint8Array,
): Buffer {
  const stream = smallest(bytes, callsOf(coding, bytes.length, 'best', dictionary));
  return Buffer.concat([markOf(coding, hash), stream]);
}

function smallest(bytes: Uint8Array, calls: ReturnType<typeof callsOf>): Buffer {
  const made = calls.map(({ name, options }) => loadZlib()[name]?.(bytes, options));
  const [first, ...others] = made.filter((each) => each !== undefined);
  if (first === undefined) throw new Error('this Node does not have it');
  return others.reduce((best, other) => (other.length < best.length ? other : best), first);
}

/**
 * The head of a Zstandard frame that states its content's length, or none, and bytes up to `size` in place of its blocks:
 * nobody here decodes it.
 */
export function zstdFrame(content: number | undefined, size: number): Buffer {
  const frame = Buffer.alloc(size, '.');
  frame.writeUInt32LE(0xfd2fb528, 0);
  if (content === undefined) {
    // No length, a window of 1 MiB.
    frame.writeUInt8(0, 4);
    frame.writeUInt8(10 << 3, 5);
  } else {
    // A single segment, its length in four bytes.
    frame.writeUInt8(0xa0, 4);
    frame.writeUInt32LE(content, 5);
  }
  return frame;
}
