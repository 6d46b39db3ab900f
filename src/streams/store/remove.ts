// Ends a stream and removes its files, or leaves its name to its forks; and what follows from that for its source.
import type { FileStream, Shared } from './file-stream.ts';
import { fileNamesOf, type StreamFileNames } from './names.ts';
import type { HeaderFork } from './sidecar.ts';
import { bury, erase, headerOf, realForks } from './tombstones.ts';

/** `tombstone`: its name stays taken. */
export type Removal =
  | { readonly kind: 'tombstone' }
  /** The fork that it was: its source may have waited for that. */
  | { readonly kind: 'erased'; readonly fork: HeaderFork | undefined };

/** Rejects with an Error that has `code`; it has ended then, and may be there again after the next start. */
export async function removeStream(
  { disk, space, options }: Shared,
  stream: FileStream,
  state: 'deleted' | 'expired',
): Promise<Removal> {
  const { header, names, tail } = stream;
  const isSynced = options.durability !== 'none';
  const forks = await realForks(disk, header, stream.forks);
  await stream.end(forks.length > 0 ? 'soft-deleted' : state);
  space.give(tail);
  if (forks.length > 0) {
    await bury(disk, names, header, forks, isSynced);
    return { kind: 'tombstone' };
  }
  await erase(disk, names, isSynced);
  return { kind: 'erased', fork: header.fork };
}

/** A fork of this tombstone is gone: with the last it goes too. Undefined where it stays. Rejects with an Error that has `code`. */
export async function removeTombstone(
  { disk, options }: Shared,
  { from, id }: HeaderFork,
  fork: string,
): Promise<Removal | undefined> {
  const names = fileNamesOf(from);
  const header = names && (await headerOrNone(disk, names));
  if (names === undefined || header?.deleted === undefined || header.id !== id) return undefined;
  const isSynced = options.durability !== 'none';
  const others = header.deleted.filter((one) => one !== fork);
  const left = await realForks(disk, header, others);
  if (left.length > 0) {
    await bury(disk, names, header, left, isSynced);
    return { kind: 'tombstone' };
  }
  await erase(disk, names, isSynced);
  return { kind: 'erased', fork: header.fork };
}

async function headerOrNone(disk: Shared['disk'], names: StreamFileNames) {
  try {
    return await headerOf(disk, names.sidecar);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
