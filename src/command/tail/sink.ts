// Where a tail's bytes go, and how far it has come: what was written before a connection was lost is not written again.
import type { Keeper, Position } from './position.ts';

export interface Sink {
  /** Where to ask from. */
  readonly offset: string;
  /** What follows is of an answer that begins at `offset`. */
  begin(): void;
  /** Resolves when the reader has taken it: was any of it new? */
  write(bytes: Uint8Array): Promise<boolean>;
  /** All that came before this offset is written. */
  reached(offset: string): void;
  /** Keeps what is not kept yet. */
  keep(): void;
}

export function createSink(
  start: Position,
  keeper: Keeper,
  write: (bytes: Uint8Array) => Promise<void>,
): Sink {
  let { offset, written } = start;
  let toSkip = 0;
  return {
    get offset() {
      return offset;
    },
    begin() {
      toSkip = written;
    },
    async write(bytes) {
      const skipped = Math.min(toSkip, bytes.length);
      toSkip -= skipped;
      if (skipped === bytes.length) return false;
      await write(bytes.subarray(skipped));
      written += bytes.length - skipped;
      keeper.passing({ offset, written });
      return true;
    },
    reached(next) {
      offset = next;
      written = 0;
      keeper.reached({ offset, written });
    },
    keep() {
      keeper.reached({ offset, written });
    },
  };
}
