// Work that is done at once as far as nothing has to be waited for.

/** Yields what must be waited for, and is given its value. */
export type Steps<T> = Generator<Promise<unknown>, T, unknown>;

/** The value, at once if it is there. */
export function* settled<T>(value: T | Promise<T>): Steps<T> {
  return value instanceof Promise ? ((yield value) as T) : value;
}

/** Runs until something has to be waited for, and the rest as a promise. */
export function run<T>(steps: Steps<T>): T | Promise<T> {
  const step = steps.next();
  return step.done === true ? step.value : rest(steps, step.value);
}

async function rest<T>(steps: Steps<T>, first: Promise<unknown>): Promise<T> {
  for (let waited = first; ; ) {
    const step = await waited.then(
      (value) => steps.next(value),
      (error) => steps.throw(error),
    );
    if (step.done === true) return step.value;
    waited = step.value;
  }
}
