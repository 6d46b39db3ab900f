// Sends a plan as the response of node:http, node:https or http2's compatibility API.
import { ServerResponse } from 'node:http';
import type { FileEntry } from '../files/entry.ts';
import type { Body, FieldList, Span } from '../plan/types.ts';
import type { Counters } from './counters.ts';
import { type Pieces, sendPieces } from './pieces.ts';
import type { Transfers } from './transfers.ts';
import type { Answer, Log } from './transport.ts';

/** What responses have in common: where they are counted, reported, and handed to. */
export interface Outlet {
  readonly counters: Counters;
  readonly log: Log;
  /** Sends files on engine threads; undefined without the addon. */
  readonly transfers: Transfers | undefined;
  /** Responses that wait for their plan, or whose body is not yet wholly handed to the socket. */
  readonly pending: Set<ServerResponse>;
}

/** Sends the whole answer. The response must be its connection's turn: `res.socket` is set. */
export function sendPlan(plan: Answer, res: ServerResponse, outlet: Outlet): void {
  const { body } = plan;
  if (plan.close) res.shouldKeepAlive = false;
  writeHead(plan.status, plan.fields, res);
  switch (body.kind) {
    case 'none':
      outlet.counters.none.responses++;
      res.end();
      return;
    case 'bytes':
      outlet.counters.bytes.responses++;
      outlet.counters.bytes.bytes += body.bytes.length;
      res.end(body.bytes);
      return;
    case 'mmap': {
      const bytes = viewOf(body.file, body.span);
      if (bytes) sendMemory(bytes, body, res, outlet);
      else sendPieces({ ...body, strategy: 'read', pieces: [body.span] }, res, outlet);
      return;
    }
    case 'sendfile':
    case 'read':
      sendPieces({ ...body, strategy: body.kind, pieces: [body.span] }, res, outlet);
      return;
    case 'parts':
      sendParts(body, res, outlet);
      return;
    default:
      body satisfies never;
  }
}

/** Fields that say how the body is framed and coded: nobody's earlier setting may contradict the plan's. */
const STRUCTURE = new Set(['content-length', 'content-range', 'content-encoding']);

/**
 * Writes the head in node's flat form, which costs least. Where others have set fields before
 * (middleware) or watch the head (`on-headers`), fields go in one by one: theirs stay, Vary is joined.
 */
function writeHead(status: number, fields: FieldList, res: ServerResponse): void {
  if (res.writeHead === ServerResponse.prototype.writeHead && res.getHeaderNames().length === 0) {
    res.writeHead(status, fields as string[]);
    return;
  }
  const before = new Set(res.getHeaderNames());
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    const key = name.toLowerCase();
    if (!before.has(key)) res.appendHeader(name, value);
    else if (STRUCTURE.has(key)) res.setHeader(name, value);
    else if (key === 'vary') res.setHeader(name, joinVary(String(res.getHeader(name)), value));
  }
  res.writeHead(status);
}

/** RFC 9110 §12.5.5: a list of field names, or `*`. */
function joinVary(theirs: string, ours: string): string {
  const names = theirs.split(',').map((name) => name.trim().toLowerCase());
  const missing = ours.split(',').filter((name) => !names.includes(name.trim().toLowerCase()));
  return names.includes('*') || missing.length === 0
    ? theirs
    : `${theirs}, ${missing.join(',').trim()}`;
}

/** The span's bytes in memory without a copy; undefined where reading them could fault. */
function viewOf(file: FileEntry, span: Span): Buffer | undefined {
  const memory = file.memory?.bytes();
  return memory && Buffer.from(memory, span.start, span.end - span.start);
}

type MemoryBody = Extract<Body<FileEntry>, { kind: 'mmap' | 'sendfile' | 'read' | 'parts' }>;

/** Head and body leave in one write; the memory is held until the kernel has the bytes. */
function sendMemory(bytes: Buffer, body: MemoryBody, res: ServerResponse, outlet: Outlet): void {
  const { file } = body;
  const tally = outlet.counters.file('mmap', body.reason);
  tally.responses++;
  tally.bytes += bytes.length;
  file.retain();
  res.end(bytes);
  if (res.writableFinished) {
    file.release();
    return;
  }
  res.once('close', () => {
    if (!res.writableFinished) outlet.counters.aborted++;
    file.release();
  });
}

function sendParts(
  body: Extract<Body<FileEntry>, { kind: 'parts' }>,
  res: ServerResponse,
  outlet: Outlet,
): void {
  const pieces: Pieces['pieces'] = [
    ...body.parts.flatMap((part) => [part.head, part.span]),
    body.tail,
  ];
  const memory = body.strategy === 'mmap' ? body.file.memory?.bytes() : undefined;
  if (!memory) {
    const strategy = body.strategy === 'mmap' ? 'read' : body.strategy;
    sendPieces({ ...body, strategy, pieces }, res, outlet);
    return;
  }
  const whole = Buffer.concat(
    pieces.map((piece) =>
      typeof piece === 'string'
        ? Buffer.from(piece, 'latin1')
        : Buffer.from(memory, piece.start, piece.end - piece.start),
    ),
  );
  sendMemory(whole, body, res, outlet);
}
