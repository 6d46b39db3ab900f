// Strong entity-tags: from what identifies a version, or from its content, hashed once per version.
import { fstat, read } from 'node:fs';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import { loadCrypto, loadEtag } from '../packages/packages.ts';
import type { Coding } from '../plan/types.ts';
import type { OpenFile } from './entry.ts';
import type { EtagPolicy } from './policy.ts';
import { contentVersion, versionOfStamp } from './root.ts';

const readFd = promisify(read);
const fstatFd = promisify(fstat);

// Loaded with the first content: both bring OpenSSL's part of Node, a megabyte and 6 ms, and most trees need none.
const etag = (entity: string | Buffer) => loadEtag()(entity);
const sha256 = () => loadCrypto().createHash('sha256');

/** How a version comes to its tag. */
export type TagSource =
  | { readonly kind: 'known'; readonly tag: string | undefined }
  /** Its content is hashed: before the first answer (`first`), or in the background while answers go without a tag. */
  | { readonly kind: 'hash'; readonly first: boolean };

/**
 * Largest content, bytes, that the first answer waits for. Read and hash of 16 KiB take 0.1 ms, of 1 MiB 2 ms, once
 * per version; 10,000 files of a container image a second of one core, spread over their first requests.
 */
export const HASHED_FIRST = 1024 * 1024;

/**
 * `auto`: a time with nanoseconds identifies a version, and a copy that keeps it has the same tag on another disk or
 * machine. A time in whole seconds proves little (archives, image layers and reproducible builds write the same one
 * into every version): there the content decides, or, where that is large, also ctime, which nobody can set. Size and
 * times are no secret (Content-Length and Last-Modified tell them), so they are the tag as they are, in hex.
 */
export function tagSource(
  policy: EtagPolicy,
  version: string,
  size: number,
  coding: Coding,
): TagSource {
  switch (policy) {
    case 'off':
      return { kind: 'known', tag: undefined };
    case 'stat':
      return { kind: 'known', tag: statEtag(version, coding) };
    case 'content':
      return { kind: 'hash', first: false };
    case 'auto': {
      const { length, time, change } = partsOf(version);
      const suffix = coding === 'identity' ? '' : `-${coding}`;
      if (hasFraction(time)) return { kind: 'known', tag: `"${length}-${time}${suffix}"` };
      if (size <= HASHED_FIRST) return { kind: 'hash', first: true };
      return { kind: 'known', tag: `"${length}-${time}-${change}${suffix}"` };
    }
  }
}

/** Size, mtime and ctime of a version, in hex. */
function partsOf(version: string) {
  const [, , length = '', time = '', change = ''] = version.split('-');
  return { length, time, change };
}

function hasFraction(time: string): boolean {
  return BigInt.asIntN(64, BigInt(`0x${time}`)) % 1_000_000_000n !== 0n;
}

/**
 * From "dev-ino-size-mtimens", hashed because an inode is nobody's business, and the coding, so two versions never share
 * a tag unless they were written within one tick of the file system's clock and have one size.
 */
export function statEtag(version: string, coding: Coding): string {
  return etag(`${contentVersion(version)}-${coding}`);
}

/** 256 KiB per read: hashing it holds the JavaScript thread for under a millisecond. */
const CHUNK = 256 * 1024;
const MAX_REMEMBERED = 10_000;
const MAX_WAITING = 10_000;
/** Contents hashed at a time before their first answers: as many as libuv's pool reads at a time. */
const MAX_HASHING = 4;

/** A file as far as hashing it is concerned. */
export interface Hashable {
  readonly version: string;
  readonly size: number;
  readonly coding: Coding;
  readonly file: OpenFile;
}

/** One that may be closed while it waits. */
export interface HashableEntry extends Hashable {
  readonly closed: boolean;
  retain(): void;
  release(): void;
}

/** Tags from content, computed once per version. */
export class ContentEtags {
  readonly #known = new LRUCache<string, string>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: () => 1,
  });
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();
  #hashing = 0;
  readonly #queue: Array<() => void> = [];

  /** The tag, if this version was hashed before. One inode may be linked as two codings. */
  get({ version, coding }: Pick<Hashable, 'version' | 'coding'>): string | undefined {
    return this.#known.get(`${version}-${coding}`);
  }

  /** Hashes at once, where that is short and waits for nothing. False: it does not. */
  learnNow(file: Hashable): boolean {
    const tag = file.coding === 'identity' ? file.file.native?.contentTag() : undefined;
    if (tag === undefined) return false;
    this.#remember(file, tag);
    return true;
  }

  /** Hashes now, a few at a time; resolves when `get` knows the tag, or the file has changed or cannot be read. */
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
   * Hashes in the background, one file at a time; calls back with the tag unless the file changed meanwhile, cannot be
   * read or is closed before its turn (waiting holds no descriptor). Until then a version has no tag (Last-Modified
   * validates): a provisional one from the stat would make equal files on two servers differ, and every cache that had
   * stored it would have to fetch the body again.
   */
  compute(entry: HashableEntry, onTag: (tag: string) => void): void {
    if (this.#waiting >= MAX_WAITING) return;
    this.#waiting++;
    this.#last = this.#last.then(async () => {
      this.#waiting--;
      if (entry.closed) return;
      entry.retain();
      try {
        const tag = await this.#hash(entry);
        if (tag !== undefined) onTag(tag);
      } finally {
        entry.release();
      }
    });
  }

  async #hash(file: Hashable): Promise<string | undefined> {
    const tag = this.get(file) ?? (await contentEtag(file));
    if (tag !== undefined) this.#remember(file, tag);
    return tag;
  }

  #remember({ version, coding }: Hashable, tag: string): void {
    this.#known.set(`${version}-${coding}`, tag);
  }
}

/** Never rejects. */
async function contentEtag({ version, file, size, coding }: Hashable): Promise<string | undefined> {
  try {
    const hash = sha256();
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, size)));
    let position = 0;
    while (position < size) {
      const { bytesRead } = await readFd(file.fd, chunk, 0, chunk.length, position);
      if (bytesRead === 0) return undefined;
      hash.update(chunk.subarray(0, bytesRead));
      position += bytesRead;
    }
    // All bytes were of the version that was opened; ctime counts, since whoever writes can set mtime back.
    if ((await versionNow(file.fd)) !== version) return undefined;
    // Two codings of a resource never share a tag, whatever their bytes (RFC 9110 §8.8.3.3).
    if (coding !== 'identity') hash.update(`-${coding}`);
    return etag(hash.digest());
  } catch {
    return undefined;
  }
}

/** The version of what is open. Rejects where fstat(2) fails. */
export async function versionNow(fd: number): Promise<string> {
  return versionOfStamp(await fstatFd(fd, { bigint: true }));
}
