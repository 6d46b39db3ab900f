// What is done with the files of one stream: jobs one after the other, and whenever there is none, the rest.

export class Work {
  /** Does some of it, or says at once that there is none. Never rejects. */
  readonly #rest: () => Promise<void> | undefined;
  #jobs: Array<() => Promise<void>> = [];
  #running: Promise<void> | undefined;

  constructor(rest: () => Promise<void> | undefined) {
    this.#rest = rest;
  }

  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** Resolves or rejects as `job`, beside which nothing else is done. */
  do<T>(job: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push(() => job().then(resolve, reject));
      this.start();
    });
  }

  /** There is something to do. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** When nothing is left to do. */
  async finished(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What comes in the same turn of the event loop is done together.
    await undefined;
    for (;;) {
      const doing = this.#jobs.shift()?.() ?? this.#rest();
      if (doing === undefined) break;
      await doing;
    }
    this.#running = undefined;
  }
}
