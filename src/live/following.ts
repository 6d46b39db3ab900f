// What one client is given of a file that is followed, piece by piece. Written out: a generator that waits takes as much
// memory as all else of a live answer.
import type { Gone } from '../plan/types.ts';
import type { FollowedFile } from './followed-file.ts';

/** Gives the file, joined. Rejects with an Error that has `code` where it cannot be opened. */
export type Follow = () => Promise<FollowedFile>;

/** What is next: a piece, nothing more, or nothing yet. */
export type Step<T extends object> = T | 'over' | 'wait';

type Next<T> = IteratorResult<T, undefined>;

const OVER = { done: true, value: undefined } as const;

export abstract class Following<T extends object> implements AsyncIterableIterator<T, undefined> {
  protected readonly gone: Gone;
  protected readonly began = performance.now();
  #follow: Follow | undefined;
  #followed: FollowedFile | undefined;
  #isOver = false;
  #resolve: ((next: Next<T> | Promise<Next<T>>) => void) | undefined;

  constructor(follow: Follow, gone: Gone) {
    this.#follow = follow;
    this.gone = gone;
    gone.onEnd(() => this.#wake());
  }

  /**
   * Asked again after each piece, and when something has happened while it waited. Where it throws, that was not all. A promise
   * of a wait is asked again at once, and answers at once where nothing has happened meanwhile.
   */
  protected abstract step(followed: FollowedFile): Step<T> | Promise<Step<T>>;

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Next<T>> {
    if (this.#isOver) return OVER;
    const follow = this.#follow;
    this.#follow = undefined;
    if (follow !== undefined) this.#followed = await follow();
    return this.#goOn();
  }

  return(): Promise<Next<T>> {
    return Promise.resolve(this.#end());
  }

  #goOn(): Next<T> | Promise<Next<T>> {
    const followed = this.#followed;
    if (followed === undefined) return OVER;
    try {
      const step = this.step(followed);
      return step instanceof Promise
        ? step.then(
            // It may have grown by now.
            (now) => (now === 'wait' ? this.#goOn() : this.#take(followed, now)),
            (error) => this.#fail(error),
          )
        : this.#take(followed, step);
    } catch (error) {
      return this.#fail(error);
    }
  }

  #take(followed: FollowedFile, step: Step<T>): Next<T> | Promise<Next<T>> {
    switch (step) {
      case 'over':
        return this.#end();
      case 'wait':
        return new Promise((resolve) => {
          this.#resolve = resolve;
          followed.wait(this.#wake);
        });
      default:
        return { done: false, value: step };
    }
  }

  readonly #wake = (): void => {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    this.#followed?.forget(this.#wake);
    resolve(this.#goOn());
  };

  #fail(error: unknown): Promise<never> {
    this.#end();
    return Promise.reject(error);
  }

  #end(): Next<T> {
    this.#isOver = true;
    this.#followed?.leave();
    this.#followed = undefined;
    return OVER;
  }
}
