// Sends a plan as a uWebSockets.js response: small bodies by end(), larger ones by tryEnd() as the client takes them.
import type { FileEntry } from '../../files/entry.ts';
import { reasonPhrase } from '../../http/phrases.ts';
import type { Log } from '../../log/log.ts';
import type { OpenFeed, Reason } from '../../plan/types.ts';
import type { Answer } from '../../site/answer.ts';
import { type BodyWriter, type FeedBody, withFile, writeBody } from '../body.ts';
import { type Counters, Sending } from '../counters.ts';
import { sendFeed } from '../feed.ts';
import { isWithin, type Pace, paced } from '../pace.ts';
import { type Pieces, type Sink, sendPieces } from '../pieces.ts';
import type { Takers } from '../taker.ts';
import { withTiming } from '../timing.ts';
import type { UwsExchange } from './exchange.ts';
import type { UwsResponse } from './library.ts';

/** Where exchanges are counted and reported. */
export interface UwsOutlet {
  readonly counters: Counters;
  readonly log: Log;
  /** Of bodies that are made while they are sent. */
  readonly takers: Takers;
  /** Say in Server-Timing what the connection speaks: of its TLS the library tells nothing. */
  readonly serverTiming: boolean;
  /** How fast bodies may leave; undefined: as fast as they go. */
  readonly pace?: Pace | undefined;
}

/** Bytes up to which end() is used: above, the 2024 core loses the body when the kernel's buffer is full. */
const END_MAX = 15 * 1024;

/**
 * Sends the whole answer. The exchange must not be gone; to be called within the handler or a cork. Throws
 * where the plan's file is closed already, before anything is written.
 */
export function sendUwsPlan(plan: Answer, exchange: UwsExchange, outlet: UwsOutlet): void {
  const { body } = plan;
  const told = outlet.serverTiming
    ? { ...plan, fields: withTiming(plan.fields, 'http/1.1') }
    : plan;
  withFile(body, () => writeBody(body, new ExchangeWriter(told, exchange, outlet)));
}

/** No descriptor can be had from the library. */
class ExchangeWriter implements BodyWriter {
  readonly #plan: Answer;
  readonly #exchange: UwsExchange;
  readonly #outlet: UwsOutlet;
  readonly #sending: Sending;

  readonly copies = true;

  constructor(plan: Answer, exchange: UwsExchange, outlet: UwsOutlet) {
    this.#plan = plan;
    this.#exchange = exchange;
    this.#outlet = outlet;
    // The library tells HTTP/1.0 from 1.1 by its answers only.
    this.#sending = new Sending(outlet.counters, plan.status, 'http/1.1', exchange);
  }

