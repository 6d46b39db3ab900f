// The content of a request of node:http: it stays with its client until somebody receives it, and what nobody does is read away.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { EngineLimits } from '../../addon/engine.ts';
import type { Content, Received } from '../../plan/request.ts';
import type { Counters } from '../counters.ts';
import { LINGER_BYTES } from '../linger.ts';
import type { Lingering } from './lingering.ts';

type ContentLimits = Pick<EngineLimits, 'maxDrain' | 'sendTimeoutMs'>;

/** Of one request, whose response is its connection's current one. */
export interface IncomingContent extends Content {
  /** What is missing of it does not come any more: it breaks its framing. Does somebody wait for it? */
  break(): boolean;
  /**
   * Its answer is about to leave. What nobody has received is read away, so that the next request is found behind it; where
   * that is too much the connection ends with the answer.
   */
  leave(): void;
}

/** Undefined where it has none. */
export function contentOf(
  req: IncomingMessage,
  res: ServerResponse,
  limits: ContentLimits,
  counters: Counters,
  lingering: Lingering,
): IncomingContent | undefined {
  const { 'content-length': length, 'transfer-encoding': codings } = req.headers;
  if (codings === undefined && (length === undefined || Number(length) === 0)) return undefined;
  const known = codings === undefined ? Number(length) : undefined;
  return new NodeContent(known, req, res, limits, counters, lingering);
}

/** RFC 9110 §10.1.1: of an older client it means nothing. */
function expectsContinue({ headers: { expect = '' }, httpVersionMinor }: IncomingMessage): boolean {
  return httpVersionMinor > 0 && /(?:^|\W)100-continue(?:$|\W)/i.test(expect);
}

class NodeContent implements IncomingContent {
  readonly length: number | undefined;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #socket: Socket;
  readonly #limits: ContentLimits;
  readonly #counters: Counters;
  readonly #lingering: Lingering;
  #isAsked = false;
  #isRefused = false;
  #settle: ((received: Received) => void) | undefined;

  constructor(
    length: number | undefined,
    req: IncomingMessage,
    res: ServerResponse,
    limits: ContentLimits,
    counters: Counters,
    lingering: Lingering,
  ) {
    this.length = length;
    this.#req = req;
    this.#res = res;
    this.#socket = req.socket;
    this.#limits = limits;
    this.#counters = counters;
    this.#lingering = lingering;
  }

  receive(most: number): Promise<Received> {
    if (this.length !== undefined && this.length > most) {
      this.#refuse();
      return Promise.resolve({ kind: 'too-large' });
    }
    if (this.#socket.destroyed) return Promise.resolve({ kind: 'gone' });
    this.#isAsked = true;
    if (expectsContinue(this.#req)) this.#res.writeContinue();
    return new Promise((resolve) => this.#read(most, resolve));
  }

  #read(most: number, resolve: (received: Received) => void): void {
    const req = this.#req;
    const chunks: Buffer[] = [];
    let size = 0;
    const isLate = () => {
      this.#counters.timeouts++;
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= most) {
        chunks.push(chunk);
        return;
      }
      this.#refuse();
      this.#settle?.({ kind: 'too-large' });
    };
    this.#settle = (received) => {
      this.#settle = undefined;
      req.off('data', take);
      this.#socket.off('timeout', isLate);
      resolve(received);
    };
    // Node ends a connection that stands still, and counts nothing.
    this.#socket.on('timeout', isLate);
    req.on('data', take);
    req.once('end', () => this.#settle?.({ kind: 'whole', bytes: Buffer.concat(chunks, size) }));
    req.once('error', () => this.break());
    req.once('close', () => this.break());
  }

  /** The connection ends with the answer. */
  #refuse(): void {
    this.#isRefused = true;
    this.#req.pause();
  }

  break(): boolean {
    const isAwaited = this.#settle !== undefined;
    this.#settle?.({ kind: 'gone' });
    return isAwaited;
  }

  leave(): void {
    if (this.#req.complete) return;
    const { maxDrain, sendTimeoutMs } = this.#limits;
    const rest = this.#isRefused || this.#isAsked ? undefined : this.length;
    const isLast = this.#isRefused || (rest ?? 0) > maxDrain;
    // Nothing that the client sends extends it.
    const deadline = setTimeout(() => {
      this.#counters.timeouts++;
      if (isLast) this.#socket.destroy();
      else this.#end();
    }, sendTimeoutMs);
    const clear = () => clearTimeout(deadline);
    this.#socket.once('close', clear);
    if (isLast) {
      this.#res.shouldKeepAlive = false;
      this.#res.once('finish', clear);
      this.#lingering.await(this.#socket);
      this.#drop(LINGER_BYTES, () => {});
      return;
    }
    this.#req.once('end', clear);
    this.#drop(maxDrain, () => {
      clear();
      this.#end();
    });
  }

  /** What comes is read away; of more than that nothing, and that is told. */
  #drop(most: number, tell: () => void): void {
    let length = 0;
    const drop = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= most) return;
      this.#req.off('data', drop);
      this.#req.pause();
      tell();
    };
    this.#req.on('data', drop);
    this.#req.resume();
  }

  /** Its answer, which has left or is on its way, is the connection's last after all. */
  #end(): void {
    if (!this.#res.writableFinished) {
      this.#res.once('finish', () => this.#end());
      return;
    }
    this.#lingering.await(this.#socket);
    this.#socket.destroySoon();
    this.#drop(LINGER_BYTES, () => {});
  }
}
