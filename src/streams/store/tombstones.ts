// Names of deleted streams that stay taken while there are forks. PROTOCOL.md §4.2.
import { piecesIn } from '../../files/read-span.ts';
import {
  closeFile,
  type Disk,
  openFile,
  pathOf,
  removeFile,
  sizeOf,
  syncDirectory,
} from './disk.ts';
import { fileNamesOf, type StreamFileNames } from './names.ts';
import { type Header, headerLine, readHeader } from './sidecar.ts';
import { writeSidecar } from './stream-files.ts';

const NEWLINE = 0x0a;

/** Those of these forks that are there: what is said of forks may be older than they are. */
export async function realForks(
  disk: Disk,
  source: Pick<Header, 'stream' | 'id'>,
  forks: Iterable<string>,
): Promise<readonly string[]> {
  const real: string[] = [];
  for (const fork of forks) if (await isFork(disk, fork, source.id)) real.push(fork);
  return real;
}

async function isFork(disk: Disk, name: string, source: string): Promise<boolean> {
  const names = fileNamesOf(name);
  if (names === undefined) return false;
  try {
    const header = await headerOf(disk, names.sidecar);
    // One of which nobody can read what it is counts as one.
    return header === undefined || header.fork?.id === source;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/** Undefined where it is not whole. Rejects with an Error that has `code`. */
export async function headerOf(disk: Disk, sidecar: string): Promise<Header | undefined> {
  const fd = await openFile(pathOf(disk, sidecar), 'r');
  try {
    let read: Buffer = Buffer.of();
    for await (const piece of piecesIn(fd, { start: 0, end: await sizeOf(fd) })) {
      read = Buffer.concat([read, piece]);
      if (piece.includes(NEWLINE)) break;
    }
    return readHeader(read, disk.checksum);
  } finally {
    await closeFile(fd);
  }
}

/** In place of the stream's sidecar; its data goes. Rejects with an Error that has `code`. */
export async function bury(
  disk: Disk,
  names: StreamFileNames,
  header: Header,
  forks: readonly string[],
  isSynced: boolean,
): Promise<void> {
  const line = headerLine({ ...header, deleted: forks }, disk.checksum);
  const { fd } = await writeSidecar(disk, names, [line], isSynced);
  await closeFile(fd);
  if (isSynced) await syncDirectory(disk);
  await removeIfThere(pathOf(disk, names.data));
}

/** Nothing is left of it. Rejects with an Error that has `code`. */
export async function erase(disk: Disk, names: StreamFileNames, isSynced: boolean): Promise<void> {
  await removeIfThere(pathOf(disk, names.sidecar));
  // Never one without data: that would be damage. Data alone is a leftover.
  if (isSynced) await syncDirectory(disk);
  await removeIfThere(pathOf(disk, names.data));
}

/** Rejects with an Error that has `code`. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await removeFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
