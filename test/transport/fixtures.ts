// What transport tests share: file entries that count their references, a handler that is a table, limits.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineLimits } from '../../src/addon/engine.ts';
import type { NativeFile, NativeMemory } from '../../src/addon/files.ts';
import type { NativeAddon } from '../../src/addon/types.ts';
import type { FileEntry } from '../../src/files/entry.ts';
import { openRoot } from '../../src/files/open.ts';
import type { FieldList } from '../../src/http/field-list.ts';
import type { Log } from '../../src/log/log.ts';
import { errorPlan } from '../../src/plan/errors.ts';
import type { RequestHead } from '../../src/plan/request.ts';
import type { Body, Span } from '../../src/plan/types.ts';
import type { Answer, Handler } from '../../src/site/answer.ts';
import { makeTree, pattern, type Teardown } from '../support/tree.ts';

export const LIMITS: EngineLimits = {
  maxHeaderSize: 16384,
  maxTargetSize: 8192,
  maxConnections: 10000,
  headerTimeoutMs: 10000,
  keepAliveTimeoutMs: 75000,
  sendTimeoutMs: 60000,
  keepAliveRequests: 0,
  keepAliveLifeMs: 0,
  limitRate: 0,
  limitRateAfter: 0,
  maxConnectionsPerAddress: 0,
  requestRate: undefined,
  allow: [],
  deny: [],
  sendfileMaxChunk: 2 ** 21,
  sendfileMin: 2 ** 16,
  maxDrain: 65536,
  revalidateMs: 1000,
  verifySendfile: false,
  h2c: false,
  serverTiming: false,
};

/** A file as a transport sees it. `references` is 1 (the table's) when nobody sends from it. */
export interface CountedEntry extends FileEntry {
  readonly references: number;
}

export interface EntryOptions {
  /** Also hold its bytes in memory. */
  readonly cached?: boolean;
  /** Open it by the addon, so that engine threads can send it. */
  readonly addon?: NativeAddon | undefined;
}

/** Opens a file of the tree. Closed when the test ends. */
export async function openEntry(
  t: Teardown,
  root: string,
  path: string,
  { cached = false, addon }: EntryOptions = {},
): Promise<CountedEntry> {
  const opened = openRoot(root, 'inside', addon);
  const [found] = await opened.open([path]);
  if (found?.type !== 'file') throw new Error(`${path}: ${found?.type}`);
  const { file, size, mtimeMs, version } = found;
  t.teardown(() => {
    file.close();
    opened.close();
  });
  let references = 1;
  return {
    path,
    coding: 'identity',
    size,
    mtimeMs,
    etag: `"${size}"`,
    lastModified: undefined,
    fields: ['ETag', `"${size}"`],
    contentFields: ['Content-Type', 'application/octet-stream'],
    encodable: false,
    digestFields: [],
    cached,
    uses: 0,
    trusted: true,
    refused: false,
    file,
    version,
    memory: cached ? await memoryOf(join(root, path), file.native, addon) : undefined,
    markChanged() {},
    retain: () => void references++,
    release: () => void references--,
    markRefused() {},
    get references() {
      return references;
    },
  };
}

