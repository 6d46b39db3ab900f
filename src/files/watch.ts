// Watches the directories of cached files, so that a change is seen at once and not at the next check.
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../log/log.ts';

export interface Watcher {
  /** Counts: a directory (root-relative, '' = the root) is watched while somebody wants it. */
  watch(directory: string): void;
  unwatch(directory: string): void;
  close(): void;
}

export interface WatcherOptions {
  readonly root: string;
  /** Something happened to this root-relative path. */
  readonly onChange: (path: string) => void;
  readonly log: Log;
}

/** Directories watched at a time. fs.inotify.max_user_watches is shared by all of a user's processes. */
const MAX_WATCHED = 4096;

interface Watched {
  wanted: number;
  readonly watcher: FSWatcher | undefined;
}

/**
 * Only a hint that makes a change visible sooner: events can be lost, so what is cached is checked again
 * after `revalidateMs` in any case, and where nothing can be watched it is only that.
 */
export function createWatcher({ root, onChange, log }: WatcherOptions): Watcher {
  const watched = new Map<string, Watched>();
  let open = 0;
  let closed = false;

  const fail = (error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    // Gone since it was opened: nothing there to watch.
    if (reason === 'ENOENT' || reason === 'ENOTDIR') return;
    log.warn(`cannot watch for changes (${reason}): they are seen by checks only`, 'watch');
  };

  const start = (directory: string): FSWatcher | undefined => {
    if (open >= MAX_WATCHED) {
      log.warn(
        `more than ${MAX_WATCHED} directories: not all are watched for changes`,
        'watch:many',
      );
      return undefined;
    }
    try {
      const watcher = watch(join(root, directory), { persistent: false }, (_event, name) => {
        if (closed || name === null) return;
        onChange(directory === '' ? name : `${directory}/${name}`);
      });
      open++;
      watcher.once('close', () => open--);
      watcher.on('error', (error) => {
        fail(error);
        watcher.close();
      });
      return watcher;
    } catch (error) {
      fail(error);
      return undefined;
    }
  };

  return {
    watch(directory) {
      if (closed) return;
      const known = watched.get(directory);
      if (known !== undefined) known.wanted++;
      else watched.set(directory, { wanted: 1, watcher: start(directory) });
    },
    unwatch(directory) {
      const known = watched.get(directory);
      if (known === undefined || --known.wanted > 0) return;
      watched.delete(directory);
      known.watcher?.close();
    },
    close() {
      closed = true;
      for (const { watcher } of watched.values()) watcher?.close();
      watched.clear();
    },
  };
}
