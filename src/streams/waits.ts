// Who waits for a stream to change: for each stream one listener, however many wait, and one timer for all of them.
import { type Deadline, Deadlines } from './deadlines.ts';
import type { Stream } from './store/types.ts';

/** Why a wait has ended. ended: nobody is to wait here any more. */
export type Woken = 'changed' | 'timed-out' | 'ended';

/** One that waits. There may be a hundred thousand: it is its own deadline, and has no functions of its own. */
export class Wait implements Deadline {
  readonly wake: (why: Woken) => void;
  readonly of: Listening;
  readonly #waits: Waits;
  at = 0;

  constructor(wake: (why: Woken) => void, of: Listening, waits: Waits) {
    this.wake = wake;
    this.of = of;
    this.#waits = waits;
  }

  /** Its time is over. */
  run(): void {
    this.#waits.wake(this, 'timed-out');
  }
}

interface Listening {
  readonly stream: Stream;
  readonly waiting: Set<Wait>;
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
   * Calls `wake` once, when the stream has changed or the time is over. Undefined where nobody is to wait any more: then it is
   * called at once.
   */
  wait(stream: Stream, wake: (why: Woken) => void): Wait | undefined {
    if (this.#ended) {
      wake('ended');
      return undefined;
    }
    const wait = new Wait(wake, this.#listening.get(stream) ?? this.#listen(stream), this);
    this.#deadlines.add(wait);
    wait.of.waiting.add(wait);
    this.#size++;
    return wait;
  }

  /** Ends the wait now, unless it has ended. */
  wake(wait: Wait, why: Woken): void {
    if (this.drop(wait)) wait.wake(why);
  }

  /** Ends the wait without a call. False where it has ended. */
  drop(wait: Wait): boolean {
    const { of: listening } = wait;
    if (!listening.waiting.delete(wait)) return false;
    this.#size--;
    this.#deadlines.drop(wait);
    // In a turn to come: who was woken may wait again, and what is sent of the stream is retained by then.
    if (listening.waiting.size === 0) setImmediate(() => this.#settle(listening));
    return true;
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
    for (const each of [...waiting]) this.wake(each, why);
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
