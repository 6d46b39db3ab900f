// A file that says who may do what, as long as a server runs: it is read again when it has changed.
import { promises as fs, readFileSync, type Stats } from 'node:fs';
import type { Log } from '../log/log.ts';

/** The file is looked at again for a request, at most so often (ms). */
const LOOK_MS = 1000;

export interface ChangingFileOptions<T> {
  /** Throws an Error that says what is wrong with it. */
  readonly parse: (text: string) => T;
  /** What it holds, in the plural. */
  readonly what: string;
  readonly log: Log;
  /** It holds something else from now on. */
  readonly onChange?: () => void;
}

export class ChangingFile<T> {
  readonly #path: string;
  readonly #options: ChangingFileOptions<T>;
  #content: T;
  #version = '';
  #look: Promise<void> | undefined;
  #lookAfter = 0;

  /** Reads it at once. Throws what `parse` throws, and an Error with `code` where it cannot be read. */
  constructor(path: string, options: ChangingFileOptions<T>) {
    this.#path = path;
    this.#options = options;
    this.#content = options.parse(readFileSync(path, 'utf8'));
  }

  /** Gives `use` what it holds: at once, but for a look at it now and then. `now`: as of performance.now(). */
  with<R>(use: (content: T) => R | Promise<R>, now: number): R | Promise<R> {
    if (now < this.#lookAfter) return use(this.#content);
    this.#look ??= this.#lookAgain().finally(() => {
      this.#look = undefined;
      this.#lookAfter = performance.now() + LOOK_MS;
    });
    return this.#look.then(() => use(this.#content));
  }

  /** Where it cannot be read or used, what it held stays. */
  async #lookAgain(): Promise<void> {
    const { parse, what, log, onChange } = this.#options;
    try {
      const version = versionOf(await fs.stat(this.#path));
      if (version === this.#version) return;
      this.#content = parse(await fs.readFile(this.#path, 'utf8'));
      this.#version = version;
      onChange?.();
    } catch (error) {
      const reason = (error as Error).message;
      log.error(`${this.#path}: ${reason}; its ${what} are as they were`, this.#path);
    }
  }
}

function versionOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [ino, size, mtimeMs, ctimeMs].join();
}
