// Who wants to know when something has changed.
import { type Log, textOf } from '../../log/log.ts';

export class Listeners {
  readonly #log: Log;
  readonly #runs = new Set<() => void>();

  constructor(log: Log) {
    this.#log = log;
  }

  get isEmpty(): boolean {
    return this.#runs.size === 0;
  }

  /** Returns what ends it. */
  add(run: () => void): () => void {
    // Each its own, though it be the same function.
    const one = () => run();
    this.#runs.add(one);
    return () => this.#runs.delete(one);
  }

  /** Never throws. Those that end while others are told are not told. */
  tell(): void {
    for (const run of [...this.#runs]) {
      if (!this.#runs.has(run)) continue;
      try {
        run();
      } catch (error) {
        this.#log.error(`streams: ${textOf(error)}`, 'streams-listener');
      }
    }
  }
}
