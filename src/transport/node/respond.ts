// Sends a plan as the response of node:http, node:https or http2's compatibility API.
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Protocol } from '../../addon/wire.ts';
import type { FileEntry } from '../../files/entry.ts';
import { type FieldList, pairs } from '../../http/field-list.ts';
import { type Log, textOf } from '../../log/log.ts';
import { isWithoutContent } from '../../plan/page.ts';
import type { Reason } from '../../plan/types.ts';
import type { Answer } from '../../site/answer.ts';
import { type BodyWriter, type SpanBody, withFile, writeBody } from '../body.ts';
import { type Counters, Sending } from '../counters.ts';
import type { Asked } from '../ended.ts';
import { isWithin, type Pace, paced } from '../pace.ts';
import { type Pieces, reportChange, sendPieces } from '../pieces.ts';
import { withTiming } from '../timing.ts';
import { http } from './builtin.ts';
import { closeWithClient, cutOff, isHttp2 } from './http2-response.ts';
import { responseSink } from './response-sink.ts';
import type { Transfers } from './transfers.ts';

/** What responses have in common: where they are counted, reported, and handed to. */
export interface Outlet {
  readonly counters: Counters;
  readonly log: Log;
  /** Sends files on engine threads; undefined without the addon. */
  readonly transfers: Transfers | undefined;
  /** Say in Server-Timing what the connection speaks. */
  readonly serverTiming: boolean;
  /** How fast bodies may leave; undefined: as fast as they go. */
  readonly pace?: Pace | undefined;
  /** For whom it matters which bodies are not yet wholly handed to their sockets. */
  readonly pending?: Set<ServerResponse>;
}

/**
 * Sends the whole answer. The response must be its connection's current one (pipeline.ts). Throws where the plan's file is closed already (before the head), and what those throw who
 * have wrapped the response.
 */
export function sendPlan(plan: Answer, res: ServerResponse, asked: Asked, outlet: Outlet): void {
  const { status, body, resource } = plan;
  const protocol = protocolOf(res);
  const fields = outlet.serverTiming ? timed(plan.fields, protocol, res) : plan.fields;
  const sending = new Sending(outlet.counters, status, protocol, asked);
  withFile(body, () => {
    if (plan.close) res.shouldKeepAlive = false;
    const isOurs = resource === undefined;
    if (isOurs || isWithoutContent(status)) for (const name of OF_CONTENT) res.removeHeader(name);
    const before = res.getHeaderNames();
    const { statusCode } = res;
    try {
      writeHead(status, fields, before, isOurs ? OF_PAGE : STRUCTURE, res);
      writeBody(body, new ResponseWriter(res, sending, outlet));
    } catch (error) {
      if (!res.headersSent) {
        withdraw(fields, before, res);
        res.statusCode = statusCode;
      }
      throw error;
    }
  });
}

/** An imitation of a response may have no request, and say nothing. */
export function protocolOf({ req }: Partial<ServerResponse>): Protocol {
  if (req?.httpVersionMajor === 2) return 'h2';
  return req?.httpVersion === '1.0' ? 'http/1.0' : 'http/1.1';
}

/** All of it is written: it is counted when the kernel has it, or the client has gone away. */
function seeEnd(res: ServerResponse, sending: Sending): void {
  if (res.writableFinished) {
    sending.end('done');
    return;
  }
  closeWithClient(res);
  res.once('close', () => sending.end(res.writableFinished ? 'done' : 'gone'));
}

function timed(fields: FieldList, protocol: Protocol, { req }: ServerResponse): FieldList {
  const socket = req.socket as Partial<TLSSocket> | undefined;
  return withTiming(fields, protocol, socket?.getProtocol?.());
}

class ResponseWriter implements BodyWriter {
  readonly #res: ServerResponse;
  readonly #sending: Sending;
  readonly #outlet: Outlet;
  /** A stream of HTTP/2 that was reset closes before its connection has sent what it was given. */
  readonly keeps: boolean;
  /** What somebody else's write() or end() throws is then no error of the host's to answer. */
  readonly copies: boolean;

  constructor(res: ServerResponse, sending: Sending, outlet: Outlet) {
    this.#res = res;
    this.#sending = sending;
    this.#outlet = outlet;
    this.keeps = isHttp2(res);
    this.copies = !isWrapped(res);
  }

