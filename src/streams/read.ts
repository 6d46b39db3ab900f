// Reads: what is there, at once; or what comes next, as one answer (long-poll) or as events (SSE). PROTOCOL.md §5.5 to §5.8.
import type { FileEntry } from '../files/entry.ts';
import type { FieldList } from '../http/field-list.ts';
import { isJson } from '../http/media-type.ts';
import type { Terms } from '../plan/policy.ts';
import { isConditional, judgePreconditions } from '../plan/preconditions.ts';
import type { RequestFields, RequestHead } from '../plan/request.ts';
import { timing } from '../plan/span.ts';
import { chooseStrategy } from '../plan/strategy.ts';
import {
  answerOf,
  cacheable,
  MISSING,
  NO_STORE,
  positionFields,
  refuse,
  SOFT_DELETED,
  type StreamAnswer,
} from './answers.ts';
import { boundaryNear, isBoundary } from './boundaries.ts';
import { cursorAt, intervalAt } from './cursor.ts';
import { type EventsOptions, openEvents } from './events.ts';
import type { ReadOperation } from './operations.ts';
import { eventFormOf } from './sse.ts';
import type { Stream } from './store/types.ts';
import type { Waits, Woken } from './waits.ts';

/**
 * Bytes of one answer: more is the next one's. To send them costs the same in one or in several, but clients keep each whole in
 * memory (a text of V8's has 512 MiB at most).
 */
const MAX_PAGE = 32 * 2 ** 20;

/** Of JSON: the protocol's own client pushes all messages of one at once, and V8's stack holds some 100,000. */
const MAX_JSON_PAGE = 2 ** 20;

/** Of one request. */
export interface Reading {
  readonly stream: Stream;
  readonly operation: ReadOperation;
  readonly fields: RequestFields;
  readonly onGone: RequestHead['onGone'];
  readonly terms: Terms;
  /** Not everybody may see it. */
  readonly isPrivate: boolean;
  readonly polls: Waits;
  readonly events: EventsOptions;
}

/** §5.5. It is no read: no time to live begins anew. */
export function answerHead({ config, tail, closed }: Stream): StreamAnswer {
  const { contentType, ttlSeconds, expiresAt } = config;
  return answerOf(200, [
    'Content-Type',
    contentType,
    ...positionFields({ next: tail, closed }),
    ...(ttlSeconds === undefined ? [] : ['Stream-TTL', String(ttlSeconds)]),
    ...(expiresAt === undefined ? [] : ['Stream-Expires-At', expiresAt]),
    ...NO_STORE,
  ]);
}

export function answerRead(reading: Reading): StreamAnswer | Promise<StreamAnswer> {
  const { stream, operation } = reading;
  stream.touch();
  const start = operation.from === 'now' ? stream.tail : operation.from;
  if (start > stream.tail) return refuse(400, 'the offset is beyond the end of the stream');
  if (start === stream.tail || !isJsonStream(stream)) return answerFrom(reading, start);
  const bounded = isBoundary(stream.file, start);
  const end = (is: boolean) =>
    is ? answerFrom(reading, start) : refuse(400, 'the offset is within a message');
  return bounded instanceof Promise ? bounded.then(end) : end(bounded);
}

function answerFrom(reading: Reading, start: number): StreamAnswer | Promise<StreamAnswer> {
  const { stream, operation } = reading;
  switch (operation.live) {
    case undefined:
      return operation.from === 'now' ? answerNow(reading) : answerPage(reading, start);
    case 'long-poll':
      if (start < stream.tail) return answerPage(reading, start);
      return stream.closed ? nothingNew(reading, start) : poll(reading, start);
    case 'sse':
      return answerEvents(reading, start);
  }
}

/** §8: the tail and nothing else. */
function answerNow({ stream: { config, tail, closed } }: Reading): StreamAnswer {
  const position = positionFields({ next: tail, upToDate: true, closed });
  return emptyPage(['Content-Type', config.contentType, ...position, ...NO_STORE], config);
}

function emptyPage(head: FieldList, { contentType }: Stream['config']): StreamAnswer {
  const bytes = Buffer.from(isJson(contentType) ? '[]' : '');
  const fields = [...head, 'Content-Length', String(bytes.length)];
  return answerOf(200, fields, { kind: 'bytes', bytes });
}

/** §5.6: from there to the tail, or as far as one answer goes. */
function answerPage(reading: Reading, start: number): StreamAnswer | Promise<StreamAnswer> {
  const { stream } = reading;
  const { tail, file } = stream;
  const isOfMessages = isJsonStream(stream);
  const limit = start + (isOfMessages ? MAX_JSON_PAGE : MAX_PAGE);
  if (tail <= limit) return pageUpTo(reading, start, tail);
  if (!isOfMessages) return pageUpTo(reading, start, limit);
  file.retain();
  return boundaryNear(file, start, limit, tail)
    .then((end) => pageUpTo(reading, start, end))
    .finally(() => setImmediate(() => file.release()));
}

function pageUpTo(reading: Reading, start: number, end: number): StreamAnswer {
  const { stream, operation, fields } = reading;
  const { config, tail } = stream;
  const upToDate = end === tail;
  const closed = upToDate && stream.closed;
  const cursor = operation.live === undefined ? undefined : cursorOf(operation);
  const etag = `"${stream.id}:${start}:${end}${closed ? ':c' : ''}"`;
  const kept = ['ETag', etag, ...cachingOf(reading, start < end || closed)];
  const position = positionFields({ next: end, upToDate, closed, cursor });
  const verdict = judgePreconditions(fields, { etag, lastModified: undefined });
  if (verdict === 'failed') return refuse(412, 'it is no longer what it was');
  if (verdict === 'not-modified') return answerOf(304, [...kept, ...position]);
  const head = ['Content-Type', config.contentType, ...kept, ...position];
  return start < end ? span(reading, start, end, head) : emptyPage(head, config);
}

