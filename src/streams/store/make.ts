// Makes the files of a new stream: it is there when its sidecar has its name, and whole then.
import { openGrowing } from '../../files/growing-file.ts';
import { loadCrypto } from '../../packages/packages.ts';
import {
  type Disk,
  openFile,
  pathOf,
  removeFile,
  sumOf,
  sync,
  syncDirectory,
  writeFully,
} from './disk.ts';
import { CommittedLedger, Draft } from './ledger.ts';
import type { StreamFileNames } from './names.ts';
import { type Entry, entryLine, type Header, headerLine } from './sidecar.ts';
import { StreamFiles, writeSidecar } from './stream-files.ts';
import type { First } from './types.ts';

export interface Made {
  readonly header: Header;
  readonly ledger: CommittedLedger;
  readonly n: number;
  readonly synced: number;
  readonly files: StreamFiles;
}

/** The bytes that a fork begins with. */
export interface Inherited {
  readonly bytes: number;
  /** Makes a file of them, to be written. Rejects with an Error that has `code`. */
  readonly openCopy: (path: string) => Promise<number>;
}

export function newId(): string {
  return loadCrypto().randomBytes(8).toString('hex');
}

/** Rejects with an Error that has `code`, and nothing is left then. */
export async function makeStream(
  disk: Disk,
  names: StreamFileNames,
  header: Header,
  inherited: Inherited | undefined,
  first: First | undefined,
  isSynced: boolean,
): Promise<Made> {
  const path = pathOf(disk, names.data);
  const opened = await (inherited?.openCopy(path) ?? openFile(path, 'w+'));
  const data = await openGrowing(opened, names.data, disk.addon);
  const { fd } = data.file;
  try {
    const { entries, ledger } = entriesOf(disk, header, inherited?.bytes ?? 0, first);
    if (first !== undefined) await writeFully(fd, [first.bytes], inherited?.bytes ?? 0);
    // What is inherited has no checksum: the disk has to have it.
    if (ledger.tail > 0 && (isSynced || inherited !== undefined)) await sync(disk, fd);
    const lines = entries.map((entry) => entryLine(entry, disk.checksum));
    const sidecar = await writeSidecar(
      disk,
      names,
      [headerLine(header, disk.checksum), ...lines],
      isSynced,
    );
    if (isSynced) await syncDirectory(disk);
    const n = entries.length - 1;
    const files = new StreamFiles(disk, names, data, sidecar.fd, sidecar.size);
    return { header, ledger, n, synced: isSynced ? n : 0, files };
  } catch (error) {
    data.release();
    await Promise.allSettled(
      [names.unfinished, names.sidecar, names.data].map((name) => removeFile(pathOf(disk, name))),
    );
    throw error;
  }
}

/** What is there from the start, and what the first append adds. */
function entriesOf(
  disk: Disk,
  { config, createdMs }: Header,
  inherited: number,
  first: First | undefined,
): { readonly entries: readonly Entry[]; readonly ledger: CommittedLedger } {
  const touched = config.ttlSeconds === undefined ? undefined : createdMs;
  const ledger = new CommittedLedger();
  const entries: Entry[] = [{ n: 0, tail: inherited, crc: 0, synced: 0, touched }];
  for (const entry of entries) ledger.add(entry);
  if (first !== undefined) {
    const draft = new Draft(ledger);
    draft.add(first);
    const crc = sumOf([first.bytes], disk.checksum);
    const entry = { n: 1, crc, synced: 0, ...draft.changes };
    ledger.add(entry);
    entries.push(entry);
  }
  return { entries, ledger };
}
