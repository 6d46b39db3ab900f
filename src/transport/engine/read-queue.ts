// In which order something is read in libuv's pool: what was asked for first, a few together, on a part of its threads.

/** Of asked ones. */
const MAX_WAITING = 1024;
/** Of libuv's four threads. */
const READERS = 2;
/** While JavaScript is busy, every end of a read waits for it. */
const TOGETHER = 16;

export class ReadQueue<T> {
  readonly #read: (some: readonly T[]) => Promise<void>;
  readonly #asked = new Set<T>();
  /** Nobody has asked for these yet. */
  readonly #ahead = new Set<T>();
  #readers = 0;

  /** `read` never rejects. */
  constructor(read: (some: readonly T[]) => Promise<void>) {
    this.#read = read;
  }

  /** False: too many wait. */
  add(one: T, ahead = false): boolean {
    if (this.#asked.size >= MAX_WAITING) return false;
    (ahead ? this.#ahead : this.#asked).add(one);
    if (this.#readers < READERS) void this.#readAll();
    return true;
  }

  clear(): void {
    this.#asked.clear();
    this.#ahead.clear();
  }

  async #readAll(): Promise<void> {
    this.#readers++;
    while (this.#asked.size + this.#ahead.size > 0) await this.#read(this.#take());
    this.#readers--;
  }

  #take(): readonly T[] {
    const some: T[] = [];
    for (const one of this.#asked.size > 0 ? this.#asked : this.#ahead) {
      if (some.push(one) === TOGETHER) break;
    }
    for (const one of some) {
      this.#asked.delete(one);
      this.#ahead.delete(one);
    }
    return some;
  }
}
