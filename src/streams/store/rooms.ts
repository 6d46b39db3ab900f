// Memory for what is to be appended: so many bytes for all streams, given in the order in which they were asked for.
import type { Room } from './types.ts';

/** What an append takes beside its bytes: the promise, the place in the line, its answer. */
const OVERHEAD = 512;

export class Rooms {
  #most: number;
  #taken = 0;
  #waiting: Array<{ readonly bytes: number; readonly resolve: (room: Room) => void }> = [];

  constructor(most: number) {
    this.#most = most;
  }

  get taken(): number {
    return this.#taken;
  }

  set most(most: number) {
    this.#most = most;
    this.#admit();
  }

  /** At once, or undefined. */
  take(bytes: number): Room | undefined {
    const cost = this.#costOf(bytes);
    return this.#waiting.length === 0 && this.#taken + cost <= this.#most
      ? this.#give(bytes, cost)
      : undefined;
  }

  reserve(bytes: number): Room | Promise<Room> {
    return this.take(bytes) ?? new Promise((resolve) => this.#waiting.push({ bytes, resolve }));
  }

  #costOf(bytes: number): number {
    return Math.min(bytes + OVERHEAD, this.#most);
  }

  #give(bytes: number, cost: number): Room {
    let isHeld = true;
    this.#taken += cost;
    return {
      bytes,
      free: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#taken -= cost;
        this.#admit();
      },
    };
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const cost = this.#costOf(next.bytes);
      if (this.#taken + cost > this.#most) return;
      this.#waiting.shift();
      next.resolve(this.#give(next.bytes, cost));
    }
  }
}
