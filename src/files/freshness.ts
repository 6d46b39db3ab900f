// What is known of files holds until they change: whoever learns of a change says so here, and every cache hears of it.
import type { NativeRoot } from '../addon/files.ts';
import type { Log } from '../log/log.ts';
import type { FilesPolicy } from './policy.ts';
import { createWatcher, type Watcher } from './watch.ts';

/** What is remembered of files, in one way or another. */
export interface FileCache {
  /** This root-relative path is no longer what it was. */
  drop(path: string): void;
  /** It may have changed: to be looked at before the next answer. */
  suspect?(path: string): void;
  /** Nothing that is known holds: it was of another root. */
  clear(): void;
}

/** Whoever keeps prepared answers of its own, made from these files. */
export interface PreparedAnswers {
  /** What rests on these root-relative paths is no longer valid. */
  forget(paths: readonly string[]): void;
  /** Was the file used since this was asked last? */
  used?(path: string): boolean;
  /** This root-relative path is no longer what it was. */
  changed?(path: string): void;
  /** A file had to leave for another. */
  crowded?(): void;
  /** All of it was made from another root than this one, or than none, or by other rules. */
  setRoot?(standing: Standing): void;
}

/** What all answers rest on. */
export interface Standing {
  /** Undefined: there is none. */
  readonly root: NativeRoot | undefined;
  /** Flat: path, version, … of the files in it that say how the others are answered. */
  readonly rules: readonly string[];
}

export interface FreshnessOptions {
  readonly policy: Pick<FilesPolicy, 'root' | 'revalidateMs' | 'watch'>;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export class Freshness {
  readonly now: () => number;
  /** What was looked at is trusted for so long. */
  readonly revalidateMs: number;
  readonly #caches: FileCache[] = [];
  readonly #answers: PreparedAnswers[] = [];
  readonly #watcher: Watcher | undefined;
  #changes = 0;

  constructor({ policy, log, now }: FreshnessOptions) {
    this.now = now;
    this.revalidateMs = policy.revalidateMs;
    const { root, revalidateMs, watch } = policy;
    this.#watcher = watch
      ? createWatcher({ root, revalidateMs, log, onChange: (path) => this.drop(path) })
      : undefined;
  }

  /** Counts what changed: a look that it overtook may have seen the state before. */
  get changes(): number {
    return this.#changes;
  }

  /** From now on, tells this cache what to drop. */
  join(cache: FileCache): void {
    this.#caches.push(cache);
  }

  /** From now on, tells these answers what to forget and asks them what is in use. */
  attach(answers: PreparedAnswers): void {
    this.#answers.push(answers);
  }

  /** Forgets at once what is known of this root-relative path: it is no longer what it was. */
  drop(path: string): void {
    this.#changes++;
    for (const cache of this.#caches) cache.drop(path);
    this.forget([path]);
    for (const answers of this.#answers) answers.changed?.(path);
  }

  /** These root-relative paths may have changed. */
  suspect(paths: readonly string[]): void {
    this.#changes++;
    for (const cache of this.#caches) for (const path of paths) cache.suspect?.(path);
  }

  /** Another root, or none, or other rules: nothing that is known holds there. */
  startAnew(standing: Standing): void {
    this.#changes++;
    for (const answers of this.#answers) answers.setRoot?.(standing);
    for (const cache of this.#caches) cache.clear();
  }

  /** Prepared answers that rest on these root-relative paths are no longer valid. */
  forget(paths: readonly string[]): void {
    for (const answers of this.#answers) answers.forget(paths);
  }

  /** Was the file used lately by answers that nobody counts here? */
  isUsed(path: string): boolean {
    return this.#answers.some((answers) => answers.used?.(path) === true);
  }

  /** A file that was kept had to leave for another. */
  crowded(): void {
    for (const answers of this.#answers) answers.crowded?.();
  }

  /** Changes in this directory are to be heard of. Counts. */
  watch(directory: string): void {
    this.#watcher?.watch(directory);
  }

  unwatch(directory: string): void {
    this.#watcher?.unwatch(directory);
  }

  close(): void {
    this.#watcher?.close();
  }
}
