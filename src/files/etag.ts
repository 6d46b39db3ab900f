// Strong entity-tags: from a version's identity and times at once, or from its content in the background.
import { createHash } from 'node:crypto';
import { fstat, read } from 'node:fs';
import { promisify } from 'node:util';
import etag from 'etag';
import { LRUCache } from 'lru-cache';
import type { Coding } from '../plan/types.ts';
import type { OpenFile } from './entry.ts';
import { contentVersion, versionOfStamp } from './root.ts';

const readFd = promisify(read);
const fstatFd = promisify(fstat);

/**
 * From "dev-ino-size-mtimens" and the coding, so two versions never share a tag unless they were
 * written within one tick of the file system's clock and have one size.
 */
export function statEtag(version: string, coding: Coding): string {
  return etag(`${contentVersion(version)}-${coding}`);
}

/** 256 KiB per read: hashing it holds the JavaScript thread for under a millisecond. */
const CHUNK = 256 * 1024;
const MAX_REMEMBERED = 10_000;
const MAX_WAITING = 10_000;

/** An entry as far as hashing it is concerned. */
export interface Hashable {
  readonly version: string;
  readonly size: number;
  readonly file: OpenFile;
  readonly closed: boolean;
  retain(): void;
  release(): void;
}

/**
 * Tags from content, computed once per version, one file at a time. Until a version's tag is known it
 * has none (Last-Modified validates meanwhile): a provisional tag from the stat would make equal files on
 * two servers differ, and every cache that had stored it would have to fetch the body again.
 */
export class ContentEtags {
  readonly #known = new LRUCache<string, string>({ max: MAX_REMEMBERED });
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** The tag, if this version was hashed before. */
  get(version: string): string | undefined {
    return this.#known.get(version);
  }

  /**
   * Hashes in the background; calls back with the tag unless the file changed meanwhile, cannot be read
   * or is closed before its turn (waiting holds no descriptor).
   */
  compute(entry: Hashable, onTag: (tag: string) => void): void {
    if (this.#waiting >= MAX_WAITING) return;
    this.#waiting++;
    this.#last = this.#last.then(async () => {
      this.#waiting--;
      if (entry.closed) return;
      entry.retain();
      try {
        const tag = this.#known.get(entry.version) ?? (await contentEtag(entry));
        if (tag === undefined) return;
        this.#known.set(entry.version, tag);
        onTag(tag);
      } finally {
        entry.release();
      }
    });
  }
}

async function contentEtag({ version, file, size }: Hashable): Promise<string | undefined> {
  try {
    if (!(await isStill(version, file))) return undefined;
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, size)));
    let position = 0;
    while (position < size) {
      const { bytesRead } = await readFd(file.fd, chunk, 0, chunk.length, position);
      if (bytesRead === 0) return undefined;
      hash.update(chunk.subarray(0, bytesRead));
      position += bytesRead;
    }
    return (await isStill(version, file)) ? etag(hash.digest()) : undefined;
  } catch {
    return undefined;
  }
}

async function isStill(version: string, file: OpenFile): Promise<boolean> {
  const stamp = await fstatFd(file.fd, { bigint: true });
  return contentVersion(versionOfStamp(stamp)) === contentVersion(version);
}
