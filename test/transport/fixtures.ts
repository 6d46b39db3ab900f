// What transport tests share: file entries that count their references, a handler that is a table, limits.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileEntry } from '../../src/files/entry.ts';
import type { EngineLimits, NativeMemory } from '../../src/native.ts';
import { errorPlan } from '../../src/plan/errors.ts';
import type { Body, FieldList, Span } from '../../src/plan/types.ts';
import type { RequestHead } from '../../src/request.ts';
import type { Answer, Handler, Log } from '../../src/transport/transport.ts';
import type { Teardown } from '../support/tree.ts';

export const LIMITS: EngineLimits = {
  maxHeaderSize: 16384,
  maxTargetSize: 8192,
  maxConnections: 10000,
  headerTimeoutMs: 10000,
  keepAliveTimeoutMs: 75000,
  sendTimeoutMs: 60000,
  sendfileMaxChunk: 2 ** 21,
  maxDrain: 65536,
  revalidateMs: 1000,
  verifySendfile: false,
};

/** A file as a transport sees it. `references` is 1 (the table's) when nobody sends from it. */
export interface CountedEntry extends FileEntry {
  readonly references: number;
}

/** Opens a file; `cached` also has its bytes in memory. Closed when the test ends. */
export function openEntry(t: Teardown, root: string, path: string, cached = false): CountedEntry {
  const fd = openSync(join(root, path), 'r');
  t.teardown(() => closeSync(fd));
  const { size, mtimeMs } = fstatSync(fd);
  let references = 1;
  const entry = {
    path,
    coding: 'identity' as const,
    size,
    mtimeMs,
    etag: `"${size}"`,
    lastModified: undefined,
    fields: ['ETag', `"${size}"`],
    contentFields: ['Content-Type', 'application/octet-stream'],
    cached,
    uses: 0,
    trusted: true,
    refused: false,
    file: { fd, native: undefined, close() {} },
    version: `${size}-${mtimeMs}`,
    memory: cached ? copyOf(join(root, path)) : undefined,
    retain: () => void references++,
    release: () => void references--,
    markRefused() {},
    get references() {
      return references;
    },
  };
  return entry;
}

function copyOf(path: string): NativeMemory {
  const bytes = new Uint8Array(readFileSync(path));
  return { size: bytes.length, release() {}, bytes: () => bytes.buffer };
}

/** 200 with the whole file, or 206 with a span of it. */
export function fileAnswer(
  file: FileEntry,
  kind: 'mmap' | 'sendfile' | 'read',
  span: Span = { start: 0, end: file.size },
): Answer {
  const whole = span.end - span.start === file.size;
  const range: FieldList = whole
    ? []
    : ['Content-Range', `bytes ${span.start}-${span.end - 1}/${file.size}`];
  return answer(
    whole ? 200 : 206,
    [...file.fields, ...range, 'Content-Length', String(span.end - span.start)],
    { kind, reason: 'forced', file, span },
  );
}

export function answer(status: number, fields: FieldList, body: Body<FileEntry>): Answer {
  return { status, fields, body, close: false, memo: undefined };
}

/** Answers each target by its row, and what has none by 404. */
export function tableHandler(
  rows: Readonly<Record<string, (request: RequestHead) => Answer | Promise<Answer>>>,
): Handler {
  return (request) => rows[request.target]?.(request) ?? errorPlan(404);
}

/** A log that keeps its lines. */
export function memoryLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (message: string) => void lines.push(message);
  return { lines, info: keep, warn: keep, error: keep };
}

/** Lets the event loop run until the condition holds; the test's own timeout is its limit. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
