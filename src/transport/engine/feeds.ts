// Bodies that are made while they are sent: to the engine no more of each than it has room for.
import type { NativeEngine } from '../../addon/engine.ts';
import type { FileEntry } from '../../files/entry.ts';
import type { Log } from '../../log/log.ts';
import type { OpenFeed } from '../../plan/types.ts';
import { chunksOf, tellBroken } from '../feed.ts';
import { Taker } from '../taker.ts';

/** Bytes of one body that wait in the engine: so many are on their way while the next are made. */
export const ROOM = 256 * 1024;

/** Bytes of one piece: what has left is told of by pieces. */
const PIECE = 64 * 1024;

class Feeding extends Taker {
  room = ROOM;
  /** Something has left, or the client. */
  wake = () => {};
}

export class Feeds {
  readonly #engine: Pick<NativeEngine, 'feed' | 'finishFeed'>;
  readonly #log: Log;
  readonly #feeding = new Map<number, Feeding>();
  #ending = false;

  constructor(engine: Pick<NativeEngine, 'feed' | 'finishFeed'>, log: Log) {
    this.#engine = engine;
    this.#log = log;
  }

  /** After the reply to this request. */
  start(id: number, open: OpenFeed<FileEntry>): void {
    const feeding = new Feeding();
    this.#feeding.set(id, feeding);
    if (this.#ending) feeding.end();
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
    feeding.abort();
    feeding.wake();
  }

  /** The server ends: what only waits ends now. */
  finish(): void {
    this.#ending = true;
    for (const feeding of this.#feeding.values()) feeding.end();
  }

  /** Nobody takes more of any. */
  close(): void {
    for (const id of this.#feeding.keys()) this.end(id);
  }

  async #run(id: number, open: OpenFeed<FileEntry>, feeding: Feeding): Promise<void> {
    let whole = false;
    try {
      for await (const made of open(feeding)) {
        for await (const chunk of chunksOf(made)) {
          for (let at = 0; at < chunk.length && !feeding.aborted; at += PIECE) {
            await this.#roomIn(feeding);
            if (feeding.aborted) break;
            const piece = chunk.subarray(at, at + PIECE);
            feeding.room -= piece.length;
            this.#engine.feed(id, piece);
          }
          if (feeding.aborted) break;
        }
        if (feeding.aborted) break;
      }
      whole = true;
    } catch (error) {
      if (!feeding.aborted) tellBroken(error, this.#log);
    }
    if (!feeding.aborted) this.#engine.finishFeed(id, whole);
  }

  async #roomIn(feeding: Feeding): Promise<void> {
    while (feeding.room < PIECE && !feeding.aborted) {
      await new Promise<void>((resolve) => {
        feeding.wake = resolve;
      });
    }
  }
}
