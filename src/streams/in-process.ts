// What the process does itself with its streams: it appends to them and follows them, without HTTP.

import { isJson, isMediaType, isSameType } from '../http/media-type.ts';
import { boundaryNear, isBoundary } from './boundaries.ts';
import { bytesOf } from './bytes.ts';
import { readJsonMessages } from './json-messages.ts';
import { formatOffset, parseFrom } from './offsets.ts';
import {
  opened,
  type ProcessStreams,
  type StreamAppended,
  type StreamChunk,
  StreamError,
} from './process-streams.ts';
import type { Appended, Created, Stream, StreamStore } from './store/types.ts';

/** `store`: of the moment. */
export function processStreams(store: () => StreamStore | undefined): ProcessStreams {
  return {
    async append(name, bytes, options = {}) {
      const stream = await findOrCreate(opened(store()), name, options.contentType);
      const given = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
      const { seq, producer, close = false } = options;
      const read = asStored(given, stream);
      const appended = await stream.append({ bytes: read, seq, producer, close });
      return afterAppend(appended, close && read.length === 0);
    },
    async *tail(name, offset = '-1', { signal } = {}) {
      const from = parseFrom(offset);
      if (from === undefined) throw new StreamError('invalid', `${offset} is no offset`);
      const stream = await opened(store()).find(name);
      if (stream === undefined || stream === 'soft-deleted') throw missing(name);
      yield* chunksOf(stream, from === 'now' ? stream.tail : from, signal);
    },
  };
}

async function findOrCreate(
  store: StreamStore,
  name: string,
  contentType: string | undefined,
): Promise<Stream> {
  const found = await store.find(name);
  if (found === 'soft-deleted') throw missing(name);
  if (found !== undefined) {
    const isOther = contentType !== undefined && !isSameType(contentType, found.config.contentType);
    if (isOther) throw new StreamError('other-type', `${name} is ${found.config.contentType}`);
    return found;
  }
  const type = contentType ?? 'application/octet-stream';
  if (!isMediaType(type)) throw new StreamError('invalid', `${type} is no content type`);
  const config = { contentType: type, ttlSeconds: undefined, expiresAt: undefined };
  return created(name, await store.create(name, config));
}

function created(name: string, outcome: Created): Stream {
  if (outcome.kind === 'created' || outcome.kind === 'exists') return outcome.stream;
  throw new StreamError(outcome.kind, `${name} cannot be created: ${outcome.kind}`);
}

function missing(name: string): StreamError {
  return new StreamError('missing', `there is no stream ${name}`);
}

function asStored(bytes: Uint8Array, { name, config }: Stream): Uint8Array {
  if (bytes.length === 0 || !isJson(config.contentType)) return bytes;
  const read = readJsonMessages(bytes);
  if (read.kind === 'messages' && read.count > 0) return read.bytes;
  throw new StreamError('invalid', `${name}: that is no JSON message`);
}

function afterAppend(appended: Appended, isClosing: boolean): StreamAppended {
  switch (appended.kind) {
    case 'appended':
    case 'duplicate': {
      const { tail, closed } = appended;
      return { offset: formatOffset(tail), closed, duplicate: appended.kind === 'duplicate' };
    }
    case 'closed':
      if (isClosing) return { offset: formatOffset(appended.tail), closed: true, duplicate: true };
      throw new StreamError('closed', 'the stream is closed');
    default:
      throw new StreamError(appended.kind, `nothing is appended: ${appended.kind}`);
  }
}

/** Bytes of one chunk; a longer message has one of its own. */
const MAX_CHUNK = 64 * 1024;

async function* chunksOf(
  stream: Stream,
  start: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamChunk, void, void> {
  const { file, config } = stream;
  const json = isJson(config.contentType);
  file.retain();
  try {
    if (start > stream.tail || (json && !(await isBoundary(file, start)))) {
      throw new StreamError('invalid', `${stream.name} has no such place`);
    }
    for (let at = start; signal?.aborted !== true; ) {
      const { tail, closed, state } = stream;
      if (at < tail) {
        const limit = Math.min(tail, at + MAX_CHUNK);
        const end = json && limit < tail ? await boundaryNear(file, at, limit, tail) : limit;
        const bytes = await bytesOf(file, at, end);
        at = end;
        yield { bytes: json ? asArray(bytes) : bytes, offset: formatOffset(end) };
      } else if (closed || state !== 'live') {
        return;
      } else {
        stream.touch();
        await change(stream, signal);
      }
    }
  } finally {
    file.release();
  }
}

/** Of messages as they are stored. */
function asArray(bytes: Buffer): Uint8Array {
  return Buffer.concat([Buffer.from('['), bytes.subarray(0, bytes.length - 2), Buffer.from(']')]);
}

/** Or the signal, at once where it has aborted. */
function change(stream: Stream, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      stop();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const stop = stream.onChange(end);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}
