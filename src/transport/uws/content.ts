// The content of a request on uWebSockets.js. The library is told to read no more at once, but what it has read already (half
// a MiB at most) it hands over: that is kept until somebody asks for it.
import type { Content, Received } from '../../plan/request.ts';
import type { FramingFields } from '../lenience.ts';
import { LINGER_BYTES, LINGER_MS } from '../linger.ts';
import type { UwsExchange } from './exchange.ts';

/** Undefined where it has none. To be called within the library's handler. */
export function contentOf(exchange: UwsExchange, fields: FramingFields): UwsContent | undefined {
  const { 'content-length': length, 'transfer-encoding': codings } = fields;
  if (codings !== undefined) return new UwsContent(exchange, undefined);
  return Number(length ?? 0) > 0 ? new UwsContent(exchange, Number(length)) : undefined;
}

export class UwsContent implements Content {
  readonly length: number | undefined;
  readonly #exchange: UwsExchange;
  #chunks: Buffer[] | undefined = [];
  #size = 0;
  #most = Number.POSITIVE_INFINITY;
  #isWhole = false;
  #isPaused = true;
  #settle: ((received: Received) => void) | undefined;
  #drop: ((size: number) => void) | undefined;

  constructor(exchange: UwsExchange, length: number | undefined) {
    this.length = length;
    this.#exchange = exchange;
    exchange.onGone = () => {
      this.#finish({ kind: 'gone' });
      this.#drop?.(Number.POSITIVE_INFINITY);
    };
    exchange.res.onData((chunk, isLast) => this.#take(chunk, isLast));
    exchange.res.pause();
  }

  /** All of it is here: the next request follows. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  #take(chunk: ArrayBuffer, isLast: boolean): void {
    this.#isWhole ||= isLast;
    this.#drop?.(chunk.byteLength);
    if (this.#chunks === undefined) return;
    this.#size += chunk.byteLength;
    // The library takes its bytes back.
    if (this.#size <= this.#most) this.#chunks.push(Buffer.from(new Uint8Array(chunk)));
    this.#look();
  }

  receive(most: number): Promise<Received> {
    if (this.#exchange.gone) return Promise.resolve({ kind: 'gone' });
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#most = most;
      this.#size = Math.max(this.#size, this.length ?? 0) > most ? most + 1 : this.#size;
      this.#look();
      if (this.#settle !== undefined) this.#resume();
    });
  }

  #look(): void {
    if (this.#settle === undefined) return;
    if (this.#size > this.#most) this.#finish({ kind: 'too-large' });
    else if (this.#isWhole) {
      this.#finish({ kind: 'whole', bytes: Buffer.concat(this.#chunks ?? [], this.#size) });
    }
  }

  #finish(received: Received): void {
    this.#chunks = undefined;
    this.#settle?.(received);
    this.#settle = undefined;
  }

  #resume(): void {
    if (this.#isPaused && !this.#exchange.gone) this.#exchange.res.resume();
    this.#isPaused = false;
  }

  /** Its answer is about to leave: what comes is dropped. */
  leave(): void {
    this.#finish({ kind: 'gone' });
    this.#resume();
  }

  /**
   * The same, ahead of an answer that ends the connection: the library closes it at once, and the reset that this is to a
   * client that sends would eat the answer (RFC 9112 §9.6). Resolves when all has come, nothing comes for a while, or more
   * than is waited for.
   */
  drop(): Promise<void> {
    this.leave();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(deadline);
        clearTimeout(pause);
        this.#drop = undefined;
        resolve();
      };
      const deadline = setTimeout(end, LINGER_MS);
      const pause = setTimeout(end, PAUSE_MS);
      let dropped = 0;
      this.#drop = (size) => {
        dropped += size;
        pause.refresh();
        if (this.#isWhole || dropped > LINGER_BYTES) end();
      };
    });
  }
}

/** For a client that sends what nobody wants, ms: where nothing comes, it may wait for the answer. */
const PAUSE_MS = 500;