/** The bytes stay in the file: those of JSON are an array's between two brackets, but for the last comma. */
function span({ stream, terms }: Reading, start: number, end: number, head: FieldList) {
  const { file } = stream;
  const length = end - start;
  const choice = chooseStrategy(file, length, terms);
  const fields = [...head, 'Content-Length', String(length), ...timing(choice, terms)];
  const { strategy, reason } = choice;
  if (!isJsonStream(stream)) {
    return answerOf(200, fields, { kind: strategy, reason, file, span: { start, end } });
  }
  const parts = [{ head: '[', span: { start, end: end - LAST_COMMA.length } }];
  return answerOf(200, fields, { kind: 'parts', strategy, reason, file, parts, tail: ']' });
}

/** It gives way to the brackets, so that the length stays the same. */
const LAST_COMMA = ',\n';

/** §10.1. What shows only that nothing is new may be otherwise the moment after, and so may what a plain address shows. */
function cachingOf({ operation, isPrivate }: Reading, lasts: boolean): FieldList {
  if (lasts && operation.isResumed) return cacheable(isPrivate);
  return ['Cache-Control', isPrivate ? 'private, no-cache' : 'no-cache'];
}

function cursorOf({ cursor }: ReadOperation): string {
  return cursorAt(Date.now(), cursor, Math.random());
}

/** §5.7: the answer comes when there is something, or at the end of its time. */
function poll(reading: Reading, start: number): StreamAnswer | Promise<StreamAnswer> {
  const { stream, polls, onGone } = reading;
  if (polls.isFull) return refuse(429, 'too many wait', ['Retry-After', '1']);
  const waiting = isConditional(reading.fields) ? reading : { ...reading, fields: NO_FIELDS };
  return new Promise((resolve) => {
    const wait = polls.wait(stream, (why) => resolve(afterWait(waiting, start, why)));
    if (wait) onGone?.(() => polls.wake(wait, 'ended'));
  });
}

/** In the place of those that say nothing, which are not kept while it waits. */
const NO_FIELDS: RequestFields = {};

function afterWait(reading: Reading, start: number, why: Woken) {
  const { stream } = reading;
  switch (stream.state) {
    case 'deleted':
    case 'expired':
      return MISSING;
    case 'soft-deleted':
      return SOFT_DELETED;
    case 'closing':
      return nothingNew(reading, start);
    case 'live':
      if (why === 'changed' && start < stream.tail) return sharedPage(reading, start);
      return nothingNew(reading, start);
  }
}

/** What those who wait get of one change. */
interface Shared {
  readonly start: number;
  readonly tail: number;
  readonly closed: boolean;
  readonly file: FileEntry;
  readonly terms: Terms;
  readonly isPrivate: boolean;
  /** Of its cursors. */
  readonly interval: number;
  /** By the cursor that was given. */
  readonly answers: Map<string | undefined, ReturnType<typeof answerPage>>;
}

const shared = new WeakMap<Stream, Shared>();

/** Cursors differ where not all have waited together. */
const MAX_SHARED = 64;

/** One object for all who ask the same: it is made once, and crosses to the engine once. */
function sharedPage(reading: Reading, start: number): StreamAnswer | Promise<StreamAnswer> {
  const { cursor, isResumed } = reading.operation;
  if (reading.fields !== NO_FIELDS || !isResumed) return answerPage(reading, start);
  const { answers } = sharedOf(reading, start);
  const known = answers.get(cursor);
  if (known !== undefined) return known;
  const made = answerPage(reading, start);
  if (answers.size < MAX_SHARED) answers.set(cursor, made);
  return made;
}

function sharedOf({ stream, terms, isPrivate }: Reading, start: number): Shared {
  const { tail, closed, file } = stream;
  const interval = intervalAt(Date.now());
  const last = shared.get(stream);
  const isSame =
    last?.start === start &&
    last.tail === tail &&
    last.closed === closed &&
    last.file === file &&
    last.terms === terms &&
    last.isPrivate === isPrivate &&
    last.interval === interval;
  if (isSame) return last;
  const made = { start, tail, closed, file, terms, isPrivate, interval, answers: new Map() };
  shared.set(stream, made);
  return made;
}

/** The 204 of a long-poll. */
function nothingNew({ stream, operation }: Reading, start: number): StreamAnswer {
  const { closed } = stream;
  const cursor = closed ? undefined : cursorOf(operation);
  return answerOf(204, [
    ...positionFields({ next: start, upToDate: true, closed, cursor }),
    ...NO_STORE,
  ]);
}

/** §5.8. Incremental (RFC 10036): whoever stands between hands on what comes as it comes. */
function answerEvents(reading: Reading, start: number): StreamAnswer {
  const { stream, operation, events } = reading;
  if (events.waits.isFull) return refuse(429, 'too many wait', ['Retry-After', '1']);
  const form = eventFormOf(stream.config.contentType);
  const fields = ['Content-Type', 'text/event-stream', 'Cache-Control', 'no-cache'];
  if (form === 'base64') fields.push('Stream-SSE-Data-Encoding', 'base64');
  fields.push('Incremental', '?1', 'X-Accel-Buffering', 'no');
  const open = openEvents({ stream, start, form, cursor: operation.cursor }, events);
  return answerOf(200, fields, { kind: 'feed', open, live: true });
}

function isJsonStream({ config }: Stream): boolean {
  return isJson(config.contentType);
}
