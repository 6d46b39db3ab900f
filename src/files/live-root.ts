// The root as the operator named it: a path. What is open is the directory that it named when it was looked at last.
import type { Log } from '../log/log.ts';
import { type Carried, holds, isCarried, readCarried } from './carried.ts';
import { meaningOf } from './errno.ts';
import type { FileCache, Freshness } from './freshness.ts';
import { closedRoot, type Look, type Root } from './root.ts';
import { watchRoot } from './watch-root.ts';

export interface LiveRootOptions {
  /** What the path names now, or at rest until it is asked for. */
  readonly root: Root;
  readonly path: string;
  readonly watch: boolean;
  readonly log: Log;
  readonly freshness: Freshness;
  /** Told what the site's own rules say whenever they are read, before anything is answered by them; undefined: it has none. */
  readonly onCarried?: ((carried: Carried) => void) | undefined;
}

interface Holding {
  readonly root: Root;
  /** Searches that began on it. */
  users: number;
}

export class LiveRoot implements FileCache {
  readonly #options: LiveRootOptions;
  readonly #watcher: { renew(): void; close(): void } | undefined;
  /** Stays open while nothing stands at the path: it may come back, and its inode's number is not given to another. */
  #held: Holding;
  #current: Root;
  /** As they were read last. */
  #carried: Carried | undefined;
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
    this.#freshUntil =
      root.resting || options.onCarried
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
    if (options.onCarried && options.watch && !root.resting) freshness.watch('');
  }

  /** Which rules are the ones that are followed: path and version, … (`Carried.evidence`). */
  get evidence(): readonly string[] {
    return this.#carried?.evidence ?? [];
  }

  /** One of the files that say how the others are answered. */
  drop(path: string): void {
    if (this.#options.onCarried === undefined || !isCarried(path)) return;
    this.suspect();
    void this.look();
  }

  clear(): void {}

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
    if (this.#errno !== undefined || !this.#held.root.isSame() || !this.#isCarriedSame())
      return false;
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

  #isCarriedSame(): boolean {
    if (this.#options.onCarried === undefined) return true;
    return this.#carried !== undefined && holds(this.#carried, this.#held.root);
  }

  /** What stands in the root that was found. */
  async #carriedBy(held: Root, look: Look): Promise<Carried | undefined> {
    if (this.#options.onCarried === undefined || look.kind === 'error') return this.#carried;
    return look.kind === 'same'
      ? readCarried(held, this.#carried)
      : readCarried(look.root, undefined);
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
    const carried = await this.#carriedBy(held.root, look);
    if (this.#closed) {
      if ('root' in look) look.root.close();
      return;
    }
    if (hints === this.#hints) this.#freshUntil = began + freshness.revalidateMs;
    switch (look.kind) {
      case 'same':
        if (this.#errno === undefined && carried === this.#carried) return;
        if (this.#errno !== undefined) log.info(`${path} is back`);
        return this.#replace(held, undefined, carried);
      case 'opened':
        if (this.#errno !== undefined) log.info(`${path} is back`);
        return this.#replace({ root: look.root, users: 0 }, undefined, carried);
      case 'moved':
        log.info(`${path} is another directory now: it is served from here on`);
        return this.#replace({ root: look.root, users: 0 }, undefined, carried);
      case 'error':
        if (look.errno === this.#errno) return;
        if (meaningOf(look.errno).kind === 'failed' && !held.root.resting) {
          // Our own trouble is no evidence of a change: what is open goes on.
          log.error(`cannot look at ${path}: ${look.errno}`, 'root');
          return;
        }
        log.warn(`cannot open ${path}: ${look.errno}; nothing is served until it can be opened`);
        return this.#replace(held, look.errno, carried);
      default:
        look satisfies never;
    }
  }

  #replace(next: Holding, errno: string | undefined, carried: Carried | undefined): void {
    const { freshness, onCarried, watch } = this.#options;
    const last = this.#held;
    if (carried !== undefined && carried !== this.#carried) {
      this.#carried = carried;
      onCarried?.(carried);
    }
    this.#held = next;
    this.#errno = errno;
    // Where the path names nothing, nothing can be opened.
    this.#current = errno === undefined ? next.root : closedRoot(errno, next.root.look);
    this.#watcher?.renew();
    // Whoever else watches the root lets go of it in between: it may be another directory.
    if (onCarried && watch && !last.root.resting) freshness.unwatch('');
    freshness.startAnew({ root: this.#current.native, rules: this.evidence });
    if (onCarried && watch) {
      freshness.watch('');
      // Nobody has heard of what changed before that: the next look is after it.
      this.suspect();
      void this.look();
    }
    if (last !== next) this.#settle(last);
  }

  #settle(held: Holding): void {
    if (held.users === 0 && (this.#closed || held !== this.#held)) held.root.close();
  }
}
