// Watches one directory, and leaves it alone for a while where the same thing happens there again and again.
import { type FSWatcher, watch } from 'node:fs';
import type { Log } from '../log/log.ts';

export interface DirectoryWatchOptions {
  readonly directory: string;
  /** Something happened to this name in it. */
  readonly onChange: (name: string) => void;
  /** Changes that are alike: a writer of one of them can go on for ever. */
  readonly kindOf: (name: string) => string;
  /** Without events, a change is seen after this time: a directory may rest for as long. */
  readonly revalidateMs: number;
  readonly log: Log;
}

export interface DirectoryWatch {
  close(): void;
}

/** An event costs 30 to 70 µs, and one write to a log is one: so many of a kind in a window are 2 ms of work. */
const MAX_ALIKE = 32;
const WINDOW_MS = 1000;
/** Kinds that are counted at a time. */
const MAX_KINDS = 1024;

/** Where checks are as seldom as this, who runs the server counts on events: nothing rests. */
const MAX_REST_MS = 10_000;

/**
 * Begins at once; undefined where it cannot. (fs.watch listens for every write, and there is no other way to be woken
 * less often than to listen no more.)
 */
export function watchDirectory(options: DirectoryWatchOptions): DirectoryWatch | undefined {
  const { directory, onChange, kindOf, revalidateMs, log } = options;
  let alike = new Map<string, number>();
  let windowEnd = 0;
  let watcher: FSWatcher | undefined;
  let rest: NodeJS.Timeout | undefined;

  /** Has this kind had its share? */
  const isNoise = (name: string): boolean => {
    const now = performance.now();
    if (now >= windowEnd || alike.size === MAX_KINDS) {
      alike = new Map();
      windowEnd = now + WINDOW_MS;
    }
    const kind = kindOf(name);
    const count = (alike.get(kind) ?? 0) + 1;
    alike.set(kind, count);
    return count > MAX_ALIKE;
  };

  const stop = () => {
    watcher?.close();
    watcher = undefined;
  };

  const start = (): boolean => {
    try {
      watcher = watch(directory, { persistent: false }, (_event, name) => {
        if (watcher === undefined || name === null) return;
        onChange(name);
        const isClosed = watcher === undefined;
        if (isClosed || revalidateMs > MAX_REST_MS || !isNoise(name)) return;
        stop();
        rest = setTimeout(start, Math.max(revalidateMs, WINDOW_MS)).unref();
      });
      watcher.on('error', (error) => {
        tellUnwatched(error, log);
        stop();
      });
      return true;
    } catch (error) {
      tellUnwatched(error, log);
      return false;
    }
  };

  if (!start()) return undefined;
  return {
    close() {
      clearTimeout(rest);
      stop();
    },
  };
}

/** Events are only hints: without them, changes are seen by checks. */
function tellUnwatched(error: unknown, log: Log): void {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  // Gone since it was opened: nothing there to watch.
  if (reason === 'ENOENT' || reason === 'ENOTDIR') return;
  log.warn(`cannot watch for changes (${reason}): they are seen by checks only`, 'watch');
}
