// Sends a plan as the response of node:http, node:https or http2's compatibility API.
import type { ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Protocol } from '../../addon/wire.ts';
import type { FileEntry } from '../../files/entry.ts';
import type { FieldList } from '../../http/field-list.ts';
import { type Log, textOf } from '../../log/log.ts';
import type { Reason } from '../../plan/types.ts';
import type { Answer } from '../../site/answer.ts';
import { type BodyWriter, type FeedBody, type SpanBody, withFile, writeBody } from '../body.ts';
import { type Counters, Sending } from '../counters.ts';
import type { Asked } from '../ended.ts';
import { sendFeed } from '../feed.ts';
import { isWithin, type Pace, paced } from '../pace.ts';
import { type Pieces, reportChange, sendPieces } from '../pieces.ts';
import type { Takers } from '../taker.ts';
import { withTiming } from '../timing.ts';
import { closeWithClient, cutOff, isHttp2, sendEarly } from './http2-response.ts';
import { liveSink } from './live.ts';
import { withHead } from './response-head.ts';
import { responseSink } from './response-sink.ts';
import type { Transfers } from './transfers.ts';
import { isNodes, isPlain, isWrapped } from './wrapped.ts';

/** What responses have in common: where they are counted, reported, and handed to. */
export interface Outlet {
  readonly counters: Counters;
  readonly log: Log;
  /** Sends files on engine threads; undefined without the addon. */
  readonly transfers: Transfers | undefined;
  /** Of bodies that are made while they are sent; and how long their files' pieces are at least that leave by sendfile, bytes. */
  readonly takers: Takers;
  readonly sendfileMin: number;
  /** Say in Server-Timing what the connection speaks. */
  readonly serverTiming: boolean;
  /** How fast bodies may leave; undefined: as fast as they go. */
  readonly pace?: Pace | undefined;
  /** For whom it matters which bodies are not yet wholly handed to their sockets. */
  readonly pending?: Set<ServerResponse>;
}

/**
 * Sends the whole answer. The response must be its connection's current one (pipeline.ts). Throws where the plan's file
 * is closed already (before the head), and what those throw who have wrapped the response.
 */
export function sendPlan(plan: Answer, res: ServerResponse, asked: Asked, outlet: Outlet): void {
  const { status, body, resource } = plan;
  const protocol = protocolOf(res);
  const fields = outlet.serverTiming ? timed(plan.fields, protocol, res) : plan.fields;
  const sending = new Sending(outlet.counters, status, protocol, asked);
  withFile(body, () => {
    if (plan.close) res.shouldKeepAlive = false;
    if (plan.early !== undefined) sendEarly(plan.early, res);
    withHead(status, fields, resource === undefined, res, () => {
      writeBody(body, new ResponseWriter(res, sending, outlet));
    });
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
    if (bytes.length > SLICE || !isWithin(this.#outlet.pace, bytes.length)) this.#slices(bytes);
    else this.#whole(ownBytes(bytes, this.#res));
  }

  memory(bytes: Buffer, file: FileEntry, reason: Reason): void {
    this.#sending.by('mmap', reason);
    if (!isWithin(this.#outlet.pace, bytes.length)) {
      file.retain();
      this.#slices(bytes, () => file.release());
      return;
    }
    this.#sending.add(bytes.length);
    sendMemory(bytes, file, this.#res, this.#outlet.counters);
    seeEnd(this.#res, this.#sending);
  }

  copy(bytes: Buffer, reason: Reason): void {
    this.#sending.by('read', reason);
    if (!isWithin(this.#outlet.pace, bytes.length)) this.#slices(bytes);
    else this.#whole(bytes);
  }

  #whole(bytes: Uint8Array): void {
    this.#sending.add(bytes.length);
    this.#res.end(bytes);
    seeEnd(this.#res, this.#sending);
  }

  #slices(bytes: Uint8Array, done: () => void = () => {}): void {
    const sent = sendSlices(bytes, this.#res, this.#sending, this.#outlet.pace);
    seeThrough(sent.finally(done), this.#res, this.#outlet);
  }

  descriptor(body: SpanBody): void {
    sendFile(body, this.#res, this.#sending, this.#outlet);
  }

  pieces(body: Pieces): void {
    sendInPieces(body, this.#res, this.#sending, this.#outlet);
  }

  feed(body: FeedBody): void {
    sendAsMade(body, this.#res, this.#sending, this.#outlet);
  }
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
  endWith(sendPieces(body, sink, sending, outlet.counters, outlet.log), res, sending, outlet);
}

function sendAsMade(
  { open, live }: FeedBody,
  res: ServerResponse,
  sending: Sending,
  outlet: Outlet,
): void {
  const { counters, log, pace, takers, transfers, sendfileMin } = outlet;
  const byDescriptor = isPlain(res) && res.socket !== null && transfers?.takes(res.socket);
  const taker = takers.begin();
  res.once('close', () => taker.abort());
  const plain = paced(responseSink(res, byDescriptor ? transfers : undefined), pace);
  // What it waits for may be long in coming.
  if (live) res.flushHeaders();
  const { sink, settle } = live ? liveSink(plain, res, taker) : { sink: plain, settle() {} };
  const sent = sendFeed(open, sink, taker, sendfileMin, sending, counters, log).finally(() => {
    takers.delete(taker);
    settle();
  });
  endWith(sent, res, sending, outlet);
}

/** Ends the answer when all of it is sent, or cuts it off where that is not the whole. */
function endWith(
  sent: Promise<boolean>,
  res: ServerResponse,
  sending: Sending,
  outlet: Outlet,
): void {
  const ended = sent.then((whole) => {
    if (!whole) {
      cutOff(res);
      return;
    }
    res.end();
    sending.end('done');
  });
  seeThrough(ended, res, outlet);
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
