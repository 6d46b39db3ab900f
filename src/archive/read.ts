// A file's bytes for an archive, all of one version.
import { fstat, read } from 'node:fs';
import { promisify } from 'node:util';
import { contentVersion, type Found, type Stamp, versionOfStamp } from '../files/root.ts';

const readFrom = promisify(read);
const fstatOf = promisify(fstat) as (fd: number, how: { bigint: true }) => Promise<Stamp>;

/** Bytes of one read(2), in libuv's pool. */
const PIECE = 64 * 1024;

/** Throws where the file has changed since it was found. */
export async function* bytesOf(
  { file, size, version }: Extract<Found, { type: 'file' }>,
  path: string,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; ) {
    const length = Math.min(PIECE, size - at);
    const piece = Buffer.allocUnsafeSlow(length);
    const { bytesRead } = await readFrom(file.fd, piece, 0, length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
  const now = versionOfStamp(await fstatOf(file.fd, { bigint: true }));
  if (contentVersion(now) !== contentVersion(version)) {
    throw new Error(`${path}: changed while it was archived`);
  }
}
