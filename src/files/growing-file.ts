// A file to whose end bytes are added while it is sent: a log, or what a stream is kept in.
import { close, fstat, fstatSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import type { NativeAddon } from '../addon/types.ts';
import type { FileEntry, OpenFile } from './entry.ts';
import { readOpened } from './open.ts';
import { PathOpenFile } from './open-by-path.ts';
import { type FoundFile, versionOfStamp } from './root.ts';

const fstatFd = promisify(fstat);
const closeFd = promisify(close);

/**
 * Takes over what `Root.open` has found, or a descriptor of the caller's that can be read from. `path`: what log lines call it.
 * Rejects with an Error that has `code`, and has closed it then.
 */
export async function openGrowing(
  source: FoundFile | number,
  path: string,
  addon: NativeAddon | undefined,
): Promise<GrowingFile> {
  const found = addon ? await grownBy(addon, source, path) : await foundBy(source);
  return new GrowingFile(found, path);
}

async function grownBy(
  addon: NativeAddon,
  source: FoundFile | number,
  path: string,
): Promise<FoundFile> {
  const known = typeof source === 'number' ? source : source.file;
  try {
    const handle = typeof known === 'number' ? known : (known.native ?? known.fd);
    const [found] = readOpened(await addon.growingFile(handle, path));
    if (found?.type === 'file') return found;
    throw failure(found?.type === 'error' ? found.errno : 'EINVAL', path);
  } finally {
    // The handle that there is now has a descriptor of its own.
    if (typeof known !== 'number') known.close();
  }
}

async function foundBy(source: FoundFile | number): Promise<FoundFile> {
  if (typeof source !== 'number') return source;
  const stat = await fstatFd(source, { bigint: true });
  if (!stat.isFile()) {
    await closeFd(source);
    throw failure('EINVAL', `descriptor ${source}`);
  }
  return {
    type: 'file',
    file: new PathOpenFile(source),
    size: Number(stat.size),
    mtimeMs: Number(stat.mtimeNs) / 1e6,
    version: versionOfStamp(stat),
    trusted: true,
  };
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** What one look has shown. `truncated`: it is shorter than it was at the look before. */
export interface Growth {
  readonly kind: 'same' | 'grown' | 'truncated';
  /** No name leads to it any more: it was deleted, or another file was renamed over it. */
  readonly unlinked: boolean;
}

/**
 * It has no validators, for it has no version, and is never kept in memory or by a table. Open while anybody holds it: whoever
 * has opened it does, until `release`.
 */
export class GrowingFile implements FileEntry {
  readonly coding = 'identity';
  readonly etag = undefined;
  readonly lastModified = undefined;
  readonly fields = [];
  readonly contentFields = [];
  readonly digestFields = [];
  readonly cached = false;
  readonly uses = 0;
  readonly memory = undefined;
  readonly grows = true;
  readonly path: string;
  readonly file: OpenFile;
  readonly version: string;
  readonly trusted: boolean;
  refused = false;
  #size: number;
  #mtimeMs: number;
  #users = 1;

  constructor({ file, size, mtimeMs, version, trusted }: FoundFile, path: string) {
    this.path = path;
    this.file = file;
    this.version = version;
    this.trusted = trusted;
    this.#size = size;
    this.#mtimeMs = mtimeMs;
  }

  /** Bytes that it had at the last look. */
  get size(): number {
    return this.#size;
  }

  get mtimeMs(): number {
    return this.#mtimeMs;
  }

  /** By one fstat(2): at once, unless it lies where that may hang; then it may reject with an Error that has `code`. */
  look(): Growth | Promise<Growth> {
    if (this.trusted) return this.#learn(fstatSync(this.file.fd));
    this.retain();
    return fstatFd(this.file.fd)
      .then((stat) => this.#learn(stat))
      .finally(() => this.release());
  }

  #learn({ size, mtimeMs, nlink }: Stats): Growth {
    const kind = size > this.#size ? 'grown' : size < this.#size ? 'truncated' : 'same';
    this.#size = size;
    this.#mtimeMs = mtimeMs;
    return { kind, unlinked: nlink === 0 };
  }

  retain(): void {
    if (this.#users === 0) throw new Error(`${this.path} is closed: retained too late`);
    this.#users++;
  }

  release(): void {
    if (this.#users === 0) throw new Error(`${this.path} is released more often than retained`);
    this.#users--;
    if (this.#users === 0) this.file.close();
  }

  markRefused(): void {
    this.refused = true;
  }

  /** Nobody keeps it; the next look tells. */
  markChanged(): void {}
}
