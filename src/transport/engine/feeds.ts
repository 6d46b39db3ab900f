// Bodies that are made while they are sent: to the engine no more of each than it has room for.
import type { NativeEngine } from '../../addon/engine.ts';
import type { FileEntry } from '../../files/entry.ts';
import type { Log } from '../../log/log.ts';
import type { OpenFeed } from '../../plan/types.ts';
import { chunksOf, tellBroken } from '../feed.ts';

/** Bytes of one body that wait in the engine: so many are on their way while the next are made. */
export const ROOM = 256 * 1024;

/** Bytes of one piece: what has left is told of by pieces. */
const PIECE = 64 * 1024;

interface Feeding {
  room: number;
  readonly gone: AbortController;
  /** Something has left, or the client. */
  wake: () => void;
}

export class Feeds {
  readonly #engine: Pick<NativeEngine, 'feed' | 'finishFeed'>;
  readonly #log: Log;
  readonly #feeding = new Map<number, Feeding>();

  constructor(engine: Pick<NativeEngine, 'feed' | 'finishFeed'>, log: Log) {
    this.#engine = engine;
    this.#log = log;
  }

  /** After the reply to this request. */
  start(id: number, open: OpenFeed<FileEntry>): void {
    const feeding: Feeding = { room: ROOM, gone: new AbortController(), wake() {} };
    this.#feeding.set(id, feeding);
    void this.#run(id, open, feeding);
  }

  drained(id: number, bytes: number): void {
    const feeding = this.#feeding.get(id);
    if (feeding === undefined) return;
    feeding.room += bytes;
    feeding.wake();
  }

  /** Nobody takes more of it. */
  end(id: number): void {
    const feeding = this.#feeding.get(id);
    if (feeding === undefined) return;
    this.#feeding.delete(id);
    feeding.gone.abort();
    feeding.wake();
  }

  /** Of all of them. */
  close(): void {
    for (const id of this.#feeding.keys()) this.end(id);
  }

  async #run(id: number, open: OpenFeed<FileEntry>, feeding: Feeding): Promise<void> {
    const { signal } = feeding.gone;
    let whole = false;
    try {
      for await (const made of open(signal)) {
        for await (const chunk of chunksOf(made)) {
          for (let at = 0; at < chunk.length && !signal.aborted; at += PIECE) {
            await this.#roomIn(feeding);
            if (signal.aborted) break;
            const piece = chunk.subarray(at, at + PIECE);
            feeding.room -= piece.length;
            this.#engine.feed(id, piece);
          }
          if (signal.aborted) break;
        }
        if (signal.aborted) break;
      }
      whole = true;
    } catch (error) {
      if (!signal.aborted) tellBroken(error, this.#log);
    }
    if (!signal.aborted) this.#engine.finishFeed(id, whole);
  }

  async #roomIn(feeding: Feeding): Promise<void> {
    while (feeding.room < PIECE && !feeding.gone.signal.aborted) {
      await new Promise<void>((resolve) => {
        feeding.wake = resolve;
      });
    }
  }
}