  none(): void {
    endWithoutBody(this.#plan, this.#exchange);
    this.#sending.end('done');
  }

  bytes(bytes: Uint8Array): void {
    this.#sending.byBytes();
    if (!this.#exchange.isHead) {
      this.#send(bytes);
      return;
    }
    endWithoutBody(this.#plan, this.#exchange);
    this.#sending.end('done');
  }

  memory(bytes: Buffer, file: FileEntry, reason: Reason): void {
    file.retain();
    this.#sending.by('mmap', reason);
    this.#send(bytes, () => file.release());
  }

  copy(bytes: Buffer, reason: Reason): void {
    this.#sending.by('read', reason);
    this.#send(bytes);
  }

  #send(bytes: Uint8Array, settled = () => {}): void {
    if (!isWithin(this.#outlet.pace, bytes.length)) {
      this.#sendSlowly(bytes).then(settled);
      return;
    }
    writeHead(this.#plan, this.#exchange.res);
    sendBytes(bytes, this.#plan.close, this.#exchange, (whole) => {
      if (whole) this.#sending.add(bytes.length);
      this.#sending.end(whole ? 'done' : 'gone');
      settled();
    });
  }

  async #sendSlowly(bytes: Uint8Array): Promise<void> {
    const exchange = this.#exchange;
    const sink = paced(uwsSink(exchange, this.#plan, bytes.length), this.#outlet.pace);
    const whole = await sink.write(bytes);
    if (whole) this.#sending.add(bytes.length);
    this.#sending.end(whole ? 'done' : 'gone');
    exchange.done();
  }

  pieces(body: Pieces): void {
    sendInPieces(body, this.#plan, this.#exchange, this.#sending, this.#outlet);
  }

  feed({ open }: FeedBody): void {
    sendAsMade(open, this.#plan, this.#exchange, this.#sending, this.#outlet);
  }
}

/** All but Content-Length, which the library writes itself from the length of the body. */
function writeHead({ status, fields }: Answer, res: UwsResponse): void {
  res.writeStatus(`${status} ${reasonPhrase(status)}`);
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (name !== 'Content-Length') res.writeHeader(name, fields[i + 1] ?? '');
  }
}

function endWithoutBody(plan: Answer, { res, done }: UwsExchange): void {
  writeHead(plan, res);
  const length = contentLength(plan);
  if (length !== undefined) res.writeHeader('Content-Length', length);
  res.endWithoutBody();
  done();
}

function contentLength({ fields }: Answer): string | undefined {
  const at = fields.indexOf('Content-Length');
  return at < 0 ? undefined : fields[at + 1];
}

/** Sends bytes that stay where they are until `settled`, which is called once: were all of them taken? */
function sendBytes(
  bytes: Uint8Array,
  close: boolean,
  exchange: UwsExchange,
  settled: (whole: boolean) => void,
): void {
  const { res } = exchange;
  let isOpen = true;
  const finish = (whole: boolean) => {
    if (isOpen) settled(whole);
    isOpen = false;
    exchange.done();
  };
  if (bytes.length <= END_MAX) {
    res.end(bytes, close);
    finish(true);
    return;
  }
  exchange.interrupt = () => finish(false);
  if (res.tryEnd(bytes, bytes.length)[1]) {
    finish(true);
    return;
  }
  if (exchange.gone) return;
  res.onWritable((offset) => {
    const [ok, done] = res.tryEnd(bytes.subarray(offset), bytes.length);
    if (done) finish(true);
    return ok;
  });
}

function sendInPieces(
  body: Pieces,
  plan: Answer,
  exchange: UwsExchange,
  sending: Sending,
  { counters, log, pace }: UwsOutlet,
): void {
  const total = Number(contentLength(plan));
  if (total === 0) {
    // The cores differ on an empty tryEnd().
    sending.by(body.strategy, body.reason);
    writeHead(plan, exchange.res);
    sendBytes(new Uint8Array(), plan.close, exchange, () => sending.end('done'));
    return;
  }
  const sink = paced(uwsSink(exchange, plan, total), pace);
  sendPieces(body, sink, sending, counters, log).then((whole) => {
    if (whole) sending.end('done');
    if (!whole && !exchange.gone) exchange.res.close();
    exchange.done();
  });
}

/** A sink for a body of `total` bytes. The library keeps nothing of a chunk that the kernel did not take. */
function uwsSink(exchange: UwsExchange, plan: Answer, total: number): Sink {
  const { res } = exchange;
  let headIsWritten = false;
  return {
    write(chunk) {
      if (exchange.gone) return Promise.resolve(false);
      return new Promise((resolve) => {
        exchange.interrupt = () => resolve(false);
        const start = res.getWriteOffset();
        const send = (from: number): boolean => {
          const [ok, done] = res.tryEnd(chunk.subarray(from), total);
          // At the end of the body no onWritable comes any more.
          if (ok || done) resolve(true);
          return ok;
        };
        res.onWritable((offset) => send(offset - start));
        res.cork(() => {
          if (!headIsWritten) writeHead(plan, res);
          headIsWritten = true;
          if (chunk.length < total || total > END_MAX) {
            send(0);
            return;
          }
          // Only end() can close the connection.
          res.end(chunk, plan.close);
          resolve(true);
        });
      });
    },
  };
}

function sendAsMade(
  open: OpenFeed<FileEntry>,
  plan: Answer,
  exchange: UwsExchange,
  sending: Sending,
  { counters, log, pace, takers }: UwsOutlet,
): void {
  const { res } = exchange;
  const taker = takers.begin();
  exchange.onGone = () => taker.abort();
  writeHead(plan, res);
  const sink = paced(chunkSink(exchange), pace);
  sendFeed(open, sink, taker, 0, sending, counters, log).then((whole) => {
    takers.delete(taker);
    if (whole) {
      res.cork(() => res.end(undefined, plan.close));
      sending.end('done');
    } else if (!exchange.gone) {
      res.close();
    }
    exchange.done();
  });
}

/**
 * The library keeps a copy of what the kernel did not take of a chunk, and leaves it where it is: only what is written or corked
 * next takes it along.
 */
function chunkSink(exchange: UwsExchange): Sink {
  const { res } = exchange;
  let taken = () => {};
  res.onWritable(() => {
    // A write that finds no room within this call, as that of a continuation would, is told of by no other (3.0.6).
    setImmediate(() => {
      if (exchange.gone || exchange.isOver) return;
      res.cork(() => {});
      taken();
    });
    return true;
  });
  return {
    write(chunk) {
      if (exchange.gone) return Promise.resolve(false);
      return new Promise((resolve) => {
        exchange.interrupt = () => resolve(false);
        taken = () => resolve(true);
        res.cork(() => {
          if (res.write(chunk)) resolve(true);
        });
      });
    },
  };
}
