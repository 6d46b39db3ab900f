// What a request asks of a stream: its method, query and fields as one of a few operations. PROTOCOL.md §5. Pure.

import { isMediaType } from '../http/media-type.ts';
import type { RequestFields, RequestHead } from '../plan/request.ts';
import { type From, parseFrom, parseOffset } from './offsets.ts';
import type { ForkConfig, Producer, StreamConfig } from './store/types.ts';

/** Where a fork parts from its source, which is named by its path as in requests. */
export interface AskedFork {
  readonly from: string;
  readonly offset: number | undefined;
  readonly subOffset: number;
}

export type Operation =
  | { readonly kind: 'create'; readonly config: StreamConfig; readonly closed: boolean }
  | {
      readonly kind: 'fork';
      readonly config: ForkConfig;
      readonly closed: boolean;
      readonly fork: AskedFork;
    }
  | AppendOperation
  | { readonly kind: 'delete' }
  | { readonly kind: 'head' }
  | ReadOperation
  | { readonly kind: 'options' }
  | Refusal;

export interface AppendOperation {
  readonly kind: 'append';
  /** Undefined where none is given, which only a request without content may do. */
  readonly contentType: string | undefined;
  readonly seq: string | undefined;
  readonly producer: Producer | undefined;
  readonly close: boolean;
}

export interface ReadOperation {
  readonly kind: 'read';
  readonly from: From;
  /** Was it said where to begin? */
  readonly isResumed: boolean;
  readonly live: 'long-poll' | 'sse' | undefined;
  readonly cursor: string | undefined;
}

/** Nothing that could be done. `why`: for whoever wrote the client. */
export interface Refusal {
  readonly kind: 'refused';
  readonly status: 400 | 405;
  readonly why: string;
}

/** Methods that streams have. */
export const ALLOW = 'GET, HEAD, PUT, POST, DELETE, OPTIONS';

/** `query`: '' or '?…', as sent. */
export function readOperation({ method, fields }: RequestHead, query: string): Operation {
  switch (method) {
    case 'GET':
      return readRead(new URLSearchParams(query));
    case 'HEAD':
      return { kind: 'head' };
    case 'PUT':
      return readCreate(fields);
    case 'POST':
      return readAppend(fields);
    case 'DELETE':
      return { kind: 'delete' };
    case 'OPTIONS':
      return { kind: 'options' };
    default:
      return { kind: 'refused', status: 405, why: `a stream takes ${ALLOW}` };
  }
}

/** §5.6 to §5.8. Parameters that nobody knows are ignored (§11.1). */
function readRead(query: URLSearchParams): ReadOperation | Refusal {
  for (const name of ['offset', 'live', 'cursor']) {
    if (query.getAll(name).length > 1) return bad(`${name} is given more than once`);
  }
  const offset = query.get('offset');
  const live = query.get('live') ?? undefined;
  if (live !== undefined && live !== 'long-poll' && live !== 'sse') {
    return bad('live is long-poll or sse');
  }
  if (live !== undefined && offset === null) return bad(`live=${live} needs an offset`);
  const from = offset === null ? 0 : parseFrom(offset);
  if (from === undefined) return bad('offset is -1, now, or one that was given out here');
  const cursor = query.get('cursor') ?? undefined;
  return { kind: 'read', from, isResumed: offset !== null, live, cursor };
}

/** §5.1, §4.2. */
function readCreate(fields: RequestFields): Operation {
  const given = fields['content-type'] || undefined;
  if (given !== undefined && !isMediaType(given)) return BAD_TYPE;
  const lifetime = readLifetime(fields);
  if ('kind' in lifetime) return lifetime;
  const closed = isClosed(fields);
  const from = fields['stream-forked-from'];
  if (from === undefined) {
    const ofForks = (['stream-fork-offset', 'stream-fork-sub-offset'] as const).find(
      (name) => fields[name] !== undefined,
    );
    if (ofForks !== undefined) return bad(`${ofForks} needs stream-forked-from`);
    return { kind: 'create', config: { contentType: given ?? DEFAULT_TYPE, ...lifetime }, closed };
  }
  const fork = readFork(from, fields);
  if ('kind' in fork) return fork;
  return { kind: 'fork', config: { contentType: given, ...lifetime }, closed, fork };
}

