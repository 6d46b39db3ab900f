// Bodies that are made while they are sent: what many are given at the same time goes to the engine once for all of them.
import type { NativeEngine } from '../../addon/engine.ts';
import type { FileEntry } from '../../files/entry.ts';
import type { Log } from '../../log/log.ts';
import type { FilePiece, OpenFeed } from '../../plan/types.ts';
import { tellBroken } from '../feed.ts';
import { Feeding, type Made } from './feeding.ts';

type FeedingEngine = Pick<NativeEngine, 'feed' | 'feedFile' | 'finishFeed'>;

/** What is on its way to the engine, and to whom. */
interface Parcel {
  readonly piece: Made;
  readonly ids: number[];
}

export class Feeds {
  readonly #engine: FeedingEngine;
  readonly #log: Log;
  readonly #feeding = new Map<number, Feeding>();
  #ending = false;
  #parcels: Parcel[] = [];
  /** Behind them. */
  #ended: Array<readonly [id: number, whole: boolean]> = [];
  #sends = false;

  constructor(engine: FeedingEngine, log: Log) {
    this.#engine = engine;
    this.#log = log;
  }

  /** After the reply to this request. */
  start(id: number, open: OpenFeed<FileEntry>): void {
    const feeding = new Feeding(id, this);
    this.#feeding.set(id, feeding);
    if (this.#ending) feeding.end();
    feeding.start(open);
  }

  drained(id: number, bytes: number): void {
    this.#feeding.get(id)?.drained(bytes);
  }

  /** Nobody takes more of it. */
  end(id: number): void {
    const feeding = this.#feeding.get(id);
    this.#feeding.delete(id);
    feeding?.abort();
  }

  /** The server ends: what only waits ends now. */
  endAll(): void {
    this.#ending = true;
    for (const feeding of this.#feeding.values()) feeding.end();
  }

  /** Nobody takes more of any. */
  close(): void {
    for (const id of this.#feeding.keys()) this.end(id);
  }

  finish(id: number, whole: boolean, error?: unknown): void {
    if (!whole) tellBroken(error, this.#log);
    this.#ended.push([id, whole]);
    this.#sendSoon();
  }

  post(id: number, piece: Made): void {
    const last = this.#parcels.at(-1);
    if (last?.piece === piece) {
      last.ids.push(id);
    } else {
      if (!(piece instanceof Uint8Array)) holdFile(piece);
      this.#parcels.push({ piece, ids: [id] });
    }
    this.#sendSoon();
  }

  /** In a microtask: by then all that were woken together have given what they have. */
  #sendSoon(): void {
    if (this.#sends) return;
    this.#sends = true;
    queueMicrotask(() => this.#send());
  }

  #send(): void {
    const parcels = this.#parcels;
    const ended = this.#ended;
    this.#parcels = [];
    this.#ended = [];
    this.#sends = false;
    for (const { piece, ids } of parcels) {
      try {
        if (piece instanceof Uint8Array) this.#engine.feed(ids, piece);
        else this.#sendFile(ids, piece);
      } catch (error) {
        for (const id of ids) this.finish(id, false, error);
      }
    }
    for (const [id, whole] of ended) this.#engine.finishFeed(id, whole);
  }

  #sendFile(ids: readonly number[], { file, span }: FilePiece<FileEntry>): void {
    const { native } = file.file;
    try {
      if (native) this.#engine.feedFile(ids, native, span.start, span.end);
    } finally {
      file.release();
    }
  }
}

/** Until the engine has it, which then holds it too. */
function holdFile({ file }: FilePiece<FileEntry>): void {
  if (!file.file.native) throw new Error('the engine needs files that the addon has opened');
  file.retain();
}
