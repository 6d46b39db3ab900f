// The one switch over what a body can be, for carriers that send it here (the engine is told by engine/reply.ts). Each
// knows how it sends the forms that are left.
import type { FileEntry } from '../files/entry.ts';
import type { Body, Reason, Span } from '../plan/types.ts';
import type { Pieces } from './pieces.ts';

/** One span of a file. */
export type SpanBody = Extract<Body<FileEntry>, { readonly span: Span }>;

export type FeedBody = Extract<Body<FileEntry>, { readonly kind: 'feed' }>;

type PartsBody = Extract<Body<FileEntry>, { readonly kind: 'parts' }>;

/** Sends one answer's body, each form in its carrier's way, and counts it. */
export interface BodyWriter {
  none(): void;
  /** Bytes that are no file's. */
  bytes(bytes: Uint8Array): void;
  /** May it go on with bytes of a file after it has released that? */
  readonly keeps?: boolean;
  /** Bytes of a file, in mapped memory: there while the file is retained, or as long as the writer keeps them. */
  memory(bytes: Buffer, file: FileEntry, reason: Reason): void;
  /** By descriptor; absent where the carrier takes none: its files are read. */
  descriptor?(body: SpanBody): void;
  /** May a small body be read at once, and leave in one piece? */
  readonly copies: boolean;
  /** Bytes of a file, read for this answer alone. */
  copy(bytes: Buffer, reason: Reason): void;
  /** Piece by piece. */
  pieces(body: Pieces): void;
  /** Made while it is sent. */
  feed(body: FeedBody): void;
}

/** The body's file is retained. */
export function writeBody(body: Body<FileEntry>, writer: BodyWriter): void {
  switch (body.kind) {
    case 'none':
      writer.none();
      return;
    case 'bytes':
      writer.bytes(body.bytes);
      return;
    case 'feed':
      writer.feed(body);
      return;
    case 'mmap': {
      const bytes = viewOf(body, writer.keeps === true);
      if (bytes) writer.memory(bytes, body.file, body.reason);
      else readSpan(body, writer);
      return;
    }
    case 'sendfile':
      if (writer.descriptor) writer.descriptor(body);
      else readSpan(body, writer);
      return;
    case 'read':
      readSpan(body, writer);
      return;
    case 'parts': {
      const bytes = body.strategy === 'mmap' ? multipartOf(body) : undefined;
      if (bytes) writer.memory(bytes, body.file, body.reason);
      else writer.pieces(piecesOf(body, writer.descriptor !== undefined));
      return;
    }
    default:
      body satisfies never;
  }
}

/** Retains the body's file while `send` runs. Throws, before that, where it is closed already. */
export function withFile(body: Body<FileEntry>, send: () => void): void {
  const file = 'file' in body ? body.file : undefined;
  file?.retain();
  try {
    send();
  } finally {
    file?.release();
  }
}

/** The span's bytes in memory without a copy; undefined where reading them could fault. */
function viewOf({ file, span }: SpanBody, keeps: boolean): Buffer | undefined {
  const memory = keeps ? file.memory?.bytes() : lent(file);
  return memory && Buffer.from(memory, span.start, span.end - span.start);
}

function lent({ memory }: FileEntry): ArrayBuffer | undefined {
  return memory?.view ?? memory?.lend();
}

/** What is in the page cache costs less to read here than the way to libuv's pool and back, up to so many bytes. */
const READ_NOW_MAX = 64 * 1024;

function readSpan({ file, reason, span }: SpanBody, writer: BodyWriter): void {
  const length = span.end - span.start;
  if (writer.copies && length > 0 && length <= READ_NOW_MAX) {
    const bytes = Buffer.allocUnsafe(length);
    if (file.file.native?.readNow(bytes, span.start)) {
      writer.copy(bytes, reason);
      return;
    }
  }
  writer.pieces({ strategy: 'read', reason, file, pieces: [span] });
}

function piecesOf(
  { strategy, reason, file, parts, tail }: PartsBody,
  byDescriptor: boolean,
): Pieces {
  return {
    strategy: strategy === 'sendfile' && byDescriptor ? strategy : 'read',
    reason,
    file,
    pieces: [...parts.flatMap((part) => [part.head, part.span]), tail],
  };
}

/** A multipart body from memory, in one buffer: many small pieces cost more than one small copy. */
function multipartOf(body: PartsBody): Buffer | undefined {
  const memory = lent(body.file);
  if (!memory) return undefined;
  const chunks = piecesOf(body, false).pieces.map((piece) =>
    typeof piece === 'string'
      ? Buffer.from(piece, 'latin1')
      : Buffer.from(memory, piece.start, piece.end - piece.start),
  );
  return Buffer.concat(chunks);
}
