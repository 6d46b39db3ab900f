// SHA-256 of contents, in base64, computed once per version: for entity-tags, for digests, and for lists of files.
import { fstat } from 'node:fs';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import { loadCrypto } from '../packages/packages.ts';
import type { Span } from '../plan/types.ts';
import type { OpenFile } from './entry.ts';
import { piecesIn } from './read-span.ts';
import { changeMsOf, versionOfStamp } from './root.ts';

const fstatFd = promisify(fstat);

/**
 * Largest content, bytes, that the first answer waits for. Read and hash of 16 KiB take 0.1 ms, of 1 MiB 2 ms, once
 * per version; 10,000 files of a container image a second of one core, spread over their first requests.
 */
export const HASHED_FIRST = 1024 * 1024;

const MAX_REMEMBERED = 10_000;
const MAX_WAITING = 10_000;
/** Contents hashed at a time before their first answers: as many as libuv's pool reads at a time. */
const MAX_HASHING = 4;

/**
 * Kernels without fine-grained timestamps (< 6.13) stamp changes with the tick, at most 10 ms (HZ=100): of a file that
 * changed so lately, the version does not tell whether it has changed again. native/files/arena.cc waits as long.
 */
const GRAIN_MS = 20;
/** A timer may come a millisecond early, and Date counts whole ones. */
const EARLY_MS = 2;

/** A file as far as hashing it is concerned. */
export interface Hashable {
  readonly version: string;
  readonly size: number;
  readonly file: OpenFile;
}

/** One that may be closed while it waits. */
export interface HashableEntry extends Hashable {
  readonly closed: boolean;
  retain(): void;
  release(): void;
}

export class ContentHashes {
  readonly #known = new LRUCache<string, string>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: () => 1,
  });
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();
  #hashing = 0;
  readonly #queue: Array<() => void> = [];

  /** The hash, if this version was hashed before. */
  get(version: string): string | undefined {
    return this.#known.get(version);
  }

  /** Hashes at once, where that is short and waits for nothing. False: it does not. */
  learnNow({ version, file }: Hashable): boolean {
    const hash = isSettled(version) ? file.native?.contentHash() : undefined;
    if (hash === undefined) return false;
    this.#known.set(version, hash);
    return true;
  }

  /** Hashes now, a few at a time; resolves when `get` knows the hash, or the file has changed or cannot be read. */
  async learn(file: Hashable): Promise<void> {
    if (this.#hashing < MAX_HASHING) this.#hashing++;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    await this.#hash(file);
    // The place goes on to who waits: a newcomer in between cannot take it too.
    const next = this.#queue.shift();
    if (next === undefined) this.#hashing--;
    else next();
  }

  /**
   * Hashes in the background, one file at a time; calls back with the hash unless the file changed meanwhile, cannot be
   * read or is closed before its turn (waiting holds no descriptor). Until then a version has no tag of its content
   * (Last-Modified validates): a provisional one from the stat would make equal files on two servers differ, and every
   * cache that had stored it would have to fetch the body again.
   */
  compute(entry: HashableEntry, onHash: (hash: string) => void): void {
    if (this.#waiting >= MAX_WAITING) return;
    this.#waiting++;
    this.#last = this.#last.then(async () => {
      this.#waiting--;
      if (entry.closed) return;
      entry.retain();
      try {
        const hash = await this.#hash(entry);
        if (hash !== undefined) onHash(hash);
      } finally {
        entry.release();
      }
    });
  }

  async #hash(file: Hashable): Promise<string | undefined> {
    const { version, size } = file;
    const hash = this.get(version) ?? (await hashPieces(file, [{ start: 0, end: size }]));
    if (hash !== undefined) this.#known.set(version, hash);
    return hash;
  }
}

/**
 * SHA-256 in base64 of texts (latin1) and spans of a file, one after the other; undefined where not all of them are surely
 * of the version that was opened, or cannot be read. Never rejects.
 */
export async function hashPieces(
  file: Pick<Hashable, 'file' | 'version'>,
  pieces: ReadonlyArray<string | Span>,
): Promise<string | undefined> {
  try {
    const hash = loadCrypto().createHash('sha256');
    const whole = await readPieces(file, pieces, (bytes) => hash.update(bytes));
    return whole ? hash.digest('base64') : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Tells the bytes of texts (latin1) and spans of a file, in order; those that it tells are only lent. False where not all of
 * them are surely of the version that was opened. Rejects where they cannot be read.
 */
export async function readPieces(
  { file, version }: Pick<Hashable, 'file' | 'version'>,
  pieces: ReadonlyArray<string | Span>,
  tell: (bytes: Uint8Array) => void,
): Promise<boolean> {
  if (!isSettled(version)) await new Promise((resolve) => setTimeout(resolve, GRAIN_MS + EARLY_MS));
  for (const stretch of pieces.flatMap(stretchesOf)) {
    if (typeof stretch === 'string') {
      tell(Buffer.from(stretch, 'latin1'));
      continue;
    }
    if (!(await readSpan(file.fd, stretch, tell))) return false;
    // ctime counts, since whoever writes can set mtime back.
    if ((await versionNow(file.fd)) !== version) return false;
  }
  return true;
}

/** Of a file that is written to all the time, no more than this is read for nothing. */
const STRETCH = 16 * 1024 * 1024;

function stretchesOf(piece: string | Span): ReadonlyArray<string | Span> {
  if (typeof piece === 'string') return [piece];
  const { start, end } = piece;
  return Array.from({ length: Math.ceil((end - start) / STRETCH) }, (_, i) => ({
    start: start + i * STRETCH,
    end: Math.min(end, start + (i + 1) * STRETCH),
  }));
}

/** Tells all bytes of the span in order. False: the file ends before it. Rejects where it cannot be read. */
async function readSpan(
  fd: number,
  span: Span,
  tell: (bytes: Uint8Array) => void,
): Promise<boolean> {
  let at = span.start;
  for await (const piece of piecesIn(fd, span)) {
    tell(piece);
    at += piece.length;
  }
  return at === span.end;
}

/** Does the version tell, whatever happens to the file from now on? */
function isSettled(version: string): boolean {
  return Math.abs(Date.now() - changeMsOf(version)) >= GRAIN_MS;
}

/** The version of what is open. Rejects where fstat(2) fails. */
export async function versionNow(fd: number): Promise<string> {
  return versionOfStamp(await fstatFd(fd, { bigint: true }));
}
