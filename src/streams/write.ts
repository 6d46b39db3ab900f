// Writes: a stream is created or forked, appended to, closed, deleted. PROTOCOL.md §5.1 to §5.4, §4.2. What can be refused
// is refused before the content is received.

import { isJson, isSameType } from '../http/media-type.ts';
import { statusOfErrno } from '../plan/errors.ts';
import type { Content } from '../plan/request.ts';
import {
  answerOf,
  MISSING,
  positionFields,
  refuse,
  SOFT_DELETED,
  type StreamAnswer,
} from './answers.ts';
import { readJsonMessages } from './json-messages.ts';
import type { AppendOperation } from './operations.ts';
import type {
  Appended,
  Created,
  Fork,
  ForkConfig,
  Refused,
  Room,
  Stream,
  StreamConfig,
  StreamStore,
} from './store/types.ts';

/** What a request brings to its stream. */
export interface Writing {
  readonly store: StreamStore;
  readonly name: string;
  readonly content: Content | undefined;
  /** Bytes. */
  readonly maxAppend: number;
}

const NO_LENGTH = ['Content-Length', '0'];

/** What a new stream is to be: one of its own, or a fork. */
export type Wanted = { readonly closed: boolean } & (
  | { readonly config: StreamConfig; readonly fork: undefined }
  | { readonly config: ForkConfig; readonly fork: Fork }
);

/** `location`: where it is to be found then. */
export async function answerCreate(
  writing: Writing,
  wanted: Wanted,
  location: string,
): Promise<StreamAnswer> {
  const { store, name } = writing;
  const contentType =
    wanted.config.contentType ?? (await typeOfSource(store, wanted.fork?.from ?? ''));
  return receiveInto(writing, async (bytes, room) => {
    const read = messagesIn(bytes, contentType ?? '');
    if (read === undefined) return NO_JSON;
    const { closed: close } = wanted;
    const isFirst = read.length > 0 || close;
    const first = isFirst ? { bytes: read, close } : undefined;
    const created =
      wanted.fork === undefined
        ? await store.create(name, wanted.config, first, room)
        : await store.fork(name, wanted.config, wanted.fork, first, room);
    return afterCreate(created, location);
  });
}

/** Undefined where there is none. */
async function typeOfSource(store: StreamStore, name: string): Promise<string | undefined> {
  const source = await store.find(name);
  return typeof source === 'object' ? source.config.contentType : undefined;
}

function afterCreate(created: Created, location: string): StreamAnswer {
  switch (created.kind) {
    case 'created':
      return described(201, created.stream, ['Location', location]);
    case 'exists':
      return described(200, created.stream, []);
    case 'conflict':
      return refuse(409, 'there is another stream');
    case 'soft-deleted':
      return refuse(409, 'the stream that was there is deleted, and has forks');
    case 'bad-name':
      return refuse(400, 'no stream can have this name');
    case 'no-source':
      return refuse(404, 'there is no stream to fork');
    case 'source-soft-deleted':
      return refuse(409, 'the stream to fork is deleted');
    case 'bad-offset':
      return refuse(400, 'the stream to fork has no such place');
    case 'other-type':
      return refuse(409, 'the stream to fork has another content type');
    default:
      return afterRefusal(created);
  }
}

function described(status: number, stream: Stream, more: readonly string[]): StreamAnswer {
  const { config, tail, closed } = stream;
  const position = positionFields({ next: tail, closed });
  return answerOf(status, ['Content-Type', config.contentType, ...position, ...more, ...NO_LENGTH]);
}

export async function answerAppend(
  writing: Writing,
  operation: AppendOperation,
): Promise<StreamAnswer> {
  const { store, name, content } = writing;
  const found = await store.find(name);
  if (found === undefined) return MISSING;
  if (found === 'soft-deleted') return SOFT_DELETED;
  const refusal = refusalOf(found, operation, content);
  if (refusal !== undefined) return refusal;
  // It stays open until its content is here.
  found.file.retain();
  try {
    return await receiveInto(writing, async (bytes, room) => {
      // A content of unknown length may yet be none.
      const late = bytes.length === 0 ? refusalOf(found, operation, undefined) : undefined;
      if (late !== undefined) return late;
      return append(found, operation, bytes, room);
    });
  } finally {
    found.file.release();
  }
}

/** As far as it shows before the content has come; in the order of §5.2, "Error Precedence". */
function refusalOf(
  stream: Stream,
  operation: AppendOperation,
  content: Content | undefined,
): StreamAnswer | undefined {
  const { contentType, producer, close } = operation;
  const isEmpty = content === undefined || content.length === 0;
  // Of a producer it may be what has closed it, once more.
  if (stream.closed && producer === undefined && !(close && content?.length === undefined)) {
    return closedAnswer(stream.tail, isEmpty && close ? 204 : 409);
  }
  if (isEmpty) return close ? undefined : refuse(400, 'there is nothing to append');
  if (contentType === undefined) return refuse(400, 'content-type is missing');
  if (!isSameType(contentType, stream.config.contentType)) {
    return refuse(409, 'the stream has another content type');
  }
  return undefined;
}

