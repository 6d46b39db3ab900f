// Bodies that are made while they are sent: to the engine no more of each than it has room for, and what many are given at the
// same time once for all of them.
import type { NativeEngine } from '../../addon/engine.ts';
import type { FileEntry } from '../../files/entry.ts';
import type { Log } from '../../log/log.ts';
import type { FilePiece, OpenFeed } from '../../plan/types.ts';
import { tellBroken } from '../feed.ts';
import { Taker } from '../taker.ts';

/** Bytes of one body that wait in the engine: so many are on their way while the next are made. */
export const ROOM = 256 * 1024;

/** Bytes of one piece: what has left is told of by pieces. A file's is one, however long: its bytes wait where they are. */
const PIECE = 64 * 1024;

type Made = Uint8Array | FilePiece<FileEntry>;

class Feeding extends Taker {
  room = ROOM;
  /** Something has left, or the client. */
  wake: (() => void) | undefined;
}

/** What is on its way to the engine, and to whom. */
interface Parcel {
  readonly made: Made;
  readonly ids: number[];
}

export class Feeds {
  readonly #engine: Pick<NativeEngine, 'feed' | 'feedFile' | 'finishFeed'>;
  readonly #log: Log;
  readonly #feeding = new Map<number, Feeding>();
  #ending = false;
  #parcels: Parcel[] = [];
  /** When they have been handed over. */
  #sent: Promise<void> | undefined;

  constructor(engine: Pick<NativeEngine, 'feed' | 'feedFile' | 'finishFeed'>, log: Log) {
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
    feeding.wake?.();
  }

  /** Nobody takes more of it. */
  end(id: number): void {
    const feeding = this.#feeding.get(id);
    if (feeding === undefined) return;
    this.#feeding.delete(id);
    feeding.abort();
    feeding.wake?.();
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
        await this.#give(id, made, feeding);
        if (feeding.aborted) break;
      }
      whole = true;
    } catch (error) {
      if (!feeding.aborted) tellBroken(error, this.#log);
    }
    if (!feeding.aborted) this.#engine.finishFeed(id, whole);
  }

  async #give(id: number, made: Made, feeding: Feeding): Promise<void> {
    if (!(made instanceof Uint8Array) || made.length <= PIECE) {
      await this.#post(id, made, feeding);
      return;
    }
    for (let at = 0; at < made.length && !feeding.aborted; at += PIECE) {
      await this.#post(id, made.subarray(at, at + PIECE), feeding);
    }
  }

  /** Settles when the engine has it, once there is room for it. */
  async #post(id: number, made: Made, feeding: Feeding): Promise<void> {
    while (feeding.room < PIECE && !feeding.aborted) {
      await new Promise<void>((resolve) => {
        feeding.wake = resolve;
      });
    }
    if (feeding.aborted) return;
    feeding.room -= sizeOf(made);
    const last = this.#parcels.at(-1);
    if (last?.made === made) {
      last.ids.push(id);
    } else {
      if (!(made instanceof Uint8Array)) holdPiece(made);
      this.#parcels.push({ made, ids: [id] });
    }
    // By then everybody who was woken with this one has given what it has.
    this.#sent ??= Promise.resolve().then(() => this.#send());
    await this.#sent;
  }

  #send(): void {
    const parcels = this.#parcels;
    this.#parcels = [];
    this.#sent = undefined;
    for (const { made, ids } of parcels) {
      if (made instanceof Uint8Array) this.#engine.feed(ids, made);
      else this.#sendFile(ids, made);
    }
  }

  #sendFile(ids: readonly number[], { file, span }: FilePiece<FileEntry>): void {
    const { native } = file.file;
    if (native) this.#engine.feedFile(ids, native, span.start, span.end);
    file.release();
  }
}

/** Until the engine has it, which then holds it too. */
function holdPiece({ file }: FilePiece<FileEntry>): void {
  if (!file.file.native) throw new Error('the engine needs files that the addon has opened');
  file.retain();
}

function sizeOf(made: Made): number {
  return made instanceof Uint8Array ? made.length : made.span.end - made.span.start;
}
