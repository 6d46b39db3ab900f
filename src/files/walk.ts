// Every file beneath a root that can be opened, hidden ones too; by way of links as far as they are followed.
import { unpackNow } from '../plan/listing-order.ts';
import { isCarried } from './carried.ts';
import { type FilesPolicy, isHidden } from './policy.ts';
import { closeAll, type Root } from './root.ts';

/** Of one directory. */
const MAX_ENTRIES = 1_000_000;

export interface WalkedFile {
  /** Root-relative. */
  readonly path: string;
  /** Bytes, when its directory was read. */
  readonly size: number;
}

/** `isLeftOut`: of a root-relative path, with all beneath it. Rejects where a directory that was opened cannot be read. */
export async function* walk(
  root: Root,
  isLeftOut: (path: string) => boolean = () => false,
): AsyncGenerator<WalkedFile, void> {
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
        const size = sizes[i] ?? 0;
        if (isLeftOut(path)) continue;
        if (size < 0) left.push(path);
        else yield { path, size };
      }
    } finally {
      closeAll(opened);
    }
  }
}

/** Those that a server would send. */
export function walkServed(
  root: Root,
  { dotfiles, siteRules }: Pick<FilesPolicy, 'dotfiles' | 'siteRules'>,
): AsyncGenerator<WalkedFile, void> {
  return walk(
    root,
    (path) => (dotfiles !== 'allow' && isHidden(path)) || (siteRules && isCarried(path)),
  );
}
