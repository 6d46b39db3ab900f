// A body that goes to its receiver piece by piece, as fast as that takes it: by read(2), or by descriptor where it can.
import { fstat, read } from 'node:fs';
import type { FileEntry } from '../files/entry.ts';
import type { Log } from '../log/log.ts';
import type { FilePiece, Reason, Span } from '../plan/types.ts';
import type { Counters, Sending } from './counters.ts';

/** Part heads (strings) and spans of one file, in order. */
export interface Pieces {
  readonly strategy: 'sendfile' | 'read';
  readonly reason: Reason;
  readonly file: FileEntry;
  readonly pieces: ReadonlyArray<string | Span>;
}

/** Whoever takes the bytes of one response. */
export interface Sink {
  /** Settles when the bytes are accepted (the chunk may be reused then), or to false when the client is gone. */
  write(chunk: Uint8Array): Promise<boolean>;
  /** Sends a span by descriptor, where the sink takes descriptors. */
  send?(file: FileEntry, span: Span): Promise<SendEnd>;
}

export interface SendEnd {
  /** `timed-out`: the client took too little. `no-descriptor`: nothing was sent, for the process has none left for it. */
  readonly outcome: 'sent' | 'changed' | 'aborted' | 'timed-out' | 'no-descriptor';
  /** Bytes that the kernel took. */
  readonly sent: number;
  /** The kernel's sendfile did not take this file, so that it was read. */
  readonly refused?: boolean;
  /** Errno of the read that failed, where the outcome is `changed` because of one. */
  readonly error?: string | undefined;
}

/**
 * Sends the pieces in order, counts them, and holds the file meanwhile. False: the body is not what
 * its head promised (the file changed or could not be read, or the client is gone), so the sending has
 * ended and the connection must be closed. Never rejects.
 */
export async function sendPieces(
  body: Pieces,
  sink: Sink,
  sending: Sending,
  counters: Counters,
  log: Log,
): Promise<boolean> {
  const { file } = body;
  let { strategy } = body;
  sending.by(strategy, body.reason);
  counters.transfers++;
  file.retain();

  /** What is left goes by read(2); the response is counted as read. */
  function readInstead(reason: Reason): void {
    sending.by('read', reason);
    strategy = 'read';
  }

  const count = (bytes: number) => sending.add(bytes);

  async function sendSpan(span: Span, send: NonNullable<Sink['send']>): Promise<Outcome> {
    const { outcome, sent, refused } = await sendBy(send, file, span, counters);
    if (outcome === 'no-descriptor') {
      readInstead('transport');
      return readSpan(file, span, sink, count);
    }
    if (refused) readInstead('refused');
    sending.add(sent);
    return outcome;
  }

  try {
    for (const piece of body.pieces) {
      const outcome =
        typeof piece === 'string'
          ? await writeCounted(Buffer.from(piece, 'latin1'), sink, count)
          : strategy === 'sendfile' && sink.send
            ? await sendSpan(piece, sink.send)
            : await readSpan(file, piece, sink, count);
      if (outcome === 'sent') continue;
      if (outcome === 'changed') reportChange(file, sending, log);
      else sending.end('gone');
      return false;
    }
    return true;
  } catch (error) {
    log.error(`${file.path}: ${(error as Error).message}`, file.path);
    sending.end('file-fault');
    return false;
  } finally {
    file.release();
    counters.transfers--;
  }
}

/**
 * Sends a file's piece of a body that is made while it is sent, and counts it under the way that it takes: by descriptor from
 * `sendfileMin` bytes on, where the sink takes descriptors. Rejects where it cannot be read.
 */
export async function sendFilePiece(
  { file, span }: FilePiece<FileEntry>,
  sink: Sink,
  sendfileMin: number,
  sending: Sending,
  counters: Counters,
): Promise<Outcome> {
  const { send } = sink;
  file.retain();
  try {
    if (send && file.trusted && !file.refused && span.end - span.start >= sendfileMin) {
      const { outcome, sent, refused } = await sendBy(send, file, span, counters);
      if (refused) sending.addFile('read', 'refused', sent);
      else sending.addFile('sendfile', 'size', sent);
      if (outcome !== 'no-descriptor') return outcome;
    }
    const reason = send ? 'size' : 'transport';
    return await readSpan(file, span, sink, (bytes) => sending.addFile('read', reason, bytes));
  } finally {
    file.release();
  }
}

async function sendBy(
  send: NonNullable<Sink['send']>,
  file: FileEntry,
  span: Span,
  counters: Counters,
): Promise<Sent> {
  const { outcome, sent, refused = false, error } = await send(file, span);
  if (error !== undefined) throw new Error(error);
  if (refused) {
    file.markRefused();
    counters.refused++;
  }
  if (outcome !== 'timed-out') return { outcome, sent, refused };
  counters.timeouts++;
  return { outcome: 'aborted', sent, refused };
}

interface Sent {
  readonly outcome: Outcome | 'no-descriptor';
  readonly sent: number;
  readonly refused: boolean;
}

/** A file that was cut or written while it was sent; its connection is closed. */
export function reportChange(file: FileEntry, sending: Sending, log: Log): void {
  sending.end('file-fault');
  file.markChanged();
  log.warn(`${file.path}: changed while it was sent; closed the connection`, file.path);
}

export type Outcome = 'sent' | 'changed' | 'aborted';

type Count = (bytes: number) => void;

async function writeCounted(chunk: Uint8Array, sink: Sink, count: Count): Promise<Outcome> {
  if (!(await sink.write(chunk))) return 'aborted';
  count(chunk.length);
  return 'sent';
}

/** Bytes per read(2): large enough to make the trip to libuv's pool cheap, small enough for many at once. */
const CHUNK = 128 * 1024;
const MAX_SPARE = 16;
const spare: Buffer[] = [];

/** read(2) and write in turn. The last bytes are held back until fstat says that the file is still the same. */
async function readSpan(file: FileEntry, span: Span, sink: Sink, count: Count): Promise<Outcome> {
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK);
  try {
    for (let at = span.start; at < span.end; ) {
      const length = await readAt(file.file.fd, buffer, Math.min(CHUNK, span.end - at), at);
      if (length === 0) return 'changed';
      at += length;
      if (at === span.end && !(await isUnchanged(file, at))) return 'changed';
      const outcome = await writeCounted(buffer.subarray(0, length), sink, count);
      if (outcome !== 'sent') return outcome;
    }
    return 'sent';
  } finally {
    if (spare.length < MAX_SPARE) spare.push(buffer);
  }
}

function readAt(fd: number, buffer: Buffer, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, position, (error, got) => (error ? reject(error) : resolve(got)));
  });
}

/** Milliseconds as a double resolve 0.25 µs today; a difference below 1 µs is rounding. */
const SAME_TIME_MS = 0.001;

/** `end`: of what is sent of it. */
function isUnchanged(file: FileEntry, end: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    fstat(file.file.fd, (error, now) => {
      if (error) reject(error);
      else if (file.grows) resolve(now.size >= end);
      else resolve(now.size === file.size && Math.abs(now.mtimeMs - file.mtimeMs) < SAME_TIME_MS);
    });
  });
}
