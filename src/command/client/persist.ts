// Trying again, for as long as the operator wants, and saying so once.
import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../../log/log.ts';
import { backoffOf } from './backoff.ts';
import { Lost, Refused } from './failure.ts';

export interface Patience {
  /** Milliseconds from the first failure to the last attempt. */
  readonly retryFor: number | 'forever';
  readonly log: Log;
  readonly signal: AbortSignal | undefined;
}

export interface Persistence {
  /**
   * Runs `act` until it neither ends in `Lost` nor asks for time. The attempt's number is 1 for the first. Throws
   * `Refused` when the time is up.
   */
  run<T>(act: (attempt: number) => Promise<T>): Promise<T>;
  /** Something came: what fails from now on is another failure. */
  succeeded(): void;
}

/** What was never reached is a slip of the finger rather than a server that restarts: that ends at once. */
export function createPersistence({ retryFor, log, signal }: Patience): Persistence {
  let failures = 0;
  let since = 0;
  let isReached = false;

  function succeeded(): void {
    failures = 0;
    isReached = true;
  }

  return {
    async run(act) {
      for (let attempt = 1; ; attempt++) {
        try {
          const result = await act(attempt);
          succeeded();
          return result;
        } catch (error) {
          if (!(error instanceof Lost)) throw error;
          // A server that asks for patience has been reached.
          if (!isReached && error.afterMs === undefined) throw new Refused(error.message);
          const now = performance.now();
          if (failures === 0) since = now;
          failures++;
          const ms = Math.max(error.afterMs ?? 0, backoffOf(failures, Math.random()));
          if (retryFor !== 'forever' && now - since + ms > retryFor) {
            throw new Refused(`${error.message}; given up after ${failures} attempts`);
          }
          if (failures === 1) log.warn(`${error.message}: trying again`, 'lost');
          await wait(ms, undefined, signal && { signal });
        }
      }
    },
    succeeded,
  };
}
