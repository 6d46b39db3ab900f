// Files as the native addon has them. What the numbers mean stands in wire.ts.

/** A root directory held open (O_PATH); every open is relative to it. */
export interface NativeRoot {
  readonly fd: number;
  /** Is it surely what its path names? One look at what the kernel remembers; false where that is not enough. */
  isSame(): boolean;
  close(): void;
}

/** One open file version. The engine holds references of its own: `release` drops only this one, the last closes. */
export interface NativeFile {
  readonly fd: number;
  /** Is it the very version that was opened? One fstat(2); false after `release`. */
  isCurrent(): boolean;
  /**
   * Fills the bytes from this offset of the file on, if that need not wait for a disk and the file is then still what it
   * was when it was opened. False: not all of them are right. By preadv2(2) with RWF_NOWAIT.
   */
  readNow(bytes: Uint8Array, start: number): boolean;
  /**
   * SHA-256 of the content in base64, if that is small, need not be waited for and is that of the version that was opened.
   * Undefined also without an OpenSSL that the addon could call.
   */
  contentHash(): string | undefined;
  release(): void;
}

/** Bytes of one file version in mapped memory: a slot of the sealed arena, or the file's own mapping. */
export interface NativeMemory {
  readonly size: number;
  /** Drops this reference; the engine may hold more. */
  release(): void;
  /**
   * The bytes without a copy, for whoever goes on with them after `release`: each call makes a buffer that keeps them.
   * Undefined for a mapping of the file itself (a truncation would fault).
   */
  bytes(): ArrayBuffer | undefined;
  /** The same, lent until `release`, which empties it: one for all that ask. */
  lend(): ArrayBuffer | undefined;
  /** What `lend` has lent, without a call. */
  readonly view?: ArrayBuffer;
}

/**
 * What stands at each path, flat: an errno; or an index of WIRE.opened, and of a file or directory then its handle, which is
 * the receiver's to release, size (bytes), mtimeMs, version ("dev-ino-size-mtimens-ctimens" in hex, from one fstat), and
 * whether sendfile and mmap from its file system are trusted (statfs f_type).
 */
export type Opened = ReadonlyArray<string | number | boolean | NativeFile>;

/** `inside`: links may be followed while they stay beneath the root; `none`: no link in any component; `follow`: anywhere. */
export type Symlinks = 'inside' | 'none' | 'follow';

/** Memory for snapshots: one sealed memfd, mapped once. */
export interface NativeArena {
  /** Copies the file (fstat before and after must agree). In libuv's pool. */
  snapshot(file: NativeFile): Promise<NativeMemory | 'changed' | 'full'>;
  /**
   * No page that is used leaves memory from now on, also of slots to come (mlock2(2)). The name of the errno where the
   * process may not lock its capacity (RLIMIT_MEMLOCK): ENOMEM, EPERM where it may lock nothing; ENOSYS before Linux 4.4.
   */
  lock(): string | undefined;
  close(): void;
}

/** Which names stand in a directory, at one version of it. What is absent is surely absent. */
export interface NativeNames {
  readonly count: number;
  mayHave(name: string): boolean;
  /** Directories among them, as bytes; a thousand at most, and none that begins with a dot. */
  readonly directories: readonly string[];
  /**
   * Is the directory at this root-relative path still at that version? At once; false also where that cannot be told
   * without waiting.
   */
  holds(root: NativeRoot, path: string, symlinks: Symlinks): boolean;
}

/** What is in a directory, packed: directories first, then by name in the order of JavaScript's strings. */
export interface NativeEntries {
  /** In UTF-8, each with a NUL after it. */
  readonly names: Uint8Array;
  /** Two for each name: bytes, or -1 for a directory; mtime in milliseconds. */
  readonly numbers: Float64Array;
  /** Names that are left out because no request can have them (a backslash, not UTF-8), and links that are refused. */
  readonly unnameable: number;
  readonly refused: number;
}
