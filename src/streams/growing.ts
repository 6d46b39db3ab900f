// Until src/files/growing-file.ts is there.
import type { NativeAddon } from '../addon/types.ts';
import type { FileEntry, OpenFile } from '../files/entry.ts';
import { PathOpenFile } from '../files/open-by-path.ts';

export async function openGrowing(
  fd: number,
  path: string,
  _addon: NativeAddon | undefined,
): Promise<FileEntry> {
  return new Growing(new PathOpenFile(fd), path);
}

class Growing implements FileEntry {
  readonly coding = 'identity';
  readonly etag = undefined;
  readonly lastModified = undefined;
  readonly fields = [];
  readonly contentFields = [];
  readonly digestFields = [];
  readonly cached = false;
  readonly uses = 0;
  readonly memory = undefined;
  readonly version = '';
  readonly trusted = true;
  readonly size = Number.MAX_SAFE_INTEGER;
  readonly mtimeMs = 0;
  refused = false;
  readonly path: string;
  readonly file: OpenFile;
  #users = 1;

  constructor(file: OpenFile, path: string) {
    this.file = file;
    this.path = path;
  }

  retain(): void {
    if (this.#users === 0) throw new Error(`${this.path} is closed: retained too late`);
    this.#users++;
  }

  release(): void {
    if (--this.#users === 0) this.file.close();
  }

  markRefused(): void {
    this.refused = true;
  }

  markChanged(): void {}
}
