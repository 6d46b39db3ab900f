// What is in a directory of streams when it is opened: how much, and what expires. One file at a time.
import { opendir, stat } from 'node:fs';
import { promisify } from 'node:util';
import { codeOf } from '../../files/errno.ts';
import { closeFile, type Disk, openFile, pathOf, readWhole } from './disk.ts';
import { fileNamesOf, readFileName, type StreamFileNames } from './names.ts';
import { readSidecar } from './sidecar.ts';
import { headerOf, removeIfThere } from './tombstones.ts';

const openDirectory = promisify(opendir);
const statPath = promisify(stat);

export interface Surveyed {
  readonly name: string;
  readonly createdMs: number;
  readonly bytes: number;
  /** When it expires, as its files tell; undefined: never. */
  readonly expiresMs: number | undefined;
}

export interface Surveyor {
  isOver(): boolean;
  tell(surveyed: Surveyed): void;
  /** Data, or a sidecar that is not finished: whoever writes such a file may be about it. */
  tellOther(name: string): Promise<void>;
}

/** Never rejects: what cannot be read is left out. */
export async function survey(disk: Disk, surveyor: Surveyor): Promise<void> {
  try {
    for await (const { name: file } of await openDirectory(disk.directory)) {
      if (surveyor.isOver()) return;
      const found = readFileName(file);
      if (found.kind === 'other') continue;
      if (found.kind !== 'sidecar') await surveyor.tellOther(found.stream).catch(() => {});
      else await surveyStream(disk, found.stream, file, surveyor).catch(() => {});
    }
  } catch (error) {
    disk.log.warn(`streams: ${disk.directory} cannot be read: ${codeOf(error)}`, 'streams-survey');
  }
}

/** What a creation that was cut off has left of a stream that nobody uses. Rejects with an Error that has `code`. */
export async function removeLeftovers(disk: Disk, names: StreamFileNames): Promise<void> {
  await removeIfThere(pathOf(disk, names.unfinished));
  if (!(await isThere(pathOf(disk, names.sidecar)))) {
    await removeIfThere(pathOf(disk, names.data));
  }
}

function isThere(path: string): Promise<boolean> {
  return statPath(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

async function surveyStream(
  disk: Disk,
  name: string,
  sidecar: string,
  surveyor: Surveyor,
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
  surveyor.tell({ name, createdMs: header.createdMs, bytes, expiresMs });
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
