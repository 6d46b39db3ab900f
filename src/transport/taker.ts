// Who takes bodies that are made while they are sent, as whoever makes them sees it.
import type { Gone } from '../plan/types.ts';

export class Taker implements Gone {
  #state: 'takes' | 'ending' | 'gone' = 'takes';
  #run: (() => void) | undefined;

  get aborted(): boolean {
    return this.#state === 'gone';
  }

  get ending(): boolean {
    return this.#state !== 'takes';
  }

  onEnd(run: () => void): void {
    this.#run = run;
    if (this.ending) run();
  }

  /** The server ends. */
  end(): void {
    if (!this.ending) this.#become('ending');
  }

  /** Nobody takes any more. */
  abort(): void {
    if (!this.aborted) this.#become('gone');
  }

  #become(state: 'ending' | 'gone'): void {
    this.#state = state;
    this.#run?.();
  }
}

/** Those of one carrier. */
export class Takers {
  readonly #takers = new Set<Taker>();
  #ending = false;

  begin(): Taker {
    const taker = new Taker();
    this.#takers.add(taker);
    if (this.#ending) taker.end();
    return taker;
  }

  /** It has had all of it, or is gone. */
  delete(taker: Taker): void {
    this.#takers.delete(taker);
  }

  /** The server ends. */
  end(): void {
    this.#ending = true;
    for (const taker of this.#takers) taker.end();
  }
}
