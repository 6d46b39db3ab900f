// What is in a directory of streams when it is opened: how much, and what expires. One file at a time.
import { opendir, stat } from 'node:fs';
import { promisify } from 'node:util';
import { codeOf } from '../files/errno.ts';
import { closeFile, type Disk, openFile, pathOf, readWhole, removeFile } from './disk.ts';
import { fileNamesOf, readFileName } from './names.ts';
import { readSidecar } from './sidecar.ts';
import { headerOf } from './tombstones.ts';

const openDirectory = promisify(opendir);
const statPath = promisify(stat);

export interface Surveyed {
  readonly name: string;
  readonly bytes: number;
  /** When it expires, as its files tell; undefined: never. */
  readonly expiresMs: number | undefined;
}

/**
 * Tells each stream, until `isOver`. What creations that were cut off have left is removed. Never rejects: what cannot be read
 * is left out.
 */
export async function survey(
  disk: Disk,
  isOver: () => boolean,
  tell: (surveyed: Surveyed) => void,
): Promise<void> {
  const sinceMs = Date.now();
  try {
    for await (const { name: file } of await openDirectory(disk.directory)) {
      if (isOver()) return;
      const found = readFileName(file);
      if (found.kind === 'other') continue;
      if (found.kind !== 'sidecar') await removeLeftover(disk, found.stream, file, sinceMs);
      else await surveyStream(disk, found.stream, file, tell).catch(() => {});
    }
  } catch (error) {
    disk.log.warn(`streams: ${disk.directory} cannot be read: ${codeOf(error)}`, 'streams-survey');
  }
}

async function surveyStream(
  disk: Disk,
  name: string,
  sidecar: string,
  tell: (surveyed: Surveyed) => void,
): Promise<void> {
  const header = await headerOf(disk, sidecar);
  if (header === undefined || header.deleted !== undefined) return;
  const names = fileNamesOf(name);
  const { size: bytes } = await statPath(pathOf(disk, names?.data ?? ''));
  const { ttlSeconds, expiresAt } = header.config;
  const expiresMs =
    ttlSeconds !== undefined
      ? ((await touchedOf(disk, sidecar)) ?? header.createdMs) + ttlSeconds * 1000
      : expiresAt === undefined
        ? undefined
        : Date.parse(expiresAt);
  tell({ name, bytes, expiresMs });
}

async function touchedOf(disk: Disk, file: string): Promise<number | undefined> {
  const fd = await openFile(pathOf(disk, file), 'r');
  try {
    const sidecar = readSidecar(await readWhole(fd), disk.checksum);
    return sidecar.kind === 'damaged' ? undefined : sidecar.entries.at(-1)?.entry.touched;
  } finally {
    await closeFile(fd);
  }
}

/** Data without a sidecar, or a sidecar without its name, from before this process came. */
async function removeLeftover(
  disk: Disk,
  stream: string,
  file: string,
  sinceMs: number,
): Promise<void> {
  const path = pathOf(disk, file);
  try {
    const { ctimeMs } = await statPath(path);
    if (ctimeMs >= sinceMs || (await hasSidecar(disk, stream, file))) return;
    await removeFile(path);
  } catch {
    // Gone by itself.
  }
}

async function hasSidecar(disk: Disk, stream: string, file: string): Promise<boolean> {
  const names = fileNamesOf(stream);
  if (names === undefined || file === names.unfinished) return false;
  return statPath(pathOf(disk, names.sidecar)).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}
