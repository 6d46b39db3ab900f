// The contract of an open root: the only way to open anything, and what can be found beneath it.
import type { NativeNames, NativeRoot } from '../addon/files.ts';
import type { Contents } from '../plan/types.ts';
import type { OpenFile } from './entry.ts';

/** What stands at a path, with the addon or without it: a descriptor in it is the receiver's to close. */
export type Found =
  | {
      readonly type: 'file';
      readonly file: OpenFile;
      /** Bytes. */
      readonly size: number;
      readonly mtimeMs: number;
      /** "dev-ino-size-mtimens-ctimens" in hex, from one fstat of the descriptor. */
      readonly version: string;
      /** statfs f_type: is sendfile/mmap from this file system trusted? */
      readonly trusted: boolean;
    }
  | {
      readonly type: 'directory';
      readonly file: OpenFile;
      readonly mtimeMs: number;
      readonly version: string;
    }
  /** A FIFO, socket or device. */
  | { readonly type: 'other' }
  | { readonly type: 'error'; readonly errno: string };

export type FoundFile = Extract<Found, { readonly type: 'file' }>;

/** Which names stand in a directory, at one version of it. */
export interface Names {
  readonly native: NativeNames;
  /** Is the directory surely still at that version? At once; false also where that cannot be told without waiting. */
  hold(): boolean;
}

export interface Root {
  /** The addon's handle, for the engine; undefined where the addon is not loaded, or nothing is open. */
  readonly native: NativeRoot | undefined;
  /** Nothing is open yet: the first look opens what the path names. */
  readonly resting?: true;
  /**
   * The same as `open`, at once: by what the kernel remembers of the tree. Undefined where it would have to wait, for a disk
   * or a server.
   */
  openNow(paths: readonly string[]): readonly Found[] | undefined;
  /** Is it surely what its path names? At once; false also where that cannot be told without waiting. */
  isSame(): boolean;
  /**
   * Opens root-relative paths ('' is the root itself), each confined by the symlink policy; the answers
   * are in the same order. Off the JavaScript thread; never blocks on a FIFO; never rejects.
   */
  open(paths: readonly string[]): Promise<readonly Found[]>;
  /**
   * What is in a directory that `open` found at this path: only what a request could get, hidden names where `dotfiles`
   * says so. Off the JavaScript thread. Rejects with an Error that has `code`, EFBIG for more than `maxEntries`.
   */
  read(
    directory: OpenFile,
    path: string,
    dotfiles: boolean,
    maxEntries: number,
  ): Promise<DirectoryRead>;
  /**
   * Which names stand in each of these directories, as far as they tell what can be opened there. Off the JavaScript thread;
   * undefined where they do not, and without the addon.
   */
  names(paths: readonly string[]): Promise<ReadonlyArray<Names | undefined>>;
  /** What the root's path names now. Off the JavaScript thread; never rejects. */
  look(): Promise<Look>;
  close(): void;
}

/** What is in a directory, and how much of it nobody can ask for. */
export interface DirectoryRead extends Contents {
  /** Names with a backslash or not in UTF-8. */
  readonly unnameable: number;
  /** Links that the policy does not follow. */
  readonly refused: number;
}

export type Look =
  | { readonly kind: 'same' }
  /** What rested is open from now on: the receiver's to close. */
  | { readonly kind: 'opened'; readonly root: Root }
  /** Another directory, opened: the receiver's to close. */
  | { readonly kind: 'moved'; readonly root: Root }
  | { readonly kind: 'error'; readonly errno: string };

/** A root of which nothing is open: every open answers with this errno. */
export function closedRoot(errno: string, look: Root['look']): Root {
  return {
    native: undefined,
    openNow: () => undefined,
    isSame: () => false,
    open: async (paths) => paths.map(() => ({ type: 'error', errno })),
    read: () => Promise.reject(Object.assign(new Error(errno), { code: errno })),
    names: async (paths) => paths.map(() => undefined),
    look,
    close: () => {},
  };
}

/** The version of what was found; '' = nothing that can be served, or nothing at all. */
export function versionOf(found: Found): string {
  return found.type === 'file' || found.type === 'directory' ? found.version : '';
}

/** The fields of an fstat(2) that tell versions apart. */
export interface Stamp {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export function versionOfStamp(stamp: Stamp): string {
  return [stamp.dev, stamp.ino, stamp.size, stamp.mtimeNs, stamp.ctimeNs]
    .map((n) => BigInt.asUintN(64, n).toString(16))
    .join('-');
}

/**
 * The part of a version that moves when bytes are written: all but ctime, which a chmod, a rename or a
 * hard link moves too.
 */
export function contentVersion(version: string): string {
  return version.slice(0, version.lastIndexOf('-'));
}

/** Is it the same file, whatever was written to it? */
export function isSameFile(a: string, b: string): boolean {
  return fileOf(a) === fileOf(b);
}

/** The part of a version that tells files apart: device and inode. */
export function fileOf(version: string): string {
  return version.split('-', 2).join('-');
}

/** When what has this version last changed (ctime), milliseconds since the epoch. */
export function changeMsOf(version: string): number {
  const ns = BigInt(`0x${version.slice(version.lastIndexOf('-') + 1)}`);
  return Number(BigInt.asIntN(64, ns)) / 1e6;
}

/** The directory of a path, '' for the root's own; with or without a leading slash, as the path. */
export function directoryOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function closeAll(found: readonly Found[]): void {
  for (const one of found) {
    if (one.type === 'file' || one.type === 'directory') one.file.close();
  }
}
