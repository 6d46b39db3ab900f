// Room on the disk: the directory's quota, and the floor of what the file system keeps free.
import { statfs } from 'node:fs';
import { promisify } from 'node:util';
import type { Refused, StoreOptions } from './types.ts';

const statFileSystem = promisify(statfs);

/** How long a look at the file system holds, milliseconds: others write to it too. */
const LOOK_MS = 1000;

export class Space {
  readonly #directory: string;
  options: Pick<StoreOptions, 'quota' | 'minFree'>;
  readonly #now: () => number;
  /** Bytes of all streams. */
  used = 0;
  #free = Number.POSITIVE_INFINITY;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #isLooking = false;

  constructor(
    directory: string,
    options: Pick<StoreOptions, 'quota' | 'minFree'>,
    now: () => number = () => performance.now(),
  ) {
    this.#directory = directory;
    this.options = options;
    this.#now = now;
  }

  /** For so many bytes that are going to be written, or why there is none. */
  take(bytes: number): Refused | undefined {
    if (this.#lookedMs + LOOK_MS < this.#now()) void this.look();
    const { quota, minFree } = this.options;
    if (quota !== undefined && this.used + bytes > quota) return { kind: 'quota' };
    if (this.#free - bytes < minFree) return { kind: 'quota' };
    this.used += bytes;
    this.#free -= bytes;
    return undefined;
  }

  /** They are not there any more, or were never written. */
  give(bytes: number): void {
    this.used = Math.max(0, this.used - bytes);
    this.#free += bytes;
  }

  /** One look at the file system at a time. Never rejects: where it does not tell, its own ENOSPC will. */
  async look(): Promise<void> {
    if (this.#isLooking || this.options.minFree === 0) return;
    this.#isLooking = true;
    this.#lookedMs = this.#now();
    try {
      const { bavail, bsize } = await statFileSystem(this.#directory);
      this.#free = bavail * bsize;
    } catch {
      this.#free = Number.POSITIVE_INFINITY;
    } finally {
      this.#isLooking = false;
    }
  }
}
