// The bodies of live answers: what is there, and then what comes.
import type { FileEntry } from '../files/entry.ts';
import { eventOf, KEEP_ALIVE, retryAfter } from '../http/event-stream.ts';
import type { FilePiece } from '../plan/types.ts';
import type { Ending, FollowedFile } from './followed-file.ts';
import { eventsIn, MAX_LINE } from './lines.ts';

/** Bytes that leave before the file is looked at again. */
const PIECE = 1024 * 1024;

/** Bytes that are read at a time: of the longest piece of a line, and whether a character goes on behind it. */
const READ = MAX_LINE + 4;

/** After that long a client whose events have ended comes again, milliseconds. */
const RETRY_MS = 1000;

/** Where a body begins, and how long it goes on. */
export interface LiveBody {
  /** Offset of its first byte. */
  readonly from: number;
  /** It ends when the file has not grown for so long, milliseconds. */
  readonly timeoutMs: number;
}

/**
 * The bytes. The answer ends where the file does; throws where that was cut, for what the client has is then no part of it.
 * `follow`: the file, joined.
 */
export async function* piecesOf(
  follow: () => FollowedFile,
  { from, timeoutMs }: LiveBody,
  gone: AbortSignal,
): AsyncGenerator<FilePiece<FileEntry>> {
  const file = follow();
  const began = performance.now();
  let at = from;
  try {
    while (!gone.aborted && file.ending !== 'closed') {
      if (file.ending === 'truncated') throw new Error(`${file.entry.path}: cut while it was sent`);
      if (at < file.size) {
        const end = Math.min(file.size, at + PIECE);
        yield { file: file.entry, span: { start: at, end } };
        at = end;
      } else if (file.ending !== undefined || isOver(file, began, timeoutMs)) {
        return;
      } else {
        await file.change(gone);
      }
    }
  } finally {
    file.leave();
  }
}

export interface LiveEvents extends LiveBody {
  /** Is `from` where an event has ended that the client knows of? Else the line that it is within is sent from its start. */
  readonly resumes: boolean;
}

/**
 * An event for each line that has ended; at the end one of the type `end` that says why, with the id 0 where a client that
 * comes again will find other bytes. A client that knows of others is told so (`reset`), and gets all.
 */
export async function* eventsOf(
  follow: () => FollowedFile,
  { from, resumes, timeoutMs }: LiveEvents,
  gone: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const file = follow();
  const began = performance.now();
  try {
    const start = from > file.size ? undefined : await startOfLine(file, from);
    const isReset = resumes && start !== from;
    yield bytesOf(retryAfter(RETRY_MS) + (isReset ? eventOf('0', { event: 'reset', id: 0 }) : ''));
    let at = isReset ? 0 : (start ?? from);
    let beats = file.beats;
    while (!gone.aborted && !isCut(file.ending)) {
      const { size, ending } = file;
      if (at < size) {
        const end = Math.min(size, at + READ);
        const bytes = await file.read(at, end);
        if (isCut(file.ending)) break;
        const { text, used } = eventsIn(bytes, at, ending !== undefined && end === size);
        if (used > 0) {
          at += used;
          beats = file.beats;
          yield bytesOf(text);
          continue;
        }
      }
      if (size !== file.size || ending !== file.ending) continue;
      if (ending !== undefined || isOver(file, began, timeoutMs)) break;
      await file.change(gone);
      if (file.beats > beats + 1) yield bytesOf(KEEP_ALIVE);
      if (file.beats > beats + 1) beats = file.beats;
    }
    yield bytesOf(endOf(file.ending));
  } finally {
    file.leave();
  }
}

/** Nothing more is to be sent of it. */
function isCut(ending: Ending | undefined): boolean {
  return ending === 'closed' || ending === 'truncated';
}

function endOf(ending: Ending | undefined): string {
  switch (ending) {
    case undefined:
      return eventOf('timeout', { event: 'end' });
    case 'closed':
      return eventOf(ending, { event: 'end' });
    case 'replaced':
    case 'deleted':
    case 'truncated':
      return eventOf(ending, { event: 'end', id: 0 });
  }
}

function isOver(file: FollowedFile, began: number, timeoutMs: number): boolean {
  return performance.now() - Math.max(began, file.grewAt) >= timeoutMs;
}

/** Of the line that holds this place, or begins there; one that is too long is taken to begin there. */
async function startOfLine(file: FollowedFile, at: number): Promise<number> {
  const before = Math.max(0, at - MAX_LINE);
  const bytes = await file.read(before, at);
  const start = bytes.lastIndexOf('\n') + 1;
  return start === 0 && before > 0 ? at : before + start;
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
