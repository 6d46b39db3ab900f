// Who waits for a stream to change: for each stream one listener, however many wait, and one timer for all of them.
import { type Deadline, Deadlines } from './deadlines.ts';
import type { Stream } from './store/types.ts';

/** Why a wait has ended. ended: nobody is to wait here any more. */
export type Woken = 'changed' | 'timed-out' | 'ended';

interface Waiting {
  readonly wake: (why: Woken) => void;
  readonly of: Listening;
  readonly deadline: Deadline;
}

interface Listening {
  readonly stream: Stream;
  readonly waiting: Set<Waiting>;
  readonly stop: () => void;
}

export interface WaitsOptions {
  /** How long each waits at most, milliseconds. */
  readonly timeoutMs: number;
  /** How many may wait at the same time. */
  readonly max: number;
}

export class Waits {
  readonly #deadlines: Deadlines;
  readonly #max: number;
  readonly #listening = new Map<Stream, Listening>();
  #size = 0;
  #ended = false;

  constructor({ timeoutMs, max }: WaitsOptions) {
    this.#deadlines = new Deadlines(timeoutMs);
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** Is there no room for one more? */
  get isFull(): boolean {
    return this.#size >= this.#max;
  }

  /** Is nobody to wait any more? */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /**
   * Calls `wake` once, when the stream has changed or the time is over; at once where nobody is to wait any more. What it
   * returns ends the wait before, without a call.
   */
  wait(stream: Stream, wake: (why: Woken) => void): () => void {
    if (this.#ended) {
      wake('ended');
      return () => {};
    }
    const listening = this.#listening.get(stream) ?? this.#listen(stream);
    const deadline = this.#deadlines.add(() => this.#wake(waiting, 'timed-out'));
    const waiting: Waiting = { wake, of: listening, deadline };
    listening.waiting.add(waiting);
    this.#size++;
    return () => this.#drop(waiting);
  }

  /** Wakes all, and whoever comes later. */
  end(): void {
    this.#ended = true;
    for (const listening of this.#listening.values()) this.#wakeAll(listening, 'ended');
  }

  /** PROTOCOL.md §5.1: a stream does not expire while somebody waits for it. */
  #listen(stream: Stream): Listening {
    const forget = stream.onChange(() => this.#wakeAll(listening, 'changed'));
    const { ttlSeconds } = stream.config;
    const beat = ttlSeconds && setInterval(() => stream.touch(), beatOf(ttlSeconds));
    const stop = () => {
      forget();
      clearInterval(beat || undefined);
    };
    const listening: Listening = { stream, waiting: new Set(), stop };
    this.#listening.set(stream, listening);
    return listening;
  }

  /** Those who wait now: who is woken may wait again at once. */
  #wakeAll({ waiting }: Listening, why: Woken): void {
    for (const each of [...waiting]) this.#wake(each, why);
  }

  #wake(waiting: Waiting, why: Woken): void {
    if (this.#drop(waiting)) waiting.wake(why);
  }

  #drop(waiting: Waiting): boolean {
    const { of: listening, deadline } = waiting;
    if (!listening.waiting.delete(waiting)) return false;
    this.#size--;
    this.#deadlines.drop(deadline);
    // In a turn to come: who was woken may wait again, and what is sent of the stream is retained by then.
    if (listening.waiting.size === 0) setImmediate(() => this.#settle(listening));
    return true;
  }

  #settle({ stream, waiting, stop }: Listening): void {
    if (waiting.size > 0 || this.#listening.get(stream)?.waiting !== waiting) return;
    this.#listening.delete(stream);
    stop();
  }
}

/** Milliseconds, as many as a timer takes. */
function beatOf(ttlSeconds: number): number {
  return Math.min(ttlSeconds * 500, 2 ** 30);
}
