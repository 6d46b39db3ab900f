// One file that is followed: how far it has come, who waits for more, and when that is over. One look at it serves all.
import { meaningOf } from '../files/errno.ts';
import type { GrowingFile } from '../files/growing-file.ts';
import { fill } from '../files/read-span.ts';
import { closeAll, type Found, isSameFile } from '../files/root.ts';

/**
 * Why nothing more comes of it. replaced, deleted: another file stands at its path, or none, and nobody writes to it any
 * more; truncated: what was sent of it is in it no longer.
 */
export type Ending = 'replaced' | 'deleted' | 'truncated';

export interface FollowedFileOptions {
  /** What stands at its path now. Never rejects. */
  readonly find: (path: string) => Promise<Found>;
  /** Longest time between two looks, milliseconds: events may be lost, and there may be none. */
  readonly pollMs: number;
  /** Who waits is woken at least as often, milliseconds. */
  readonly beatMs: number;
  /** Nobody follows it any more. */
  readonly onLeft: () => void;
}

/** Who writes all the time is looked at no more often than this by the clock, milliseconds. */
const MIN_POLL_MS = 50;

/** Who has moved a log away says so to its writer, who goes on for a moment, milliseconds. */
const MAX_LINGER_MS = 1000;

/** Bytes before the end that are compared, to see whether the file was written anew. */
const MARK = 256;

export class FollowedFile {
  readonly file: GrowingFile;
  readonly #options: FollowedFileOptions;
  #size: number;
  #mtimeMs: number;
  #ending: Ending | undefined;
  #grewAt = performance.now();
  /** Since when its path leads elsewhere. */
  #leftAt: number | undefined;
  /** What stood before `#size` at the last look. */
  #mark: Buffer = Buffer.alloc(0);
  #followers = 0;
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #delayMs = MIN_POLL_MS;
  #beatAt: number;
  #beats = 0;
  #looking = false;
  #again = false;

  /** The file is closed when its last follower has left. */
  constructor(file: GrowingFile, options: FollowedFileOptions) {
    this.file = file;
    this.#options = options;
    this.#size = file.size;
    // None that it had: the first look begins with a mark.
    this.#mtimeMs = Number.NaN;
    this.#beatAt = performance.now() + options.beatMs;
  }

  /** Bytes. */
  get size(): number {
    return this.#size;
  }

  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** When it has grown last, as performance.now() has it. */
  get grewAt(): number {
    return this.#grewAt;
  }

  /** How often it was time to give a sign of life. */
  get beats(): number {
    return this.#beats;
  }

  join(): void {
    this.#followers++;
    this.look();
  }

  leave(): void {
    if (--this.#followers > 0) return;
    clearTimeout(this.#timer);
    this.file.release();
    this.#options.onLeft();
  }

  /** Calls it once, when it has grown or ended, or from time to time. */
  wait(wake: () => void): void {
    this.#waiting.add(wake);
  }

  /** Nobody waits by it any more. */
  forget(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  /** Something may have happened to it. */
  look(): void {
    if (this.#ending !== undefined || this.#followers === 0) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    clearTimeout(this.#timer);
    this.file.retain();
    this.#lookAt()
      // Its own system knows it no more (ESTALE).
      .catch(() => this.#end('deleted'))
      .then(() => {
        this.file.release();
        this.#looking = false;
        if (this.#again) {
          this.#again = false;
          this.look();
        } else if (this.#ending === undefined && this.#followers > 0) this.#rest();
      });
  }

  /** The bytes of this span. Fewer: it was cut, and has ended. */
  async read(start: number, end: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(end - start);
    const length = await fill(this.file.file.fd, buffer, start);
    if (length < buffer.length) this.#end('truncated');
    return buffer.subarray(0, length);
  }

  async #lookAt(): Promise<void> {
    const found = await this.#options.find(this.file.path);
    closeAll([found]);
    const { kind } = await this.file.look();
    if (kind === 'truncated') return this.#end('truncated');
    if (kind === 'grown' || this.file.mtimeMs !== this.#mtimeMs) await this.#learn();
    const isThere = found.type === 'file' && isSameFile(found.version, this.file.version);
    if (isThere || isOurTrouble(found)) this.#leftAt = undefined;
    else this.#linger(found.type === 'error' ? 'deleted' : 'replaced');
  }

  /** It was written to: to its end, if what stood before that does so still. (A log that was truncated may have grown again.) */
  async #learn(): Promise<void> {
    const { size, mtimeMs } = this.file;
    const mark = this.#mark;
    const before = await this.read(this.#size - mark.length, this.#size);
    if (!mark.equals(before)) return this.#end('truncated');
    const next = await this.read(Math.max(0, size - MARK), size);
    if (this.#ending !== undefined) return;
    this.#mark = next;
    this.#mtimeMs = mtimeMs;
    if (size === this.#size) return;
    this.#size = size;
    this.#grewAt = performance.now();
    this.#delayMs = MIN_POLL_MS;
    if (this.#leftAt !== undefined) this.#leftAt = this.#grewAt;
    this.#wake();
  }

  #linger(why: Ending): void {
    const now = performance.now();
    const lingerMs = Math.min(this.#options.pollMs, MAX_LINGER_MS);
    this.#leftAt ??= now;
    if (now - this.#leftAt >= lingerMs) this.#end(why);
    else this.#delayMs = Math.min(this.#delayMs, lingerMs);
  }

  #end(why: Ending): void {
    this.#ending ??= why;
    this.#wake();
  }

  /** Until the next look. */
  #rest(): void {
    const now = performance.now();
    if (now >= this.#beatAt) {
      this.#beatAt = now + this.#options.beatMs;
      this.#beats++;
      this.#wake();
    }
    const delayMs = Math.min(this.#delayMs, this.#beatAt - now);
    this.#delayMs = Math.min(this.#delayMs * 2, this.#options.pollMs);
    this.#timer = setTimeout(() => this.look(), delayMs).unref();
  }

  #wake(): void {
    const woken = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of woken) wake();
  }
}

/** What keeps us from looking says nothing of the file. */
function isOurTrouble(found: Found): boolean {
  return found.type === 'error' && meaningOf(found.errno).kind === 'failed';
}
