// Opens the root: beneath its descriptor with the addon (openat2), by path without it.
import type { NativeFile, NativeNames, NativeRoot, Opened, Symlinks } from '../addon/files.ts';
import type { NativeAddon } from '../addon/types.ts';
import { WIRE } from '../addon/wire.ts';
import type { OpenFile } from './entry.ts';
import { codeOf } from './errno.ts';
import { findRootByPath, openRootByPath } from './open-by-path.ts';
import { closedRoot, type Found, type Look, type Root } from './root.ts';

/** Names of one directory that are kept: 8 to 16 MiB. */
const MAX_DIRECTORY_NAMES = 2 ** 20;

/** Throws an Error with `code` when the root is no directory or cannot be opened. */
export function openRoot(path: string, symlinks: Symlinks, addon: NativeAddon | undefined): Root {
  return addon === undefined
    ? openRootByPath(path, symlinks)
    : rootOf(addon.openRoot(path), symlinks, addon);
}

/**
 * The same at rest: what was opened to see that it can be is closed again, and the first look opens it. A mount may be
 * made and never asked.
 */
export function restingRoot(
  path: string,
  symlinks: Symlinks,
  addon: NativeAddon | undefined,
): Root {
  openRoot(path, symlinks, addon).close();
  const look = async (): Promise<Look> => {
    const found = await findRoot(path, symlinks, addon);
    return typeof found === 'string'
      ? { kind: 'error', errno: found }
      : { kind: 'opened', root: found };
  };
  return { ...closedRoot('EBADF', look), resting: true };
}

/** What the path names now, or why it cannot be opened. Off the JavaScript thread. */
async function findRoot(
  path: string,
  symlinks: Symlinks,
  addon: NativeAddon | undefined,
): Promise<Root | string> {
  if (addon === undefined) return findRootByPath(path, symlinks).catch(codeOf);
  const found = await addon.reopenRoot(path);
  return typeof found === 'string' ? found : rootOf(found, symlinks, addon);
}

function rootOf(root: NativeRoot, symlinks: Symlinks, addon: NativeAddon): Root {
  let closed = false;
  return {
    native: root,
    openNow(paths) {
      const opened = closed ? undefined : addon.openNow(root, paths, symlinks);
      return opened && readOpened(opened);
    },
    isSame: () => !closed && root.isSame(),
    async open(paths) {
      if (closed) return paths.map(() => ({ type: 'error', errno: 'EBADF' }));
      return readOpened(await addon.open(root, paths, symlinks));
    },
    async read({ native }, path, dotfiles, maxEntries) {
      if (native === undefined) throw new Error('a directory that the addon did not open');
      const run = await addon.readDirectory(root, native, path, symlinks, dotfiles, maxEntries);
      if ('errno' in run) throw Object.assign(new Error(run.errno), { code: run.errno });
      const { names, numbers, unnameable, refused } = run;
      const runs = [{ names, numbers }];
      return {
        kind: 'contents',
        count: numbers.length / 2,
        runs,
        sorted: true,
        unnameable,
        refused,
      };
    },
    async names(paths) {
      if (closed) return paths.map(() => undefined);
      const read = await addon.readNames(root, paths, symlinks, MAX_DIRECTORY_NAMES);
      const hold = (native: NativeNames, path: string) =>
        !closed && native.holds(root, path, symlinks);
      return read.map(
        (native, i) => native && { native, hold: () => hold(native, paths[i] ?? '') },
      );
    },
    async look() {
      if (closed) return { kind: 'error', errno: 'EBADF' };
      const now = await addon.reopenRoot(root);
      if (now === undefined) return { kind: 'same' };
      if (typeof now === 'string') return { kind: 'error', errno: now };
      return { kind: 'moved', root: rootOf(now, symlinks, addon) };
    },
    close() {
      if (closed) return;
      closed = true;
      root.close();
    },
  };
}

/** What the addon has opened. */
export function readOpened(values: Opened): Found[] {
  const found: Found[] = [];
  for (let at = 0; at < values.length; ) {
    const kind = values[at++];
    if (typeof kind === 'string') {
      found.push({ type: 'error', errno: kind });
      continue;
    }
    const type = WIRE.opened[kind as number] ?? 'other';
    if (type === 'other') {
      found.push({ type });
      continue;
    }
    const file = new NativeOpenFile(values[at] as NativeFile);
    const size = values[at + 1] as number;
    const mtimeMs = values[at + 2] as number;
    const version = values[at + 3] as string;
    const trusted = values[at + 4] as boolean;
    at += 5;
    found.push(
      type === 'file'
        ? { type, file, size, mtimeMs, version, trusted }
        : { type, file, mtimeMs, version },
    );
  }
  return found;
}

class NativeOpenFile implements OpenFile {
  readonly native: NativeFile;
  #open = true;

  constructor(native: NativeFile) {
    this.native = native;
  }

  // Most are never asked for it.
  get fd(): number {
    return this.native.fd;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.native.release();
  }
}