  none(): void {
    this.#res.end();
    seeEnd(this.#res, this.#sending);
  }

  bytes(bytes: Uint8Array): void {
    this.#sending.byBytes();
    if (bytes.length > SLICE || !isWithin(this.#outlet.pace, bytes.length)) {
      const slices = sendSlices(bytes, this.#res, this.#sending, this.#outlet.pace);
      seeThrough(slices, this.#res, this.#outlet);
      return;
    }
    this.#sending.add(bytes.length);
    this.#res.end(ownBytes(bytes, this.#res));
    seeEnd(this.#res, this.#sending);
  }

  memory(bytes: Buffer, file: FileEntry, reason: Reason): void {
    this.#sending.by('mmap', reason);
    if (!isWithin(this.#outlet.pace, bytes.length)) {
      file.retain();
      const slices = sendSlices(bytes, this.#res, this.#sending, this.#outlet.pace);
      seeThrough(
        slices.finally(() => file.release()),
        this.#res,
        this.#outlet,
      );
      return;
    }
    this.#sending.add(bytes.length);
    sendMemory(bytes, file, this.#res, this.#outlet.counters);
    seeEnd(this.#res, this.#sending);
  }

  copy(bytes: Buffer, reason: Reason): void {
    this.#sending.by('read', reason);
    if (!isWithin(this.#outlet.pace, bytes.length)) {
      const slices = sendSlices(bytes, this.#res, this.#sending, this.#outlet.pace);
      seeThrough(slices, this.#res, this.#outlet);
      return;
    }
    this.#sending.add(bytes.length);
    this.#res.end(bytes);
    seeEnd(this.#res, this.#sending);
  }

  descriptor(body: SpanBody): void {
    sendFile(body, this.#res, this.#sending, this.#outlet);
  }

  pieces(body: Pieces): void {
    sendInPieces(body, this.#res, this.#sending, this.#outlet);
  }
}

/** What others have said of the content does not hold for a page of ours, nor where there is none (a 304). */
const OF_CONTENT = [
  'content-type',
  'content-length',
  'content-range',
  'content-encoding',
  'content-language',
  'content-disposition',
];

/** Fields that say how the body is framed and coded: nobody's earlier setting may contradict the plan's. */
const STRUCTURE = new Set(['content-length', 'content-range', 'content-encoding']);

/** The same of a page of ours, which knows what it loads. */
const OF_PAGE = new Set([...STRUCTURE, 'content-security-policy', 'x-content-type-options']);

/** Has somebody (a compressor, a minifier, a session) put functions of their own in the way of the body? */
export function isWrapped(res: ServerResponse): boolean {
  return Object.hasOwn(res, 'write') || Object.hasOwn(res, 'end');
}

/** Does the body go to the connection by the methods of node:http, and by no imitation's? */
export function isPlain(res: ServerResponse): boolean {
  const { write, end } = http.ServerResponse.prototype;
  return res.write === write && res.end === end;
}

/** And from there to the kernel, or into records of TLS, by those of node:net? */
function isNodes(res: ServerResponse): boolean {
  const { socket } = res;
  if (!isPlain(res) || !(socket instanceof Socket)) return false;
  const { write, _write, _writev } = Socket.prototype;
  return socket.write === write && socket._write === _write && socket._writev === _writev;
}

/**
 * Writes the head in node's flat form, which costs least. Where others have set fields before
 * (middleware) or watch the head (`on-headers`), fields go in one by one: theirs stay but for those that the
 * plan has `decided`, Vary is joined.
 * Whoever wraps the body decides on its length when it sees the first or the last of it, so the head is left
 * to be written then.
 */
function writeHead(
  status: number,
  fields: FieldList,
  before: readonly string[],
  decided: ReadonlySet<string>,
  res: ServerResponse,
): void {
  const wrapped = isWrapped(res);
  if (
    before.length === 0 &&
    !wrapped &&
    res.writeHead === http.ServerResponse.prototype.writeHead
  ) {
    res.writeHead(status, fields as string[]);
    return;
  }
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    const key = name.toLowerCase();
    if (!before.includes(key)) res.appendHeader(name, value);
    else if (decided.has(key)) res.setHeader(name, value);
    else if (key === 'vary') res.setHeader(name, joinVary(String(res.getHeader(name)), value));
  }
  res.statusCode = status;
  if (!wrapped) res.writeHead(status);
}

/** What the host answers instead of a plan has no business with the plan's fields. */
function withdraw(fields: FieldList, before: readonly string[], res: ServerResponse): void {
  for (const [name] of pairs(fields)) {
    if (!before.includes(name.toLowerCase())) res.removeHeader(name);
  }
}

/** RFC 9110 §12.5.5: a list of field names, or `*`. */
function joinVary(theirs: string, ours: string): string {
  const names = theirs.split(',').map((name) => name.trim().toLowerCase());
  const missing = ours.split(',').filter((name) => !names.includes(name.trim().toLowerCase()));
  if (names.includes('*') || missing.length === 0) return theirs;
  return `${theirs}, ${missing.join(',').trim()}`;
}

/** Head and body leave in one write; the memory is held until the kernel has the bytes. */
function sendMemory(bytes: Buffer, file: FileEntry, res: ServerResponse, counters: Counters): void {
  res.end(ownBytes(bytes, res));
  if (res.writableFinished) return;
  file.retain();
  counters.transfers++;
  res.once('close', () => {
    counters.transfers--;
    file.release();
  });
}

/** Whoever else takes the body may keep what it is given, or change it in place; these bytes are others' too. */
function ownBytes(bytes: Uint8Array, res: ServerResponse): Uint8Array {
  const isForNode = isNodes(res) || (isHttp2(res) && !isWrapped(res));
  return isForNode ? bytes : Buffer.from(bytes);
}

/** Bytes that are written at a time. */
const SLICE = 256 * 1024;

/**
 * TLS, HTTP/2 and compressors keep a copy of what they are given, one for each client: they get it as it is taken. So does a
 * client whose answer may leave no faster.
 */
async function sendSlices(
  bytes: Uint8Array,
  res: ServerResponse,
  sending: Sending,
  pace: Pace | undefined,
): Promise<void> {
  const sink = paced(responseSink(res, undefined), pace);
  let at = 0;
  while (at < bytes.length && (await sink.write(bytes.subarray(at, at + SLICE)))) {
    const end = Math.min(bytes.length, at + SLICE);
    sending.add(end - at);
    at = end;
  }
  if (at === bytes.length) {
    res.end();
    sending.end('done');
  } else {
    sending.end('gone');
    cutOff(res);
  }
}

/** What the socket takes at once goes at once; an engine thread sends the rest. */
function sendFile(body: SpanBody, res: ServerResponse, sending: Sending, outlet: Outlet): void {
  const { file, reason, span } = body;
  const { log, transfers } = outlet;
  const { socket } = res;
  const { native } = file.file;
  let taken = 0;
  if (transfers && socket && native && transfers.takes(socket)) {
    res.flushHeaders();
    if (socket.writableLength === 0) taken = transfers.sendNow(socket, native, span);
  }
  sending.by('sendfile', reason);
  if (taken >= 0 && taken < span.end - span.start) {
    sending.add(taken);
    const rest = { start: span.start + taken, end: span.end };
    sendInPieces({ file, reason, strategy: 'sendfile', pieces: [rest] }, res, sending, outlet);
    return;
  }
  sending.add(span.end - span.start);
  if (taken >= 0) {
    res.end();
    seeEnd(res, sending);
  } else {
    reportChange(file, sending, log);
    cutOff(res);
  }
}

function sendInPieces(body: Pieces, res: ServerResponse, sending: Sending, outlet: Outlet): void {
  const sink = paced(responseSink(res, outlet.transfers), outlet.pace);
  const sent = sendPieces(body, sink, sending, outlet.counters, outlet.log).then((whole) => {
    if (!whole) {
      cutOff(res);
      return;
    }
    res.end();
    sending.end('done');
  });
  seeThrough(sent, res, outlet);
}

/** What somebody else's write() or end() (a compressor's) throws meanwhile costs this answer only. */
function seeThrough(sending: Promise<void>, res: ServerResponse, { pending, log }: Outlet): void {
  pending?.add(res);
  sending
    .catch((error) => {
      log.error(`unexpected: ${textOf(error)}`, 'respond');
      cutOff(res);
    })
    .finally(() => pending?.delete(res));
}
