// The bodies of live answers: what is there, and then what comes.
import type { FileEntry } from '../files/entry.ts';
import { eventOf, KEEP_ALIVE, retryAfter } from '../http/event-stream.ts';
import type { FilePiece, Gone } from '../plan/types.ts';
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

/** Gives the file, joined. Rejects with an Error that has `code` where it cannot be opened. */
type Follow = () => Promise<FollowedFile>;

/** The bytes. The answer ends where the file does; throws where that was cut: what the client has is no part of it then. */
export async function* piecesOf(
  follow: Follow,
  { from, timeoutMs }: LiveBody,
  gone: Gone,
): AsyncGenerator<FilePiece<FileEntry>> {
  const followed = await follow();
  const began = performance.now();
  let at = from;
  try {
    while (!gone.ending) {
      const { size, ending } = followed;
      if (ending === 'truncated') throw new Error(`${followed.file.path}: cut while it was sent`);
      if (at < size) {
        const piece = pieceOf(followed, at, Math.min(size, at + PIECE));
        yield piece;
        at = piece.span.end;
      } else if (ending !== undefined || isOver(followed, began, timeoutMs)) {
        return;
      } else {
        await followed.change(gone);
      }
    }
  } finally {
    followed.leave();
  }
}

export interface LiveEvents extends LiveBody {
  /** Has the client had all before `from`? Else the line that it is within is sent from its start. */
  readonly resumes: boolean;
}

/**
 * An event for each line that has ended; at the end one of the type `end` that says why, with the id 0 where a client that
 * comes again will find other bytes. A client that knows of others is told so (`reset`), and gets all.
 */
export async function* eventsOf(
  follow: Follow,
  { from, resumes, timeoutMs }: LiveEvents,
  gone: Gone,
): AsyncGenerator<Uint8Array> {
  const followed = await follow();
  const began = performance.now();
  try {
    const start = from > followed.size ? 0 : await startOfLine(followed, from);
    const isReset = resumes && start !== from;
    yield bytesOf(retryAfter(RETRY_MS) + (isReset ? eventOf('0', { event: 'reset', id: 0 }) : ''));
    let at = isReset ? 0 : start;
    let { beats } = followed;
    while (!gone.ending) {
      const { size, ending } = followed;
      if (ending === 'truncated') break;
      if (at < size) {
        const { bytes, used } = await eventsAt(followed, at, size, ending !== undefined);
        if (used > 0) {
          at += used;
          beats = followed.beats;
          yield bytes;
          continue;
        }
      }
      if (size !== followed.size || ending !== followed.ending) continue;
      if (ending !== undefined || isOver(followed, began, timeoutMs)) break;
      await followed.change(gone);
      if (followed.beats <= beats + 1) continue;
      beats = followed.beats;
      yield bytesOf(KEEP_ALIVE);
    }
    yield bytesOf(endOf(followed.ending, gone.ending));
  } finally {
    followed.leave();
  }
}

function endOf(ending: Ending | undefined, isClosing: boolean): string {
  if (ending !== undefined) return eventOf(ending, { event: 'end', id: 0 });
  return eventOf(isClosing ? 'closed' : 'timeout', { event: 'end' });
}

function isOver({ grewAt }: FollowedFile, began: number, timeoutMs: number): boolean {
  return performance.now() - Math.max(began, grewAt) >= timeoutMs;
}

/** Of the line that holds this place, or begins there; one that is too long is taken to begin there. */
async function startOfLine(followed: FollowedFile, at: number): Promise<number> {
  const before = Math.max(0, at - MAX_LINE);
  const start = (await followed.read(before, at)).lastIndexOf('\n') + 1;
  return start === 0 && before > 0 ? at : before + start;
}

/** Those who have come equally far get one and the same (`OpenFeed`): it is made once. */
interface Shared {
  piece?: FilePiece<FileEntry>;
  events?: { readonly key: string; readonly made: Promise<Made> };
}

interface Made {
  readonly bytes: Uint8Array;
  /** Bytes of the file. */
  readonly used: number;
}

const shared = new WeakMap<FollowedFile, Shared>();

function sharedOf(followed: FollowedFile): Shared {
  const known = shared.get(followed) ?? {};
  shared.set(followed, known);
  return known;
}

function pieceOf(followed: FollowedFile, start: number, end: number): FilePiece<FileEntry> {
  const known = sharedOf(followed);
  if (known.piece?.span.start !== start || known.piece.span.end !== end) {
    known.piece = { file: followed.file, span: { start, end } };
  }
  return known.piece;
}

function eventsAt(
  followed: FollowedFile,
  at: number,
  size: number,
  isLast: boolean,
): Promise<Made> {
  const known = sharedOf(followed);
  const key = `${at} ${size} ${isLast}`;
  if (known.events?.key !== key) {
    known.events = { key, made: makeEvents(followed, at, size, isLast) };
  }
  return known.events.made;
}

async function makeEvents(
  followed: FollowedFile,
  at: number,
  size: number,
  isLast: boolean,
): Promise<Made> {
  const end = Math.min(size, at + READ);
  const read = await followed.read(at, end);
  if (read.length < end - at) return { bytes: read, used: 0 };
  const { text, used } = eventsIn(read.toString('latin1'), at, isLast && end === size);
  return { bytes: bytesOf(text), used };
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
