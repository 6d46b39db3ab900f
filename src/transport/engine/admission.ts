// How often a file has to be asked for before it is kept: more often where files that are kept have to leave for it.
import type { NativeEngine } from '../../addon/engine.ts';

/** Files that left for others before the next step. */
const STEP = 256;
/** Keeping a file costs as much as to open one this often. */
const MAX_USES = 128;
const PERIOD_MS = 5000;

/** Without pressure, the second request for a file is what keeps it. */
export class Admission {
  readonly #engine: Pick<NativeEngine, 'setAdmission'>;
  #uses = 1;
  #left = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(engine: Pick<NativeEngine, 'setAdmission'>) {
    this.#engine = engine;
  }

  /** A file had to leave for another. */
  crowded(): void {
    this.#left++;
    if (this.#left < STEP || this.#uses >= MAX_USES) return;
    this.#set(this.#uses * 2);
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#relax(), PERIOD_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #relax(): void {
    if (this.#left < STEP / 4) this.#set(Math.max(1, this.#uses / 2));
    this.#left = 0;
    if (this.#uses > 1) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #set(uses: number): void {
    this.#left = 0;
    this.#uses = uses;
    this.#engine.setAdmission(uses);
  }
}
