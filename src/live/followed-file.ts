// One file that is followed: how far it has come, whoever wants to know, and when it has ended. One look at it serves all.
import { fstat, read } from 'node:fs';
import { promisify } from 'node:util';
import type { FileEntry } from '../files/entry.ts';
import { meaningOf } from '../files/errno.ts';
import { closeAll, type Found, isSameFile, type Stamp, versionOfStamp } from '../files/root.ts';

/**
 * Why nothing more comes of it. replaced, deleted: its path is no longer its own, and nobody writes to it any more;
 * truncated: what was sent is no longer in it; closed: the server ends.
 */
export type Ending = 'replaced' | 'deleted' | 'truncated' | 'closed';

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

/** Soon after it has grown it often grows again; who writes all the time is looked at no more often than this, milliseconds. */
const MIN_POLL_MS = 50;

/** Who has moved a log away says so to its writer, who goes on for a moment, milliseconds. */
const MAX_LINGER_MS = 1000;

/** Bytes before the end that are looked at again, to see that the file was not written anew. */
const MARK = 256;

const fstatOf = promisify(fstat) as (fd: number, how: { bigint: true }) => Promise<Stamp>;
const readAt = promisify(read);

export class FollowedFile {
  readonly entry: FileEntry;
  readonly #options: FollowedFileOptions;
  #size: number;
  #ending: Ending | undefined;
  #grewAt = performance.now();
  /** Since when another file stands at its path, or none. */
  #leftAt: number | undefined;
  #version: string;
  /** What stood before `#size`. */
  #mark: Buffer | undefined;
  #followers = 0;
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #delayMs = MIN_POLL_MS;
  #beatAt: number;
  #beats = 0;
  #looking = false;
  #again = false;
  #reading:
    | { readonly start: number; readonly end: number; readonly bytes: Promise<string> }
    | undefined;

  /** The entry is kept open while it is followed; `size` and `version` are of now. */
  constructor(entry: FileEntry, size: number, version: string, options: FollowedFileOptions) {
    entry.retain();
    this.entry = entry;
    this.#size = size;
    this.#version = version;
    this.#options = options;
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
    this.#ending ??= 'closed';
    this.entry.release();
    this.#options.onLeft();
  }

  /** Resolves when it has grown or ended, from time to time, and when the signal comes. */
  change(gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        gone.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      gone.addEventListener('abort', wake);
    });
  }

  /** Something may have happened to it. */
  look(): void {
    if (this.#ending !== undefined) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    clearTimeout(this.#timer);
    this.#lookAt()
      // Its own system does not know it any more (ESTALE).
      .catch(() => this.end('deleted'))
      .then(() => {
        this.#looking = false;
        if (this.#ending !== undefined) return;
        if (!this.#again) return this.#rest();
        this.#again = false;
        this.look();
      });
  }

  end(why: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = why;
    clearTimeout(this.#timer);
    this.#wake();
  }

  /** The bytes of this span, a character each: one read for all who ask for the same next. Ends the file where it is cut. */
  read(start: number, end: number): Promise<string> {
    const last = this.#reading;
    if (last?.start === start && last.end === end) return last.bytes;
    const bytes = this.#read(start, end).then((read) => {
      if (read.length < end - start) this.end('truncated');
      return read.toString('latin1');
    });
    this.#reading = { start, end, bytes };
    return bytes;
  }

  async #read(start: number, end: number): Promise<Buffer> {
    const { fd } = this.entry.file;
    const buffer = Buffer.allocUnsafe(end - start);
    let filled = 0;
    while (filled < buffer.length) {
      const wanted = buffer.length - filled;
      const { bytesRead } = await readAt(fd, buffer, filled, wanted, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  }

  async #lookAt(): Promise<void> {
    const found = await this.#options.find(this.entry.path);
    closeAll([found]);
    const isThere = found.type === 'file' && isSameFile(found.version, this.#version);
    const { size, version } = isThere ? found : await this.#stamp();
    if (this.#followers === 0) return;
    if (version !== this.#version && !(await this.#take(size, version))) return;
    if (isThere || isOurTrouble(found)) this.#leftAt = undefined;
    else this.#linger(found);
  }

  async #stamp(): Promise<{ readonly size: number; readonly version: string }> {
    const stamp = await fstatOf(this.entry.file.fd, { bigint: true });
    return { size: Number(stamp.size), version: versionOfStamp(stamp) };
  }

  /** False: it was written anew. (A copy-and-truncate may have grown again before anybody looks.) */
  async #take(size: number, version: string): Promise<boolean> {
    const mark = this.#mark;
    const start = Math.max(0, size - MARK);
    const isSame =
      size >= this.#size &&
      (mark === undefined || mark.equals(await this.#read(this.#size - mark.length, this.#size)));
    if (!isSame || this.#followers === 0) {
      this.end('truncated');
      return false;
    }
    this.#mark = await this.#read(start, size);
    if (this.#mark.length < size - start) {
      this.end('truncated');
      return false;
    }
    this.#version = version;
    if (size === this.#size) return true;
    this.#size = size;
    this.#grewAt = performance.now();
    if (this.#leftAt !== undefined) this.#leftAt = this.#grewAt;
    this.#delayMs = MIN_POLL_MS;
    this.#wake();
    return true;
  }

  #linger(found: Found): void {
    const now = performance.now();
    this.#leftAt ??= now;
    this.#delayMs = Math.min(this.#lingerMs, this.#delayMs);
    if (now - this.#leftAt < this.#lingerMs) return;
    this.end(found.type === 'error' ? 'deleted' : 'replaced');
  }

  get #lingerMs(): number {
    return Math.min(this.#options.pollMs, MAX_LINGER_MS);
  }

  #rest(): void {
    if (this.#followers === 0) return;
    const now = performance.now();
    if (now >= this.#beatAt) {
      this.#beatAt = now + this.#options.beatMs;
      this.#beats++;
      this.#wake();
    }
    const delay = Math.min(this.#delayMs, this.#beatAt - now);
    this.#delayMs = Math.min(this.#delayMs * 2, this.#options.pollMs);
    this.#timer = setTimeout(() => this.look(), delay).unref();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/** What keeps us from looking says nothing of the file. */
function isOurTrouble(found: Found): boolean {
  return found.type === 'error' && meaningOf(found.errno).kind === 'failed';
}
