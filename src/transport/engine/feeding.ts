// One body that is made while it is sent. Thousands may wait at the same time: it holds no more than it needs for that.
import type { FileEntry } from '../../files/entry.ts';
import type { FilePiece, OpenFeed } from '../../plan/types.ts';
import { Taker } from '../taker.ts';

export type Made = Uint8Array | FilePiece<FileEntry>;

/** Bytes of one body that wait in the engine: so many are on their way while the next are made. */
export const ROOM = 256 * 1024;

/** Bytes of one piece. A file's is one, however long: its bytes wait where they are. */
const PIECE = 64 * 1024;

/** Where what is made goes. */
export interface Outlet {
  /** Settles when the engine has it. */
  post(id: number, piece: Made): Promise<void>;
  /** Nothing more comes: that was all of it, or it could not be made. */
  finish(id: number, whole: boolean, error?: unknown): void;
}

export class Feeding extends Taker {
  readonly #id: number;
  readonly #outlet: Outlet;
  #iterator: AsyncIterator<Made> | undefined;
  #room = ROOM;
  #wake: (() => void) | undefined;

  constructor(id: number, outlet: Outlet) {
    super();
    this.#id = id;
    this.#outlet = outlet;
  }

  start(open: OpenFeed<FileEntry>): void {
    try {
      this.#iterator = open(this)[Symbol.asyncIterator]();
      this.#next();
    } catch (error) {
      this.#fail(error);
    }
  }

  // Not by an async function, which would take as much memory again while it waits for the next.
  #next(): void {
    // Whoever makes it cleans up.
    if (this.aborted) this.#iterator?.return?.().catch(this.#fail);
    else this.#iterator?.next().then(this.#take, this.#fail);
  }

  readonly #take = ({ done, value }: IteratorResult<Made>): void => {
    if (!done) {
      this.#give(value)
        .then(() => this.#next())
        .catch(this.#fail);
    } else if (!this.aborted) {
      this.#outlet.finish(this.#id, true);
    }
  };

  readonly #fail = (error: unknown): void => {
    if (!this.aborted) this.#outlet.finish(this.#id, false, error);
  };

  drained(bytes: number): void {
    this.#room += bytes;
    this.#wake?.();
  }

  override abort(): void {
    super.abort();
    this.#wake?.();
  }

  async #give(made: Made): Promise<void> {
    if (!(made instanceof Uint8Array) || made.length <= PIECE) {
      await this.#post(made);
      return;
    }
    for (let at = 0; at < made.length && !this.aborted; at += PIECE) {
      await this.#post(made.subarray(at, at + PIECE));
    }
  }

  /** Once there is room for it. */
  async #post(piece: Made): Promise<void> {
    while (this.#room < PIECE && !this.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.aborted) return;
    this.#room -= sizeOf(piece);
    await this.#outlet.post(this.#id, piece);
  }
}

function sizeOf(made: Made): number {
  return made instanceof Uint8Array ? made.length : made.span.end - made.span.start;
}
