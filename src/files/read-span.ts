// Bytes of an open file by read(2), in libuv's pool: here a short read is gone on with.
import { read } from 'node:fs';
import { promisify } from 'node:util';
import type { Span } from '../plan/types.ts';

const readAt = promisify(read);

/** Fills the buffer from this position on, as far as the file goes. Resolves to how many bytes that are. Rejects with an Error that has `code`. */
export async function fill(fd: number, buffer: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const wanted = buffer.length - filled;
    const { bytesRead } = await readAt(fd, buffer, filled, wanted, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** Bytes at a time: to hash or sum them holds the JavaScript thread for under a millisecond. */
const PIECE = 256 * 1024;

/**
 * The bytes of the span, or of what the file has of it. Each piece is valid until the next is asked for. Rejects with an Error
 * that has `code`.
 */
export async function* piecesIn(fd: number, { start, end }: Span): AsyncGenerator<Buffer, void> {
  const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(PIECE, end - start)));
  for (let at = start; at < end; ) {
    const length = await fill(fd, buffer.subarray(0, end - at), at);
    if (length === 0) return;
    at += length;
    yield buffer.subarray(0, length);
  }
}
