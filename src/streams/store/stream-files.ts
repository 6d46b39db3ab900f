// The two files of one stream while they are open: written at their ends, synced, cut back to what they were.
import { type GrowingFile, openGrowing } from '../../files/growing-file.ts';
import {
  closeFile,
  type Disk,
  openFile,
  pathOf,
  renameFile,
  sizeOf,
  sync,
  truncateFile,
  writeFully,
} from './disk.ts';
import type { StreamFileNames } from './names.ts';

export type Written =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** A sync has failed: what the disk has, nobody knows. */
  | { readonly kind: 'unsafe'; readonly error: unknown };

const DONE = { kind: 'done' } as const;

export class StreamFiles {
  readonly data: GrowingFile;
  readonly #disk: Disk;
  readonly #names: StreamFileNames;
  #sidecar: number;
  #sidecarSize: number;

  constructor(
    disk: Disk,
    names: StreamFileNames,
    data: GrowingFile,
    sidecar: number,
    sidecarSize: number,
  ) {
    this.#disk = disk;
    this.#names = names;
    this.data = data;
    this.#sidecar = sidecar;
    this.#sidecarSize = sidecarSize;
  }

  /** Bytes. */
  get sidecarSize(): number {
    return this.#sidecarSize;
  }

  /**
   * Writes at the ends of both, and syncs each as soon as it is written where `isSynced` is asked for. Never rejects: after
   * anything but `done`, `cutBack` is due.
   */
  async write(
    chunks: readonly Uint8Array[],
    at: number,
    line: Buffer,
    isSynced: boolean,
  ): Promise<Written> {
    this.#disk.counts.commits++;
    const [data, sidecar] = await Promise.all([
      chunks.length === 0 ? DONE : this.#writeTo(this.data.file.fd, chunks, at, isSynced),
      this.#writeTo(this.#sidecar, [line], this.#sidecarSize, isSynced),
    ]);
    if (data.kind === 'done' && sidecar.kind === 'done') this.#sidecarSize += line.length;
    return data.kind === 'unsafe' || sidecar.kind === 'done' ? data : sidecar;
  }

  async #writeTo(
    fd: number,
    chunks: readonly Uint8Array[],
    at: number,
    isSynced: boolean,
  ): Promise<Written> {
    try {
      await writeFully(fd, chunks, at);
    } catch (error) {
      return { kind: 'failed', error };
    }
    try {
      if (isSynced) await sync(this.#disk, fd);
      return DONE;
    } catch (error) {
      return { kind: 'unsafe', error };
    }
  }

  /** Makes them what they were, but for so many bytes. Rejects with an Error that has `code`. */
  async cutBack(dataSize: number, sidecarSize: number): Promise<void> {
    await allDone([
      truncateFile(this.data.file.fd, dataSize),
      truncateFile(this.#sidecar, sidecarSize),
    ]);
    this.#sidecarSize = sidecarSize;
  }

  /** `data`: has it changed too? Rejects with an Error that has `code`: what is on the disk then, nobody knows. */
  async sync(data: boolean): Promise<void> {
    const sidecar = sync(this.#disk, this.#sidecar);
    await allDone(data ? [sync(this.#disk, this.data.file.fd), sidecar] : [sidecar]);
  }

  /**
   * These lines take the place of the sidecar's; `syncDirectory` is due then. The data has to be synced before. Rejects with
   * an Error that has `code`, and the sidecar is what it was.
   */
  async replaceSidecar(lines: readonly Buffer[]): Promise<void> {
    const { fd, size } = await writeSidecar(this.#disk, this.#names, lines, true);
    const before = this.#sidecar;
    this.#sidecar = fd;
    this.#sidecarSize = size;
    await closeFile(before);
  }

  /** Whoever retains the data's goes on with it. */
  async close(): Promise<void> {
    this.data.release();
    await closeFile(this.#sidecar);
  }
}

/** The files of a stream that is there, as they are. Rejects with an Error that has `code`. */
export async function openFiles(disk: Disk, names: StreamFileNames): Promise<StreamFiles> {
  const sidecar = await openFile(pathOf(disk, names.sidecar), 'r+');
  try {
    const size = await sizeOf(sidecar);
    const data = await openGrowing(
      await openFile(pathOf(disk, names.data), 'r+'),
      names.data,
      disk.addon,
    );
    return new StreamFiles(disk, names, data, sidecar, size);
  } catch (error) {
    await closeFile(sidecar);
    throw error;
  }
}

/** Whole, or not at all. Rejects with an Error that has `code`. */
export async function writeSidecar(
  disk: Disk,
  names: StreamFileNames,
  lines: readonly Buffer[],
  isSynced: boolean,
): Promise<{ readonly fd: number; readonly size: number }> {
  const unfinished = pathOf(disk, names.unfinished);
  const fd = await openFile(unfinished, 'w+');
  try {
    await writeFully(fd, lines, 0);
    if (isSynced) await sync(disk, fd);
    await renameFile(unfinished, pathOf(disk, names.sidecar));
    return { fd, size: lines.reduce((sum, { length }) => sum + length, 0) };
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
}

/** When all have ended; rejects as the first of them that has. */
async function allDone(running: ReadonlyArray<Promise<void>>): Promise<void> {
  const ends = await Promise.allSettled(running);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
