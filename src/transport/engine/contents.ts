// The content of requests that the engine asks about: it stays in the engine, or with its client, until somebody receives it.
import type { NativeEngine } from '../../addon/engine.ts';
import type { Content, Received } from '../../plan/request.ts';

/** What the engine tells of a request's content. */
export interface Announced {
  /** Content-Length, where there is one. */
  readonly length: number | undefined;
  /** All of it, where that is here already. */
  readonly bytes: Uint8Array | undefined;
}

/** Of one engine. */
export class Contents {
  readonly #engine: Pick<NativeEngine, 'receive'>;
  readonly #awaited = new Map<number, (received: Received) => void>();

  constructor(engine: Pick<NativeEngine, 'receive'>) {
    this.#engine = engine;
  }

  /** Of this request. */
  of(id: number, { length, bytes }: Announced): Content {
    return {
      length,
      receive: async (most) => {
        if (bytes === undefined) return this.#receive(id, most);
        return bytes.length > most ? { kind: 'too-large' } : { kind: 'whole', bytes };
      },
    };
  }

  #receive(id: number, most: number): Promise<Received> {
    return new Promise((resolve) => {
      this.#awaited.set(id, resolve);
      this.#engine.receive(id, Math.min(most, Number.MAX_SAFE_INTEGER));
    });
  }

  /** The engine has told what became of it. */
  settle(id: number, received: Received): void {
    this.#awaited.get(id)?.(received);
    this.#awaited.delete(id);
  }

  /** Of what is still awaited nothing more comes. */
  close(): void {
    for (const id of this.#awaited.keys()) this.settle(id, { kind: 'gone' });
  }
}
