// Bytes of a stream's file that are looked at here: where a message ends, and what is framed as events.
import type { FileEntry } from '../files/entry.ts';
import { fill } from '../files/read-span.ts';

/**
 * Those of a span, which are all there: at once where the system has them in memory. The file is retained meanwhile. Rejects
 * with an Error that has `code` where they cannot be read.
 */
export function bytesOf(file: FileEntry, start: number, end: number): Buffer | Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(end - start);
  if (bytes.length === 0 || file.file.native?.readNow(bytes, start)) return bytes;
  return readAll(file, bytes, start);
}

async function readAll(file: FileEntry, bytes: Buffer, start: number): Promise<Buffer> {
  file.retain();
  try {
    if ((await fill(file.file.fd, bytes, start)) < bytes.length) throw cutOff(file);
    return bytes;
  } finally {
    file.release();
  }
}

/** Somebody else has cut it. */
function cutOff({ path }: FileEntry): Error {
  return Object.assign(new Error(`${path}: shorter than it was`), { code: 'EIO' });
}
