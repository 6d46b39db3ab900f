// Waits that all last equally long: the oldest ends first, so one timer is enough for any number of them.

export interface Deadline {
  /** Milliseconds, by `performance.now()`; set when it is added. */
  at: number;
  run(): void;
}

export class Deadlines {
  readonly #ms: number;
  readonly #waiting = new Set<Deadline>();
  #timer: NodeJS.Timeout | undefined;

  /** `ms`: how long each lasts. */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Runs it after that time, unless it is dropped before. */
  add(deadline: Deadline): void {
    deadline.at = performance.now() + this.#ms;
    this.#waiting.add(deadline);
    this.#timer ??= setTimeout(() => this.#expire(), this.#ms);
  }

  drop(deadline: Deadline): void {
    this.#waiting.delete(deadline);
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const deadline of this.#waiting) {
      if (deadline.at > now) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#expire(), deadline.at - now);
        return;
      }
      this.#waiting.delete(deadline);
      deadline.run();
    }
  }
}
