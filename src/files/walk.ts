// Every file beneath a root that can be opened, hidden ones too; by way of links as far as they are followed.
import { unpackNow } from '../plan/listing-order.ts';
import { closeAll, type Root } from './root.ts';

/** Of one directory. */
const MAX_ENTRIES = 1_000_000;

/** Root-relative paths. Rejects where a directory that was opened cannot be read. */
export async function* walk(root: Root): AsyncGenerator<string, void> {
  /** By device and inode: a link may lead back. */
  const seen = new Set<string>();
  const left = [''];
  for (let directory = left.pop(); directory !== undefined; directory = left.pop()) {
    const opened = await root.open([directory]);
    try {
      const [found] = opened;
      if (found?.type !== 'directory') continue;
      const [device, inode] = found.version.split('-');
      const id = `${device}-${inode}`;
      if (seen.has(id)) continue;
      seen.add(id);
      const contents = await root.read(found.file, directory, true, MAX_ENTRIES);
      const { names, sizes } = unpackNow(contents);
      for (const [i, name] of names.entries()) {
        const path = directory === '' ? name : `${directory}/${name}`;
        if ((sizes[i] ?? 0) < 0) left.push(path);
        else yield path;
      }
    } finally {
      closeAll(opened);
    }
  }
}
