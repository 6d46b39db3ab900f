// A stream as server-sent events: what is there, then what comes, until the time of one connection is over. PROTOCOL.md §5.8.
import type { FileEntry } from '../files/entry.ts';
import type { Gone, OpenFeed } from '../plan/types.ts';
import { boundaryNear } from './boundaries.ts';
import { bytesOf } from './bytes.ts';
import { cursorAt, intervalAt } from './cursor.ts';
import { formatOffset } from './offsets.ts';
import { controlEvent, dataEvent, type EventForm, wholeCharacters } from './sse.ts';
import type { Stream } from './store/types.ts';
import type { Wait, Waits } from './waits.ts';

export interface EventsOptions {
  /** Each of them ends with an event that shows that the connection lives. */
  readonly waits: Waits;
  /** After so long a connection ends, and its client comes anew (§10.2). Milliseconds. */
  readonly timeoutMs: number;
}

export interface Events {
  readonly stream: Stream;
  /** Position, bytes: of JSON, where a message begins. */
  readonly start: number;
  readonly form: EventForm;
  /** The client's own. */
  readonly cursor: string | undefined;
}

/** Bytes of the stream in one data event; a JSON message that is longer has one of its own. */
const MAX_EVENT = 64 * 1024;

type Next = IteratorResult<Uint8Array, undefined>;

const OVER: Next = { done: true, value: undefined };

export function openEvents(events: Events, options: EventsOptions): OpenFeed<FileEntry> {
  return (gone) => ({ [Symbol.asyncIterator]: () => new EventIterator(events, options, gone) });
}

/** Written out: a generator that waits takes as much memory as all else of a tail. */
class EventIterator implements AsyncIterator<Uint8Array, undefined> {
  readonly #events: Events;
  readonly #options: EventsOptions;
  readonly #gone: Gone;
  readonly #ends: number;
  readonly #file: FileEntry;
  #at: number;
  /** What its client knows of; undefined while there is more to be sent at once. */
  #seen: Seen | undefined;
  #isOver = false;
  #wait: Wait | undefined;
  #resolve: ((next: Next | Promise<Next>) => void) | undefined;

  constructor(events: Events, options: EventsOptions, gone: Gone) {
    this.#events = events;
    this.#options = options;
    this.#gone = gone;
    this.#ends = performance.now() + options.timeoutMs;
    this.#at = events.start;
    this.#file = events.stream.file;
    this.#file.retain();
    gone.onEnd(() => {
      if (this.#wait === undefined) return;
      options.waits.drop(this.#wait);
      this.#wake();
    });
  }

  next(): Promise<Next> {
    if (this.#isOver || this.#seen === undefined || this.#hasChanged(this.#seen)) {
      return Promise.resolve(this.#goOn());
    }
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#wait = this.#options.waits.wait(this.#events.stream, this.#wake);
    });
  }

  return(): Promise<Next> {
    return Promise.resolve(this.#end());
  }

  #hasChanged(seen: Seen): boolean {
    const { tail, closed, state } = this.#events.stream;
    return tail !== seen.tail || closed !== seen.closed || state !== 'live' || this.#gone.ending;
  }

  readonly #wake = (): void => {
    this.#wait = undefined;
    this.#resolve?.(this.#goOn());
  };

  /** After a wait, or without one. */
  #goOn(): Next | Promise<Next> {
    const { stream } = this.#events;
    const { waits } = this.#options;
    const isOver =
      this.#isOver ||
      this.#gone.ending ||
      waits.hasEnded ||
      (this.#seen !== undefined && (stream.state !== 'live' || performance.now() >= this.#ends));
    if (isOver) return this.#end();
    const latest = latestOf(this.#events, this.#file, this.#at);
    const { framed } = latest;
    if (!(framed instanceof Promise)) return this.#give(latest, framed);
    return framed.then(
      (now) => this.#give(latest, now),
      (error) => {
        this.#end();
        throw error;
      },
    );
  }

  #give({ seen }: Latest, framed: Framed): Next {
    const { upToDate, closed } = framed;
    this.#at = framed.end;
    this.#seen = upToDate ? seen : undefined;
    if (closed) this.#end();
    return nextOf(framed, this.#events.cursor);
  }

  #end(): Next {
    if (!this.#isOver) this.#file.release();
    this.#isOver = true;
    return OVER;
  }
}

type Seen = Pick<Stream, 'tail' | 'closed'>;

/** A data event, where there are data. */
interface Framed {
  readonly data: Buffer;
  /** Position behind it. */
  readonly end: number;
  readonly upToDate: boolean;
  readonly closed: boolean;
  /** With the control event that follows, by the cursor that was given: one object for all who get the same. */
  readonly sent: Map<string | undefined, Next>;
}

/** Cursors differ where clients come again. */
const MAX_SENT = 64;

function nextOf(framed: Framed, given: string | undefined): Next {
  const { data, end, upToDate, closed, sent } = framed;
  const known = sent.get(given);
  if (known !== undefined) return known;
  const cursor = closed ? undefined : cursorAt(Date.now(), given, Math.random());
  const control = controlEvent({ nextOffset: formatOffset(end), cursor, upToDate, closed });
  const value = Buffer.concat([data, Buffer.from(control)]);
  const next: Next = { done: false, value };
  if (sent.size < MAX_SENT) sent.set(given, next);
  return next;
}

interface Latest {
  readonly start: number;
  readonly seen: Seen;
  /** Of its cursors. */
  readonly interval: number;
  readonly framed: Framed | Promise<Framed>;
}

/** Of each stream that is followed the last event, which most who follow it want at the same time. */
const latest = new WeakMap<Stream, Latest>();

/** The event that begins there, as the stream is now. */
function latestOf({ stream, form }: Events, file: FileEntry, start: number): Latest {
  const { tail, closed } = stream;
  const last = latest.get(stream);
  const isSame = last?.seen.tail === tail && last.seen.closed === closed && last.start === start;
  const interval = intervalAt(Date.now());
  if (isSame && last.interval === interval) return last;
  const seen = { tail, closed };
  const made = { start, seen, interval, framed: frame(file, start, form, seen) };
  latest.set(stream, made);
  return made;
}

function frame(
  file: FileEntry,
  start: number,
  form: EventForm,
  seen: Seen,
): Framed | Promise<Framed> {
  const { tail } = seen;
  const limit = Math.min(tail, start + MAX_EVENT);
  const isCut = limit < tail && form === 'json';
  const end = isCut ? boundaryNear(file, start, limit, tail) : limit;
  const read = (to: number) => {
    const bytes = bytesOf(file, start, to);
    if (!(bytes instanceof Promise)) return framedOf(bytes, start, form, seen);
    return bytes.then((all) => framedOf(all, start, form, seen));
  };
  return end instanceof Promise ? end.then(read) : read(end);
}

/** No data where only the beginning of a character has come. */
function framedOf(bytes: Buffer, start: number, form: EventForm, { tail, closed }: Seen): Framed {
  const isLast = start + bytes.length === tail && closed;
  const whole = form === 'text' && !isLast ? wholeCharacters(bytes) : bytes.length;
  const end = start + whole;
  const data = Buffer.from(whole === 0 ? '' : dataEvent(bytes.subarray(0, whole), form));
  const upToDate = end === tail || whole === 0;
  return { data, end, upToDate, closed: end === tail && closed, sent: new Map() };
}
