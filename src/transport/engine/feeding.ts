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
  /** Throws where that cannot be sent. */
  post(id: number, piece: Made): void;
  /** Nothing more comes: that was all of it, or it could not be made. */
  finish(id: number, whole: boolean, error?: unknown): void;
}

// Without async functions: each would take as much memory again while it waits for the next.
export class Feeding extends Taker {
  readonly #id: number;
  readonly #outlet: Outlet;
  #iterator: AsyncIterator<Made> | undefined;
  #room = ROOM;
  /** It waits for room. */
  #rest: Made | undefined;

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

  #next(): void {
    // Whoever makes it cleans up.
    if (this.aborted) this.#iterator?.return?.().catch(this.#fail);
    else this.#iterator?.next().then(this.#take, this.#fail);
  }

  readonly #take = ({ done, value }: IteratorResult<Made>): void => {
    if (!done) this.#give(value);
    else if (!this.aborted) this.#outlet.finish(this.#id, true);
  };

  readonly #fail = (error: unknown): void => {
    if (!this.aborted) this.#outlet.finish(this.#id, false, error);
  };

  drained(bytes: number): void {
    this.#room += bytes;
    this.#goOn();
  }

  override abort(): void {
    super.abort();
    this.#goOn();
  }

  #goOn(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#give(rest);
  }

  /** As far as there is room, and the rest once there is. */
  #give(made: Made): void {
    try {
      let rest: Made | undefined = made;
      while (rest !== undefined && !this.aborted) {
        if (this.#room < PIECE) {
          this.#rest = rest;
          return;
        }
        const piece: Made = isLong(rest) ? rest.subarray(0, PIECE) : rest;
        rest = isLong(rest) ? rest.subarray(PIECE) : undefined;
        this.#room -= sizeOf(piece);
        this.#outlet.post(this.#id, piece);
      }
      this.#next();
    } catch (error) {
      this.#fail(error);
    }
  }
}

function isLong(made: Made): made is Uint8Array {
  return made instanceof Uint8Array && made.length > PIECE;
}

function sizeOf(made: Made): number {
  return made instanceof Uint8Array ? made.length : made.span.end - made.span.start;
}
