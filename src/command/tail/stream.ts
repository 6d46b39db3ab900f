// A Durable Stream from an offset to its end: what is there by plain reads, what comes by long-polls or events.
import { setTimeout as wait } from 'node:timers/promises';
import { backoffOf } from '../client/backoff.ts';
import type { Answer, Connection, Question } from '../client/connection.ts';
import { Lost } from '../client/failure.ts';
import type { Persistence } from '../client/persist.ts';
import { createEventReader } from './events.ts';
import { splitMessages } from './messages.ts';
import type { Sink } from './sink.ts';

/** Servers hold a long-poll for half a minute or so, and send events or end them within one. */
const LIVE_MS = 150_000;

/** An empty answer that came sooner was no wait, milliseconds. */
const AT_ONCE_MS = 200;

export interface Following {
  readonly connection: Connection;
  readonly persistence: Persistence;
  readonly sink: Sink;
  readonly isJson: boolean;
  /** undefined: to what is the end now. */
  readonly live: 'long-poll' | 'sse' | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What an answer says of the stream. */
interface Told {
  readonly next: string;
  readonly isClosed: boolean;
  readonly isUpToDate: boolean;
  readonly cursor: string | undefined;
}

/** Resolves when the stream is closed and read to its end, or without `live` when all is read. */
export async function followStream(following: Following): Promise<void> {
  const { persistence, live, sink, signal } = following;
  let isUpToDate = false;
  let cursor: string | undefined;
  const remember = (told: Told) => {
    cursor = told.cursor;
    return told;
  };
  let empty = 0;
  for (;;) {
    const [before, began] = [sink.offset, performance.now()];
    const told = await persistence.run(() => {
      if (!isUpToDate) return read(following, {}).then(remember);
      const query = { live: live as string, ...(cursor !== undefined && { cursor }) };
      if (live === 'sse') return readEvents(following, query, remember);
      return read(following, query).then(remember);
    });
    if (told.isClosed) return;
    const isSame = told.next === before;
    if (told.isUpToDate || isSame) {
      if (live === undefined) return;
      // A server, or a cache, that does not wait is not asked in a circle.
      if (isUpToDate && isSame && performance.now() - began < AT_ONCE_MS) {
        await wait(backoffOf(++empty, Math.random()), undefined, signal && { signal });
      } else empty = 0;
      isUpToDate = true;
    }
  }
}

/** One answer, whole. */
async function read(following: Following, query: Question['query'] & {}): Promise<Told> {
  const { connection, persistence, sink, isJson, signal } = following;
  const isLive = 'live' in query;
  const answer = await connection.ask({
    method: 'GET',
    query: { ...query, offset: sink.offset },
    ...(isLive && { answerMs: LIVE_MS }),
    signal,
  });
  const told = toldBy(answer);
  sink.begin();
  const splitter = isJson && answer.status !== 204 ? splitMessages() : undefined;
  for await (const piece of answer.body) {
    if (await sink.write(splitter?.take(piece) ?? piece)) persistence.succeeded();
  }
  if (splitter?.isWhole === false) throw new Lost('an answer ends within a message');
  if (told.next !== sink.offset) sink.reached(told.next);
  return told;
}

function toldBy(answer: Answer): Told {
  const next = answer.field('stream-next-offset');
  if (next === undefined) throw new Lost('an answer without Stream-Next-Offset');
  return {
    next,
    isClosed: answer.field('stream-closed') === 'true',
    isUpToDate: answer.field('stream-up-to-date') === 'true',
    cursor: answer.field('stream-cursor'),
  };
}

/** Events until the server ends them, which it does now and then. */
async function readEvents(
  following: Following,
  query: Question['query'] & {},
  remember: (told: Told) => Told,
): Promise<Told> {
  const { connection, persistence, sink, isJson, signal } = following;
  const answer = await connection.ask({
    method: 'GET',
    query: { ...query, offset: sink.offset },
    fields: { accept: 'text/event-stream' },
    silentMs: LIVE_MS,
    signal,
  });
  const isBase64 = answer.field('stream-sse-data-encoding') === 'base64';
  const reader = createEventReader();
  let told: Told = { next: sink.offset, isClosed: false, isUpToDate: true, cursor: query.cursor };
  // Held until the event behind it says which offset it leads to: so it is written once.
  let data: Buffer[] = [];
  for await (const piece of answer.body) {
    for (const event of reader.take(piece)) {
      if (event.type === 'data') {
        data.push(isBase64 ? Buffer.from(event.data, 'base64') : Buffer.from(event.data));
      } else if (event.type === 'control') {
        sink.begin();
        for (const bytes of data) await sink.write(isJson ? splitMessages().take(bytes) : bytes);
        data = [];
        told = remember(toldIn(event.data));
        if (told.next !== sink.offset) sink.reached(told.next);
        persistence.succeeded();
        if (told.isClosed) return told;
      }
    }
  }
  return told;
}

function toldIn(json: string): Told {
  try {
    const { streamNextOffset, streamClosed, upToDate, streamCursor } = JSON.parse(json);
    if (typeof streamNextOffset !== 'string') throw new Error();
    return {
      next: streamNextOffset,
      isClosed: streamClosed === true,
      isUpToDate: upToDate === true,
      cursor: streamCursor,
    };
  } catch {
    throw new Lost('a control event without an offset');
  }
}
