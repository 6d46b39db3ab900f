// A stream as server-sent events: what is there, then what comes, until the time of one connection is over. PROTOCOL.md §5.8.
import type { FileEntry } from '../files/entry.ts';
import type { Gone, OpenFeed } from '../plan/types.ts';
import { boundaryNear } from './boundaries.ts';
import { bytesOf } from './bytes.ts';
import { cursorAt } from './cursor.ts';
import { formatOffset } from './offsets.ts';
import { controlEvent, dataEvent, type EventForm, wholeCharacters } from './sse.ts';
import type { Stream } from './store/types.ts';
import type { Waits } from './waits.ts';

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

export function openEvents(events: Events, options: EventsOptions): OpenFeed<FileEntry> {
  return (gone) => eventsOf(events, options, gone);
}

async function* eventsOf(
  { stream, start, form, cursor }: Events,
  { waits, timeoutMs }: EventsOptions,
  gone: Gone,
): AsyncGenerator<Uint8Array, void, void> {
  const ends = performance.now() + timeoutMs;
  const { file } = stream;
  file.retain();
  try {
    for (let at = start; !gone.ending && !waits.hasEnded; ) {
      const seen = stateOf(stream);
      const data = at < seen.tail ? await framed(stream, at, form, seen) : undefined;
      if (data !== undefined) at = data.end;
      const upToDate = at === seen.tail || data === undefined;
      const closed = at === seen.tail && seen.closed;
      const nextOffset = formatOffset(at);
      const next = closed ? undefined : cursorAt(Date.now(), cursor, Math.random());
      const control = { nextOffset, cursor: next, upToDate, closed };
      yield withControl(data, controlEvent(control));
      if (closed) return;
      if (!upToDate) continue;
      await change(stream, seen, waits, gone);
      if (stream.state !== 'live' || performance.now() >= ends) return;
    }
  } finally {
    file.release();
  }
}

type Seen = Pick<Stream, 'tail' | 'closed'>;

/** Of this moment. */
function stateOf({ tail, closed }: Stream): Seen {
  return { tail, closed };
}

/** At once where something has come meanwhile, or nobody takes it. */
function change(stream: Stream, seen: Seen, waits: Waits, gone: Gone): Promise<void> | undefined {
  const { tail, closed, state } = stream;
  if (tail !== seen.tail || closed !== seen.closed || state !== 'live') return undefined;
  return new Promise((resolve) => {
    const drop = waits.wait(stream, () => resolve());
    gone.onEnd(() => {
      drop();
      resolve();
    });
  });
}

interface Framed {
  readonly bytes: Buffer;
  /** Position behind its data. */
  readonly end: number;
  /** By the control event that follows: one object for all who get the same. */
  readonly sent: Map<string, Buffer>;
}

function withControl(data: Framed | undefined, control: string): Buffer {
  if (data === undefined) return Buffer.from(control);
  const known = data.sent.get(control);
  if (known !== undefined) return known;
  const bytes = Buffer.concat([data.bytes, Buffer.from(control)]);
  if (data.sent.size < MAX_SENT) data.sent.set(control, bytes);
  return bytes;
}

/** Cursors differ where clients come again within one interval. */
const MAX_SENT = 8;

interface Latest {
  readonly start: number;
  readonly seen: Seen;
  readonly framed: Promise<Framed | undefined>;
}

/** Of each stream that is followed the last event, which most who follow it want at the same time. */
const latest = new WeakMap<Stream, Latest>();

/** The data event that begins there; undefined where only the beginning of a character has come. */
function framed(
  stream: Stream,
  start: number,
  form: EventForm,
  seen: Seen,
): Promise<Framed | undefined> {
  const last = latest.get(stream);
  const isSame = last?.seen.tail === seen.tail && last.seen.closed === seen.closed;
  if (isSame && last.start === start) return last.framed;
  const made = frame(stream.file, start, form, seen);
  latest.set(stream, { start, seen, framed: made });
  return made;
}

async function frame(
  file: FileEntry,
  start: number,
  form: EventForm,
  { tail, closed }: Seen,
): Promise<Framed | undefined> {
  const limit = Math.min(tail, start + MAX_EVENT);
  const isCut = limit < tail;
  const end = isCut && form === 'json' ? await boundaryNear(file, start, limit, tail) : limit;
  const bytes = await bytesOf(file, start, end);
  const whole = form === 'text' && (isCut || !closed) ? wholeCharacters(bytes) : bytes.length;
  if (whole === 0) return undefined;
  const event = Buffer.from(dataEvent(bytes.subarray(0, whole), form));
  return { bytes: event, end: start + whole, sent: new Map() };
}
