// Watches the names that lead to the root: a swapped link or a rebuilt directory is seen at once.
import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Log } from '../log/log.ts';
import { type DirectoryWatch, watchDirectory } from './watch-directory.ts';

/** Links followed from the root's path; longer chains are seen by looks only. */
const MAX_LINKS = 8;

export interface RootWatcherOptions {
  readonly path: string;
  /** So long a look at the path is trusted. */
  readonly revalidateMs: number;
  readonly log: Log;
  readonly onHint: () => void;
}

interface RootWatcher {
  /** The names may lead through other places now. */
  renew(): void;
  close(): void;
}

/** Begins with `renew`. Only a hint, as in watch.ts: links among the directories above are not watched. */
export function watchRoot({ path, revalidateMs, log, onHint }: RootWatcherOptions): RootWatcher {
  let watches: DirectoryWatch[] = [];

  const close = () => {
    for (const watch of watches) watch.close();
    watches = [];
  };

  const renew = () => {
    close();
    for (const [directory, name] of placesOf(path)) {
      const watch = watchDirectory({
        directory,
        onChange: (changed) => {
          if (changed === name) onHint();
        },
        // All its neighbours are alike: a log beside the root, or a directory of everybody's temporary files.
        kindOf: (changed) => (changed === name ? name : ''),
        revalidateMs,
        log,
      });
      if (watch !== undefined) watches.push(watch);
    }
  };

  return { renew, close };
}

/** The directory entries that decide what a path names: its own, and link by link those that it leads to. */
function placesOf(path: string): Array<readonly [directory: string, name: string]> {
  const places: Array<readonly [string, string]> = [];
  try {
    for (let at = path; places.length <= MAX_LINKS && at !== dirname(at); ) {
      const directory = realpathSync(dirname(at));
      places.push([directory, basename(at)]);
      at = resolve(directory, readlinkSync(at));
    }
  } catch {
    // The end of the chain: a directory, or nothing.
  }
  return places;
}
