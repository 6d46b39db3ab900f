// Encoded bytes of a wanted length, real to whoever does not decode them.

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