async function memoryOf(
  path: string,
  file: NativeFile | undefined,
  addon: NativeAddon | undefined,
): Promise<NativeMemory> {
  if (addon && file) {
    const memory = await addon.createArena(2 ** 24).snapshot(file);
    if (typeof memory === 'string') throw new Error(memory);
    return memory;
  }
  const bytes = new Uint8Array(readFileSync(path));
  const buffer = () => bytes.buffer;
  return { size: bytes.length, release() {}, bytes: buffer, lend: buffer };
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

export const SMALL = 1000;
export const MEDIUM = 40_000;
export const LARGE = 8 * 2 ** 20;

export interface Site {
  readonly root: string;
  readonly handler: Handler;
  readonly entries: readonly CountedEntry[];
}

/** One path for each kind of body; file bodies that are not in memory go by `strategy`. */
export async function makeSite(
  t: Teardown,
  strategy: 'sendfile' | 'read',
  addon?: NativeAddon,
): Promise<Site> {
  // Only what has not been written lately can be told from what is written now: the cache takes nothing younger.
  const mtime = new Date('2024-01-01');
  const root = makeTree(t, {
    'empty.bin': '',
    'small.bin': { size: SMALL, mtime },
    'medium.bin': { size: MEDIUM, mtime },
    'large.bin': { size: LARGE, mtime },
  });
  const open = (path: string, cached = false) => openEntry(t, root, path, { cached, addon });
  const [empty, small, large] = [
    await open('empty.bin'),
    await open('small.bin'),
    await open('large.bin'),
  ];
  const [cached, medium] = [await open('small.bin', true), await open('medium.bin', true)];
  const handler = tableHandler({
    '/none': () => answer(304, ['ETag', '"x"'], { kind: 'none' }),
    '/bytes': () =>
      answer(200, ['Content-Length', '5'], { kind: 'bytes', bytes: Buffer.from('hello') }),
    '/cached': () => fileAnswer(cached, 'mmap'),
    '/cached-range': () => fileAnswer(cached, 'mmap', { start: 1, end: 9 }),
    '/cached-parts': () => partsOf(cached, 'mmap'),
    '/medium': () => fileAnswer(medium, 'mmap'),
    '/empty': () => fileAnswer(empty, strategy),
    '/small': () => fileAnswer(small, strategy),
    '/later': async () => fileAnswer(small, strategy),
    '/large': () => fileAnswer(large, strategy),
    '/large-range': () => fileAnswer(large, strategy, { start: 7, end: LARGE - 7 }),
    '/parts': () => partsOf(large, strategy),
  });
  return { root, handler, entries: [empty, small, large, cached, medium] };
}

/** What `makeSite` answers. */
export function siteAnswers(): ReadonlyArray<
  readonly [target: string, status: number, body: Buffer]
> {
  const small = pattern(SMALL);
  const large = pattern(LARGE);
  return [
    ['/none', 304, Buffer.of()],
    ['/bytes', 200, Buffer.from('hello')],
    ['/cached', 200, small],
    ['/cached-range', 206, small.subarray(1, 9)],
    ['/cached-parts', 206, multipart(small)],
    ['/medium', 200, pattern(MEDIUM)],
    ['/empty', 200, Buffer.of()],
    ['/small', 200, small],
    ['/later', 200, small],
    ['/large', 200, large],
    ['/large-range', 206, large.subarray(7, -7)],
    ['/parts', 206, multipart(large)],
  ];
}

const PART_HEADS = ['--x\r\nA: 1\r\n\r\n', '\r\n--x\r\nA: 2\r\n\r\n'] as const;
const TAIL = '\r\n--x--\r\n';

/** Its first and last ten bytes as multipart. */
export function partsOf(file: FileEntry, strategy: 'mmap' | 'sendfile' | 'read'): Answer {
  const parts = [
    { head: PART_HEADS[0], span: { start: 0, end: 10 } },
    { head: PART_HEADS[1], span: { start: file.size - 10, end: file.size } },
  ];
  const length = parts.reduce((sum, { head }) => sum + head.length + 10, TAIL.length);
  const fields = ['Content-Length', String(length)];
  return answer(206, fields, {
    kind: 'parts',
    strategy,
    reason: 'forced',
    file,
    parts,
    tail: TAIL,
  });
}

/** The body of `partsOf`. */
export function multipart(bytes: Buffer): Buffer {
  const [first, second] = PART_HEADS.map((head) => Buffer.from(head)) as [Buffer, Buffer];
  return Buffer.concat([
    first,
    bytes.subarray(0, 10),
    second,
    bytes.subarray(-10),
    Buffer.from(TAIL),
  ]);
}
