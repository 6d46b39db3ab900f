// Opens what a process before this one has left: the end of a stream is the last commit of which all is there. What was
// being written behind it is cut off; what contradicts itself is refused, never shortened.

import { codeOf } from '../../files/errno.ts';
import { piecesIn } from '../../files/read-span.ts';
import { closeFile, type Disk, openFile, pathOf, readWhole, sizeOf } from './disk.ts';
import { CommittedLedger } from './ledger.ts';
import type { StreamFileNames } from './names.ts';
import { type Entry, type Header, readSidecar } from './sidecar.ts';
import { openFiles, type StreamFiles } from './stream-files.ts';

export type Recovered =
  | {
      readonly kind: 'stream';
      readonly header: Header;
      readonly ledger: CommittedLedger;
      /** Its last entry, and the last that is surely on the disk with all before it. */
      readonly n: number;
      readonly synced: number;
      readonly files: StreamFiles;
    }
  | { readonly kind: 'tombstone'; readonly header: Header }
  | undefined;

/**
 * Undefined where there is none. `isSynced`: what is found is synced before anybody sees it. Rejects with an Error that has
 * `code`: EBADMSG where the files cannot be believed, EEXIST where they are another stream's;
 * an UnsafeError where they may not be opened again.
 */
export async function recover(
  disk: Disk,
  stream: string,
  names: StreamFileNames,
  isSynced: boolean,
): Promise<Recovered> {
  const bytes = await contentOf(pathOf(disk, names.sidecar));
  if (bytes === undefined) return undefined;
  const sidecar = readSidecar(bytes, disk.checksum);
  if (sidecar.kind === 'damaged') throw damaged(names.sidecar, sidecar.why);
  const { header, entries } = sidecar;
  if (header.stream !== stream) throw foreign(names.sidecar, header.stream);
  if (header.deleted !== undefined) return { kind: 'tombstone', header };
  const files = await openFiles(disk, names).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? damaged(names.data, 'it is missing') : error;
  });
  try {
    const { fd } = files.data.file;
    const size = await sizeOf(fd);
    const end = await endOf(
      disk,
      names,
      fd,
      size,
      entries.map(({ entry }) => entry),
    );
    const kept = entries.slice(0, end + 1);
    const last = kept.at(-1);
    if (last === undefined) throw damaged(names.sidecar, 'it has no commit');
    const ledger = new CommittedLedger();
    for (const { entry } of kept) ledger.add(entry);
    const isTorn = size > ledger.tail || bytes.length > last.end;
    if (isTorn) {
      await files.cutBack(ledger.tail, last.end);
      disk.log.warn(
        `stream ${stream}: cut off what was not committed: ${size - ledger.tail} bytes, ${bytes.length - last.end} of its sidecar`,
      );
    }
    if (isSynced && (isTorn || last.entry.synced < last.entry.n)) await syncOnce(files);
    const { n, synced } = last.entry;
    return { kind: 'stream', header, ledger, n, synced: isSynced ? n : synced, files };
  } catch (error) {
    await files.close();
    throw error;
  }
}

/** What a sync has failed for is never surely on the disk, though the next sync succeeds. */
export class UnsafeError extends Error {
  readonly code: string;

  constructor(cause: unknown) {
    super('what the disk has of it is not known', { cause });
    this.code = codeOf(cause);
  }
}

async function syncOnce(files: StreamFiles): Promise<void> {
  try {
    await files.sync(true);
  } catch (error) {
    throw new UnsafeError(error);
  }
}

/** Position of the last entry whose bytes are there. Those that were known to be synced are, or else the file is damaged. */
async function endOf(
  disk: Disk,
  names: StreamFileNames,
  fd: number,
  size: number,
  entries: readonly Entry[],
): Promise<number> {
  const synced = entries.findLastIndex(({ n }) => n <= (entries.at(-1)?.synced ?? 0));
  const known = entries[synced];
  if (known === undefined)
    throw damaged(names.sidecar, 'its commits do not begin with what was synced');
  if (size < known.tail) {
    throw damaged(names.data, `${size} bytes, of ${known.tail} that were synced`);
  }
  let { tail } = known;
  let end = synced;
  for (const entry of entries.slice(synced + 1)) {
    if (entry.tail > size || (await sumOfFile(disk, fd, tail, entry.tail)) !== entry.crc) break;
    ({ tail } = entry);
    end++;
  }
  return end;
}

async function sumOfFile(disk: Disk, fd: number, start: number, end: number): Promise<number> {
  let sum = 0;
  for await (const piece of piecesIn(fd, { start, end })) sum = disk.checksum(piece, sum);
  return sum;
}

async function contentOf(path: string): Promise<Buffer | undefined> {
  let fd: number;
  try {
    fd = await openFile(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return await readWhole(fd);
  } finally {
    await closeFile(fd);
  }
}

/** Where a file system takes two names for one. */
function foreign(file: string, stream: string): Error {
  return Object.assign(new Error(`EEXIST: ${file} is of stream ${stream}`), { code: 'EEXIST' });
}

function damaged(file: string, why: string): Error {
  return Object.assign(new Error(`EBADMSG: ${file} is damaged: ${why}`), { code: 'EBADMSG' });
}
