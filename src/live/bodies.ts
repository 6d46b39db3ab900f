// The bodies of live answers: what is there, and then what comes.
import type { FileEntry } from '../files/entry.ts';
import { eventOf, KEEP_ALIVE, retryAfter } from '../http/event-stream.ts';
import type { FilePiece, Gone } from '../plan/types.ts';
import type { Ending, FollowedFile } from './followed-file.ts';
import { type Follow, Following, type Step } from './following.ts';
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

/** The bytes. The answer ends where the file does; throws where that was cut: what the client has is no part of it then. */
export function piecesOf(
  follow: Follow,
  body: LiveBody,
  gone: Gone,
): Following<FilePiece<FileEntry>> {
  return new Pieces(follow, body, gone);
}

class Pieces extends Following<FilePiece<FileEntry>> {
  readonly #timeoutMs: number;
  #at: number;

  constructor(follow: Follow, { from, timeoutMs }: LiveBody, gone: Gone) {
    super(follow, gone);
    this.#at = from;
    this.#timeoutMs = timeoutMs;
  }

  protected step(followed: FollowedFile): Step<FilePiece<FileEntry>> {
    if (this.gone.ending) return 'over';
    const { size, ending } = followed;
    if (ending === 'truncated') throw new Error(`${followed.file.path}: cut while it was sent`);
    if (this.#at < size) {
      const piece = pieceOf(followed, this.#at, Math.min(size, this.#at + PIECE));
      this.#at = piece.span.end;
      return piece;
    }
    const isDone = ending !== undefined || isOver(followed, this.began, this.#timeoutMs);
    return isDone ? 'over' : 'wait';
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
export function eventsOf(follow: Follow, events: LiveEvents, gone: Gone): Following<Uint8Array> {
  return new LineEvents(follow, events, gone);
}

const RETRY = bytesOf(retryAfter(RETRY_MS));
const RESET = bytesOf(retryAfter(RETRY_MS) + eventOf('0', { event: 'reset', id: 0 }));
const ALIVE = bytesOf(KEEP_ALIVE);

class LineEvents extends Following<Uint8Array> {
  readonly #resumes: boolean;
  readonly #timeoutMs: number;
  #at: number;
  #state: 'new' | 'going' | 'over' = 'new';
  /** Of this size it is known that no line more has ended. */
  #looked = -1;
  /** At its last sign of life. */
  #beats = 0;

  constructor(follow: Follow, { from, resumes, timeoutMs }: LiveEvents, gone: Gone) {
    super(follow, gone);
    this.#at = from;
    this.#resumes = resumes;
    this.#timeoutMs = timeoutMs;
  }

  protected step(followed: FollowedFile): Step<Uint8Array> | Promise<Step<Uint8Array>> {
    switch (this.#state) {
      case 'new':
        this.#state = 'going';
        return this.#begin(followed);
      case 'going':
        return this.#goOn(followed);
      case 'over':
        return 'over';
    }
  }

  async #begin(followed: FollowedFile): Promise<Uint8Array> {
    const from = this.#at;
    const start = from > followed.size ? 0 : await startOfLine(followed, from);
    const isReset = this.#resumes && start !== from;
    this.#at = isReset ? 0 : start;
    this.#beats = followed.beats;
    return isReset ? RESET : RETRY;
  }

  #goOn(followed: FollowedFile): Step<Uint8Array> | Promise<Step<Uint8Array>> {
    const { size, ending } = followed;
    if (this.gone.ending || ending === 'truncated') return this.#finish(followed);
    const isLast = ending !== undefined;
    if (this.#at >= size || (this.#looked === size && !isLast)) return this.#rest(followed);
    return eventsAt(followed, this.#at, size, isLast).then(({ bytes, used }) => {
      if (used === 0) {
        this.#looked = size;
        return isLast ? this.#rest(followed) : this.#goOn(followed);
      }
      this.#at += used;
      this.#beats = followed.beats;
      return bytes;
    });
  }

  /** There is no line that has ended. */
  #rest(followed: FollowedFile): Step<Uint8Array> {
    const isDone = followed.ending !== undefined || isOver(followed, this.began, this.#timeoutMs);
    if (isDone) return this.#finish(followed);
    if (followed.beats <= this.#beats + 1) return 'wait';
    this.#beats = followed.beats;
    return ALIVE;
  }

  #finish({ ending }: FollowedFile): Uint8Array {
    this.#state = 'over';
    return bytesOf(endOf(ending, this.gone.ending));
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
