// Watches the names that lead to the root: a swapped link or a rebuilt directory is seen at once.
import { type FSWatcher, readlinkSync, realpathSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Log } from '../log/log.ts';

/** Links followed from the root's path; longer chains are seen by looks only. */
const MAX_LINKS = 8;

interface RootWatcher {
  /** The names may lead through other places now. */
  renew(): void;
  close(): void;
}

/** Begins with `renew`. Only a hint, as in watch.ts: links among the directories above are not watched. */
export function watchRoot(path: string, log: Log, onHint: () => void): RootWatcher {
  let watchers: FSWatcher[] = [];

  const fail = (error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (reason === 'ENOENT' || reason === 'ENOTDIR') return;
    log.warn(`cannot watch for changes (${reason}): they are seen by checks only`, 'watch');
  };

  const close = () => {
    for (const watcher of watchers) watcher.close();
    watchers = [];
  };

  const renew = () => {
    close();
    for (const [directory, name] of placesOf(path)) {
      try {
        const watcher = watch(directory, { persistent: false }, (_event, changed) => {
          if (changed === name) onHint();
        });
        watcher.on('error', (error) => {
          fail(error);
          watcher.close();
        });
        watchers.push(watcher);
      } catch (error) {
        fail(error);
      }
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