const DEFAULT_TYPE = 'application/octet-stream';

function readFork(from: string, fields: RequestFields): AskedFork | Refusal {
  const { 'stream-fork-offset': offset, 'stream-fork-sub-offset': subOffset } = fields;
  const position = offset === undefined ? undefined : parseOffset(offset);
  if (offset !== undefined && position === undefined) {
    return bad('stream-fork-offset is one that was given out here');
  }
  const past = subOffset === undefined ? 0 : readInteger(subOffset);
  if (past === undefined) return bad('stream-fork-sub-offset is a whole number, from 0 on');
  return { from, offset: position, subOffset: past };
}

/** RFC 3339 §5.6. */
const TIMESTAMP = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

function readLifetime(fields: RequestFields): Omit<StreamConfig, 'contentType'> | Refusal {
  const { 'stream-ttl': ttl, 'stream-expires-at': expiresAt } = fields;
  if (ttl !== undefined && expiresAt !== undefined) {
    return bad('stream-ttl and stream-expires-at both say when it expires: one is enough');
  }
  const ttlSeconds = ttl === undefined ? undefined : readInteger(ttl);
  if (ttl !== undefined && !(Number(ttlSeconds) <= MAX_TTL_SECONDS)) {
    return bad('stream-ttl is a whole number of seconds, from 0 on');
  }
  const isTime = expiresAt === undefined || TIMESTAMP.test(expiresAt);
  if (!isTime || Number.isNaN(Date.parse(expiresAt ?? '1970-01-01'))) {
    return bad('stream-expires-at is a time of RFC 3339');
  }
  return { ttlSeconds, expiresAt };
}

/** A thousand years: with the time of the day it is a number of milliseconds. */
const MAX_TTL_SECONDS = 31_556_952_000;

/** §5.2. */
function readAppend(fields: RequestFields): AppendOperation | Refusal {
  const contentType = fields['content-type'] || undefined;
  if (contentType !== undefined && !isMediaType(contentType)) return BAD_TYPE;
  const producer = readProducer(fields);
  if (producer !== undefined && 'kind' in producer) return producer;
  const { 'stream-seq': seq } = fields;
  return { kind: 'append', contentType, seq, producer, close: isClosed(fields) };
}

const OF_PRODUCERS = ['producer-id', 'producer-epoch', 'producer-seq'] as const;

/** Characters of a producer's name: it is kept as long as the stream. */
const MAX_ID = 256;

/** §5.2.1. */
function readProducer(fields: RequestFields): Producer | undefined | Refusal {
  const [id, epoch, seq] = OF_PRODUCERS.map((name) => fields[name]);
  if (id === undefined && epoch === undefined && seq === undefined) return undefined;
  if (id === undefined || epoch === undefined || seq === undefined) {
    return bad(`${OF_PRODUCERS.join(', ')} go together`);
  }
  if (id === '' || id.length > MAX_ID) return bad(`producer-id has 1 to ${MAX_ID} characters`);
  const [epochNumber, seqNumber] = [epoch, seq].map(readInteger);
  if (epochNumber === undefined || seqNumber === undefined) {
    return bad('producer-epoch and producer-seq are whole numbers from 0 to 2^53-1');
  }
  return { id, epoch: epochNumber, seq: seqNumber };
}

/** §4.1: any other value is none. */
function isClosed(fields: RequestFields): boolean {
  return fields['stream-closed']?.toLowerCase() === 'true';
}

/** In decimal digits, without zeros before them. */
function readInteger(text: string): number | undefined {
  const value = /^(?:0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

function bad(why: string): Refusal {
  return { kind: 'refused', status: 400, why };
}

const BAD_TYPE = bad('content-type is no media type');
