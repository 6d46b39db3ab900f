// A body that is made while it is sent, for carriers that write: as fast as its receiver takes it.
import { read } from 'node:fs';
import { promisify } from 'node:util';
import type { FileEntry } from '../files/entry.ts';
import { type Log, textOf } from '../log/log.ts';
import type { FilePiece, Gone, OpenFeed } from '../plan/types.ts';
import type { Counters, Sending } from './counters.ts';
import type { Sink } from './pieces.ts';

/**
 * Sends all that is made. False: that is not the whole body (it could not be made, or the client is gone), so the sending has
 * ended and the client must not take it for that. Never rejects.
 */
export async function sendFeed(
  open: OpenFeed<FileEntry>,
  sink: Sink,
  gone: Gone,
  sending: Sending,
  counters: Counters,
  log: Log,
): Promise<boolean> {
  sending.byFeed();
  counters.transfers++;
  try {
    let taken = true;
    for await (const made of open(gone)) {
      for await (const chunk of chunksOf(made)) {
        // A write may fail before the signal comes.
        taken = await sink.write(chunk);
        if (!taken) break;
        sending.add(chunk.length);
      }
      if (!taken) break;
    }
    if (taken && !gone.aborted) return true;
    sending.end('gone');
    return false;
  } catch (error) {
    if (!gone.aborted) tellBroken(error, log);
    sending.end(gone.aborted ? 'gone' : 'file-fault');
    return false;
  } finally {
    counters.transfers--;
  }
}

export function tellBroken(error: unknown, log: Log): void {
  log.warn(`${textOf(error)}; closed the connection`, 'feed');
}

const CHUNK = 64 * 1024;

const readAt = promisify(read);

/** The bytes, those of a file's piece as they are read. Throws where the file is cut. */
export async function* chunksOf(
  made: Uint8Array | FilePiece<FileEntry>,
): AsyncGenerator<Uint8Array, void, void> {
  if (made instanceof Uint8Array) {
    yield made;
    return;
  }
  const { file, span } = made;
  file.retain();
  try {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, span.end - span.start));
    for (let at = span.start; at < span.end; ) {
      const wanted = Math.min(buffer.length, span.end - at);
      const { bytesRead } = await readAt(file.file.fd, buffer, 0, wanted, at);
      if (bytesRead === 0) throw new Error(`${file.path}: cut off while it was sent`);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    file.release();
  }
}
