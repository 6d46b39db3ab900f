// Watches the directories of cached files, so that a change is seen at once and not at the next check.
import { join } from 'node:path';
import type { Log } from '../log/log.ts';
import { type DirectoryWatch, watchDirectory } from './watch-directory.ts';

export interface Watcher {
  /** Counts: a directory (root-relative, '' = the root) is watched while somebody wants it. */
  watch(directory: string): void;
  unwatch(directory: string): void;
  close(): void;
}

export interface WatcherOptions {
  readonly root: string;
  /** So long what was checked is trusted. */
  readonly revalidateMs: number;
  /** Something happened to this root-relative path. */
  readonly onChange: (path: string) => void;
  readonly log: Log;
}

/** Directories watched at a time. fs.inotify.max_user_watches is shared by all of a user's processes. */
const MAX_WATCHED = 4096;

interface Watched {
  wanted: number;
  readonly watch: DirectoryWatch | undefined;
}

/**
 * Only a hint that makes a change visible sooner: events can be lost, so what is cached is checked again
 * after `revalidateMs` in any case, and where nothing can be watched it is only that.
 */
export function createWatcher({ root, revalidateMs, onChange, log }: WatcherOptions): Watcher {
  const watched = new Map<string, Watched>();
  let open = 0;
  let closed = false;

  const start = (directory: string): DirectoryWatch | undefined => {
    if (open >= MAX_WATCHED) {
      log.warn(
        `more than ${MAX_WATCHED} directories: not all are watched for changes`,
        'watch:many',
      );
      return undefined;
    }
    const watch = watchDirectory({
      directory: join(root, directory),
      onChange: (name) => {
        if (!closed) onChange(directory === '' ? name : `${directory}/${name}`);
      },
      // Whoever deploys changes many files, each a few times.
      kindOf: (name) => name,
      revalidateMs,
      log,
    });
    if (watch !== undefined) open++;
    return watch;
  };

  const end = ({ watch }: Watched): void => {
    if (watch === undefined) return;
    watch.close();
    open--;
  };

  return {
    watch(directory) {
      if (closed) return;
      const known = watched.get(directory);
      if (known !== undefined) known.wanted++;
      else watched.set(directory, { wanted: 1, watch: start(directory) });
    },
    unwatch(directory) {
      const known = watched.get(directory);
      if (known === undefined || --known.wanted > 0) return;
      watched.delete(directory);
      end(known);
    },
    close() {
      closed = true;
      for (const one of watched.values()) end(one);
      watched.clear();
    },
  };
}