async function append(
  stream: Stream,
  operation: AppendOperation,
  bytes: Uint8Array,
  room: Room | undefined,
): Promise<StreamAnswer> {
  const { seq, producer, close } = operation;
  const read = messagesIn(bytes, stream.config.contentType);
  if (read === undefined) return NO_JSON;
  if (read.length === 0 && bytes.length > 0) return refuse(400, 'an empty array appends nothing');
  const appended = await stream.append({ bytes: read, seq, producer, close }, room);
  return afterAppend(appended, operation, read.length === 0);
}

const NO_JSON = refuse(400, 'the content is no JSON');

/** As the stream keeps them; undefined where they are to be JSON, and are not. */
function messagesIn(bytes: Uint8Array, contentType: string): Uint8Array | undefined {
  if (bytes.length === 0 || !isJson(contentType)) return bytes;
  const read = readJsonMessages(bytes);
  return read.kind === 'messages' ? read.bytes : undefined;
}

function afterAppend(
  appended: Appended,
  { producer }: AppendOperation,
  isClosing: boolean,
): StreamAnswer {
  switch (appended.kind) {
    case 'appended': {
      const { tail, closed } = appended;
      const position = positionFields({ next: tail, closed });
      if (producer === undefined) return answerOf(204, position);
      // §5.2.1 has another status for what an idempotent producer has appended.
      const status = isClosing ? 204 : 200;
      const length = status === 200 ? NO_LENGTH : [];
      return answerOf(status, [...position, ...producerFields(producer), ...length]);
    }
    case 'duplicate': {
      const { tail, closed } = appended;
      return answerOf(204, [
        ...positionFields({ next: tail, closed }),
        ...producerFields(appended),
      ]);
    }
    case 'closed':
      return closedAnswer(appended.tail, isClosing && producer === undefined ? 204 : 409);
    case 'seq-regressed':
      return refuse(409, 'stream-seq is not greater than the last one');
    case 'stale-epoch':
      return refuse(403, 'the producer has a newer epoch', [
        'Producer-Epoch',
        String(appended.epoch),
      ]);
    case 'epoch-must-start':
      return refuse(400, 'a new epoch begins with producer-seq 0');
    case 'seq-gap':
      return refuse(409, 'a producer-seq is missing before this one', [
        'Producer-Expected-Seq',
        String(appended.expected),
        'Producer-Received-Seq',
        String(appended.received),
      ]);
    case 'gone':
      return MISSING;
    default:
      return afterRefusal(appended);
  }
}

function producerFields({ epoch, seq }: { readonly epoch: number; readonly seq: number }) {
  return ['Producer-Epoch', String(epoch), 'Producer-Seq', String(seq)];
}

function closedAnswer(tail: number, status: 204 | 409): StreamAnswer {
  const position = positionFields({ next: tail, closed: true });
  return status === 204 ? answerOf(204, position) : refuse(409, 'the stream is closed', position);
}

function afterRefusal(refused: Refused): StreamAnswer {
  switch (refused.kind) {
    case 'too-large':
      return refused.of === 'append' ? TOO_LARGE : refuse(413, 'the stream has no room for it');
    case 'quota':
      return NO_SPACE;
    case 'busy':
      return BUSY;
    case 'failed':
      return failed(refused.errno);
  }
}

const TOO_LARGE = refuse(413, 'it is more than can be appended at a time');
const NO_SPACE = refuse(507, 'there is no space left for streams');
const BUSY = refuse(429, 'too much is being written', ['Retry-After', '1']);

/** RFC 4918 §11.5 for what the disk has no space for. */
function failed(errno: string): StreamAnswer {
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return { ...NO_SPACE, errno };
  const status = statusOfErrno(errno);
  const later = status === 503 ? ['Retry-After', '1'] : [];
  return { ...refuse(status, 'the server could not write it', later), errno };
}

export async function answerDelete({ store, name }: Writing): Promise<StreamAnswer> {
  const deleted = await store.delete(name);
  switch (deleted.kind) {
    case 'deleted':
      return answerOf(204, []);
    case 'missing':
      return MISSING;
    case 'soft-deleted':
      return SOFT_DELETED;
    case 'failed':
      return failed(deleted.errno);
  }
}

/** Receives the content, once there is room for it; it is given back afterwards. */
async function receiveInto(
  { store, content, maxAppend }: Writing,
  use: (bytes: Uint8Array, room: Room | undefined) => Promise<StreamAnswer>,
): Promise<StreamAnswer> {
  if (content === undefined) return use(new Uint8Array(), undefined);
  if (content.length !== undefined && content.length > maxAppend) return TOO_LARGE;
  const room = await store.reserve(content.length ?? maxAppend);
  try {
    const received = await content.receive(maxAppend);
    switch (received.kind) {
      case 'whole':
        return await use(received.bytes, room);
      case 'too-large':
        return TOO_LARGE;
      case 'gone':
        return refuse(400, 'the content is not whole');
    }
  } finally {
    room.free();
  }
}
