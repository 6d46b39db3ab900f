// The root as the operator named it: a path. What is open is the directory that it named when it was looked at last.
import type { Log } from '../log/log.ts';
import { meaningOf } from './errno.ts';
import type { Freshness } from './freshness.ts';
import { closedRoot, type Root } from './root.ts';
import { watchRoot } from './watch-root.ts';

export interface LiveRootOptions {
  /** What the path names now, or at rest until it is asked for. */
  readonly root: Root;
  readonly path: string;
  readonly watch: boolean;
  readonly log: Log;
  readonly freshness: Freshness;
}

interface Holding {
  readonly root: Root;
  /** Searches that began on it. */
  users: number;
}

export class LiveRoot {
  readonly #options: LiveRootOptions;
  readonly #watcher: { renew(): void; close(): void } | undefined;
  /** Stays open while nothing stands at the path: it may come back, and its inode's number is not given to another. */
  #held: Holding;
  #current: Root;
  /** Why nothing is served, when the path names no directory. */
  #errno: string | undefined;
  #freshUntil: number;
  /** Counts what makes a look necessary: one that it overtook may have looked before. */
  #hints = 0;
  #looking: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #closed = false;

  constructor(options: LiveRootOptions) {
    this.#options = options;
    this.#held = { root: options.root, users: 0 };
    this.#current = options.root;
    const { root, freshness } = options;
    this.#freshUntil = root.resting
      ? Number.NEGATIVE_INFINITY
      : freshness.now() + freshness.revalidateMs;
    if (options.watch) {
      const { path, log } = options;
      const { revalidateMs } = freshness;
      const onHint = () => {
        this.suspect();
        void this.look();
      };
      this.#watcher = watchRoot({ path, revalidateMs, log, onHint });
      if (!root.resting) this.#watcher.renew();
    }
  }

  /** What is served: an absent root answers every open with the errno of its path. */
  get current(): Root {
    return this.#current;
  }

  get fresh(): boolean {
    return this.#options.freshness.now() < this.#freshUntil;
  }

  /** The path is looked at before the next answer. */
  suspect(): void {
    this.#hints++;
    this.#freshUntil = Number.NEGATIVE_INFINITY;
  }

  /** Looks at the path at once, if that needs no waiting. True: the root is the one that it names. */
  lookNow(): boolean {
    const { freshness } = this.#options;
    const began = freshness.now();
    if (this.#errno !== undefined || !this.#held.root.isSame()) return false;
    this.#freshUntil = began + freshness.revalidateMs;
    return true;
  }

  /** Looks at the path; those who ask while that is under way share the next look, for this one may be too early. */
  look(): Promise<void> {
    if (this.#looking === undefined) return this.#begin();
    this.#next ??= this.#looking.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  /** Runs it on one root throughout, which stays open until it is done, whatever takes its place. */
  use<T>(work: (root: Root) => T | Promise<T>): T | Promise<T> {
    const held = this.#held;
    const done = work(this.#current);
    if (!(done instanceof Promise)) return done;
    held.users++;
    return done.finally(() => {
      held.users--;
      this.#settle(held);
    });
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    this.#settle(this.#held);
  }

  #begin(): Promise<void> {
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { path, log, freshness } = this.#options;
    const began = freshness.now();
    const hints = this.#hints;
    const held = this.#held;
    const look = await held.root.look();
    if (this.#closed) {
      if ('root' in look) look.root.close();
      return;
    }
    if (hints === this.#hints) this.#freshUntil = began + freshness.revalidateMs;
    switch (look.kind) {
      case 'same':
        if (this.#errno === undefined) return;
        log.info(`${path} is back`);
        return this.#replace(held, undefined);
      case 'opened':
        if (this.#errno !== undefined) log.info(`${path} is back`);
        return this.#replace({ root: look.root, users: 0 }, undefined);
      case 'moved':
        log.info(`${path} is another directory now: it is served from here on`);
        return this.#replace({ root: look.root, users: 0 }, undefined);
      case 'error':
        if (look.errno === this.#errno) return;
        if (meaningOf(look.errno).kind === 'failed' && !held.root.resting) {
          // Our own trouble is no evidence of a change: what is open goes on.
          log.error(`cannot look at ${path}: ${look.errno}`, 'root');
          return;
        }
        log.warn(`cannot open ${path}: ${look.errno}; nothing is served until it can be opened`);
        return this.#replace(held, look.errno);
      default:
        look satisfies never;
    }
  }

  #replace(next: Holding, errno: string | undefined): void {
    const last = this.#held;
    this.#held = next;
    this.#errno = errno;
    // Where the path names nothing, nothing can be opened.
    this.#current = errno === undefined ? next.root : closedRoot(errno, next.root.look);
    this.#watcher?.renew();
    this.#options.freshness.startAnew(this.#current.native);
    this.#settle(last);
  }

  #settle(held: Holding): void {
    if (held.users === 0 && (this.#closed || held !== this.#held)) held.root.close();
  }
}
