// Who is to be told when nobody waits for an answer of the engine's any more.
import type { NativeEngine } from '../../addon/engine.ts';

/** Of one engine. */
export class Watches {
  readonly #engine: Pick<NativeEngine, 'watch'>;
  readonly #told = new Map<number, () => void>();

  constructor(engine: Pick<NativeEngine, 'watch'>) {
    this.#engine = engine;
  }

  /** Before the answer to this request. */
  add(id: number, run: () => void): void {
    this.#told.set(id, run);
    this.#engine.watch(id);
  }

  /** It is answered. */
  drop(id: number): void {
    this.#told.delete(id);
  }

  /** The engine has told that nobody waits. */
  tell(id: number): void {
    const run = this.#told.get(id);
    this.#told.delete(id);
    run?.();
  }

  /** Nobody waits for anything. */
  close(): void {
    for (const id of this.#told.keys()) this.tell(id);
  }
}
