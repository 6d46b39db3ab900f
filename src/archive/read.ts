// A file's bytes for an archive, all of one version.
import { fstat } from 'node:fs';
import { promisify } from 'node:util';
import { fill } from '../files/read-span.ts';
import { contentVersion, type Found, type Stamp, versionOfStamp } from '../files/root.ts';

const fstatOf = promisify(fstat) as (fd: number, how: { bigint: true }) => Promise<Stamp>;

/** Bytes that are read at a time. */
const PIECE = 64 * 1024;

/** Throws where the file has changed since it was found. */
export async function* bytesOf(
  { file, size, version }: Extract<Found, { type: 'file' }>,
  path: string,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; ) {
    // Of its own: an encoder may hold it for longer.
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE, size - at));
    const length = await fill(file.fd, piece, at);
    if (length === 0) break;
    at += length;
    yield piece.subarray(0, length);
  }
  const now = versionOfStamp(await fstatOf(file.fd, { bigint: true }));
  if (contentVersion(now) !== contentVersion(version)) {
    throw new Error(`${path}: changed while it was archived`);
  }
}
