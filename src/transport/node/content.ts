// The content of a request of node:http: it stays with its client until somebody receives it, and what nobody does is read away.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { EngineLimits } from '../../addon/engine.ts';
import type { Content, Received } from '../../plan/request.ts';
import type { Counters } from '../counters.ts';

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
): IncomingContent | undefined {
  const { 'content-length': length, 'transfer-encoding': codings } = req.headers;
  if (codings === undefined && (length === undefined || Number(length) === 0)) return undefined;
  const known = codings === undefined ? Number(length) : undefined;
  return new NodeContent(known, req, res, limits, counters);
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
  #isAsked = false;
  #isRefused = false;
  #settle: ((received: Received) => void) | undefined;

  constructor(
    length: number | undefined,
    req: IncomingMessage,
    res: ServerResponse,
    limits: ContentLimits,
    counters: Counters,
  ) {
    this.length = length;
    this.#req = req;
    this.#res = res;
    this.#socket = req.socket;
    this.#limits = limits;
    this.#counters = counters;
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
    const { maxDrain } = this.#limits;
    const rest = this.#isRefused || this.#isAsked ? undefined : this.length;
    if (this.#isRefused || (rest ?? 0) > maxDrain) {
      this.#res.shouldKeepAlive = false;
      linger(this.#socket);
    }
    this.#drain(maxDrain);
  }

  /** As much as may be, in the time of a send. */
  #drain(most: number): void {
    const [req, socket] = [this.#req, this.#socket];
    const deadline = setTimeout(() => {
      this.#counters.timeouts++;
      socket.destroy();
    }, this.#limits.sendTimeoutMs);
    socket.once('close', () => clearTimeout(deadline));
    req.once('end', () => clearTimeout(deadline));
    let length = 0;
    req.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > most) socket.destroy();
    });
    req.resume();
  }
}

/** For a client to notice that we have closed, ms. */
const LINGER_MS = 2000;

/**
 * After its last answer our side is shut, and what the client still sends is taken for a while: node would close at once,
 * and the reset that this is to a client that sends would eat the answer that it has not read (RFC 9112 §9.6).
 */
function linger(socket: Socket): void {
  const closeNow = () => void socket.destroy();
  Object.assign(socket, {
    destroySoon() {
      Object.assign(socket, { destroySoon: closeNow });
      socket.end();
      const deadline = setTimeout(closeNow, LINGER_MS);
      socket.once('close', () => clearTimeout(deadline));
    },
  });
}
