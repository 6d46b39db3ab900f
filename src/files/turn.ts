// Work that waits for the end of the current turn of the event loop.

export interface Turn {
  /** Runs it when every promise reaction of this turn has run. */
  defer(work: () => void): void;
  /** Resolves when what was deferred so far has run. */
  end(): Promise<void>;
  /** Runs it all now. */
  flush(): void;
}

export function createTurn(): Turn {
  let deferred: Array<() => void> = [];
  const flush = () => {
    const works = deferred;
    deferred = [];
    for (const work of works) work();
  };
  const defer = (work: () => void) => {
    if (deferred.push(work) === 1) setImmediate(flush);
  };
  return { defer, end: () => new Promise((resolve) => defer(resolve)), flush };
}
