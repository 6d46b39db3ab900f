// Sends a body piece by piece as the client takes it: by an engine thread where it may, else by read(2).
import { fstat, read } from 'node:fs';
import { ServerResponse } from 'node:http';
import type { FileEntry } from '../files/entry.ts';
import type { Reason, Span } from '../plan/types.ts';
import type { Outlet } from './respond.ts';
import type { Transfers } from './transfers.ts';
import type { Tally } from './transport.ts';

/** Part heads (strings) and spans of one file, in order. */
export interface Pieces {
  readonly strategy: 'sendfile' | 'read';
  readonly reason: Reason;
  readonly file: FileEntry;
  readonly pieces: ReadonlyArray<string | Span>;
}

type Outcome = 'sent' | 'changed' | 'aborted';

/**
 * Sends the pieces under a head that is already written to `res`, then ends it. The file is held until
 * then. A body that cannot be what the head promises is cut off by closing the connection.
 */
export function sendPieces(body: Pieces, res: ServerResponse, outlet: Outlet): void {
  const { counters, log } = outlet;
  const { file } = body;
  const tally = counters.file(body.strategy, body.reason);
  tally.responses++;
  counters.transfers++;
  file.retain();
  outlet.pending.add(res);
  const client = watch(res);
  deliver(body, client, outlet.transfers, tally)
    .catch((error: Error) => {
      log.error(`${file.path}: ${error.message}`, file.path);
      return 'failed' as const;
    })
    .then((outcome) => {
      file.release();
      counters.transfers--;
      outlet.pending.delete(res);
      switch (outcome) {
        case 'sent':
          res.end();
          return;
        case 'changed':
          counters.truncated++;
          log.warn(`${file.path}: changed while it was sent; closed the connection`, file.path);
          break;
        case 'aborted':
          counters.aborted++;
          break;
        case 'failed':
          break;
        default:
          outcome satisfies never;
      }
      res.destroy();
    });
}

async function deliver(
  body: Pieces,
  client: Client,
  transfers: Transfers | undefined,
  tally: Tally,
): Promise<Outcome> {
  for (const piece of body.pieces) {
    let outcome: Outcome;
    if (typeof piece === 'string') {
      outcome = await client.write(Buffer.from(piece, 'latin1'));
      if (outcome === 'sent') tally.bytes += piece.length;
    } else if (body.strategy === 'read' || !transfers)
      outcome = await readSpan(body.file, piece, client, tally);
    else outcome = await transferSpan(body.file, piece, client, tally, transfers);
    if (outcome !== 'sent') return outcome;
  }
  return 'sent';
}

/** The receiving end of one response: knows when it is gone. */
interface Client {
  readonly res: ServerResponse;
  gone: boolean;
  /** Called once when the client goes away during the step in progress. */
  interrupt: () => void;
  /** Settles when the bytes are with the kernel, or never will be: the chunk may be reused then. */
  write(chunk: Buffer): Promise<'sent' | 'aborted'>;
}

function watch(res: ServerResponse): Client {
  const client: Client = {
    res,
    gone: res.destroyed,
    interrupt() {},
    write(chunk) {
      if (client.gone) return Promise.resolve('aborted');
      return new Promise((resolve) => {
        client.interrupt = () => resolve('aborted');
        if (res.write === ServerResponse.prototype.write) {
          res.write(chunk, (error) => resolve(error ? 'aborted' : 'sent'));
          return;
        }
        // Somebody's own write (a compressor, HTTP/2) may keep the chunk and drop the callback.
        if (res.write(Buffer.from(chunk))) resolve('sent');
        else res.once('drain', () => resolve('sent'));
      });
    },
  };
  res.once('close', () => {
    client.gone = true;
    client.interrupt();
  });
  return client;
}

/** Bytes per read(2): large enough to make the trip to libuv's pool cheap, small enough for many at once. */
const CHUNK = 128 * 1024;
const MAX_SPARE = 16;
const spare: Buffer[] = [];

/** read(2) and write in turn. The last bytes are held back until fstat says that the file is still the same. */
async function readSpan(
  file: FileEntry,
  span: Span,
  client: Client,
  tally: Tally,
): Promise<Outcome> {
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK);
  try {
    for (let at = span.start; at < span.end; ) {
      const length = await readAt(file.file.fd, buffer, Math.min(CHUNK, span.end - at), at);
      if (length === 0) return 'changed';
      at += length;
      if (at === span.end && !(await isUnchanged(file))) return 'changed';
      const outcome = await client.write(buffer.subarray(0, length));
      if (outcome !== 'sent') return outcome;
      tally.bytes += length;
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

function isUnchanged(file: FileEntry): Promise<boolean> {
  return new Promise((resolve, reject) => {
    fstat(file.file.fd, (error, now) => {
      if (error) reject(error);
      else resolve(now.size === file.size && Math.abs(now.mtimeMs - file.mtimeMs) < SAME_TIME_MS);
    });
  });
}

/** Gives socket and span to an engine thread once everything before them has left. */
async function transferSpan(
  file: FileEntry,
  span: Span,
  client: Client,
  tally: Tally,
  transfers: Transfers,
): Promise<Outcome> {
  const { res } = client;
  const { socket } = res;
  const { native } = file.file;
  if (!socket || !native) return readSpan(file, span, client, tally);
  res.flushHeaders();
  if (socket.writableLength > 0 && (await flush(client)) !== 'sent') return 'aborted';
  if (client.gone) return 'aborted';
  // The engine's send timeout counts meanwhile: node sees no activity on the socket.
  const { timeout } = socket;
  socket.setTimeout(0);
  const end = await new Promise<{ outcome: Outcome | 'refused'; sent: number }>((resolve) => {
    client.interrupt = transfers.send(socket, native, span, resolve);
  });
  tally.bytes += end.sent;
  if (timeout) socket.setTimeout(timeout);
  if (end.outcome !== 'refused') return end.outcome;
  file.markRefused();
  return readSpan(file, { start: span.start + end.sent, end: span.end }, client, tally);
}

/** Settles when the kernel has all bytes written before. */
function flush(client: Client): Promise<'sent' | 'aborted'> {
  const { socket } = client.res;
  return new Promise((resolve) => {
    client.interrupt = () => resolve('aborted');
    socket?.write('', (error) => resolve(error ? 'aborted' : 'sent'));
  });
}
