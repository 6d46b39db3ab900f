// When streams expire: one timer for all of them, while there are any.

/** Milliseconds between two looks, and the streams of one: those that expire are gone for whoever asks anyway. */
const LOOK_MS = 1000;
const LOOKED_AT = 1000;

export class Expiry {
  readonly #now: () => number;
  readonly #expire: (name: string) => void;
  /** In the order in which they are looked at. */
  readonly #times = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** `expire`: it is due, as far as is known here. It may be set again. */
  constructor(expire: (name: string) => void, now: () => number) {
    this.#expire = expire;
    this.#now = now;
  }

  /** `timeMs`: undefined where it never does. */
  set(name: string, timeMs: number | undefined): void {
    if (timeMs === undefined) return;
    this.#times.set(name, timeMs);
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  forget(name: string): void {
    this.#times.delete(name);
    if (this.#times.size === 0) this.close();
  }

  look(): void {
    let left = Math.min(LOOKED_AT, this.#times.size);
    for (const [name, timeMs] of this.#times) {
      if (left-- === 0) break;
      this.#times.delete(name);
      if (timeMs > this.#now()) this.#times.set(name, timeMs);
      else this.#expire(name);
    }
    if (this.#times.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
