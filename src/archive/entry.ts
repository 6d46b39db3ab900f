// What an archive is made of, in order.

export interface ArchiveEntry {
  /** In the archive, `/`-separated; of a directory with a slash at its end. */
  readonly name: string;
  readonly mtimeMs: number;
  /** Undefined of a directory. */
  readonly file: ArchivedFile | undefined;
}

export interface ArchivedFile {
  /** Root-relative. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** All of them, once; throws where the file is not what it was. Each piece is the taker's. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Of one format: makes its bytes of the entries, each of which is used up before the next is asked for. */
export type Pack = (entries: AsyncIterable<ArchiveEntry>) => AsyncIterable<Uint8Array>;

/** Anybody may read it, as anybody could ask for it. */
export const FILE_MODE = 0o644;
export const DIRECTORY_MODE = 0o755;
