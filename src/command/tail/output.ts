// Standard output: each write is waited for, so that whoever reads slowly slows the server down and fills no memory.
import { write } from 'node:fs';
import { ReaderGone } from '../client/failure.ts';

/** A descriptor that somebody has made non-blocking is full: its reader gets this time, milliseconds. */
const RETRY_MS = 20;

/** Writes all of it, by libuv's pool. Throws `ReaderGone` where nobody reads any more. */
export async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.length; ) start += await writeSome(fd, bytes, start);
}

function writeSome(fd: number, bytes: Uint8Array, start: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, start, (error, count) => {
      if (error === null) resolve(count);
      else if (error.code === 'EAGAIN') setTimeout(resolve, RETRY_MS, 0);
      else if (error.code === 'EINTR') resolve(0);
      else reject(error.code === 'EPIPE' ? new ReaderGone() : error);
    });
  });
}
