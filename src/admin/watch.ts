// The last minute: a look at the counters once a second, for as long as the admin listener runs.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Stats } from './observed.ts';
import { type Look, type Rates, ratesBetween } from './rates.ts';

/** One second of the last minute. */
export interface Second extends Rates {
  readonly connections: number;
  readonly transfers: number;
  /** How late the event loop was: 99 of 100 timers at most, milliseconds. */
  readonly eventLoopDelay: number;
}

export interface Watch {
  /** The oldest first. */
  readonly seconds: readonly Second[];
  /** Over the last ten seconds, or what there is of them; before the first second is over, undefined. */
  rates(): Rates | undefined;
  close(): void;
}

const EVERY_MS = 1000;
const KEPT = 60;
const LATELY = 10;
/** Of the timer that measures the delay: in Node 20 what it measures is the delay, and this. */
const RESOLUTION_MS = 20;

export function watch(stats: () => Stats): Watch {
  const looks: Look[] = [look()];
  const seconds: Second[] = [];
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const timer = setInterval(tick, EVERY_MS);
  timer.unref();

  function look(): Look {
    return { at: performance.now(), stats: stats() };
  }

  function tick(): void {
    const before = looks.at(-1);
    const now = look();
    looks.push(now);
    if (looks.length > LATELY + 1) looks.shift();
    const late = delay.percentile(99) / 1e6 - Math.min(RESOLUTION_MS, delay.min / 1e6);
    delay.reset();
    const { connections, transfers } = now.stats;
    seconds.push({
      ...ratesBetween(before ?? now, now),
      connections,
      transfers,
      eventLoopDelay: Math.max(0, late),
    });
    if (seconds.length > KEPT) seconds.shift();
  }

  return {
    seconds,
    rates() {
      const [first] = looks;
      const last = looks.at(-1);
      return first === undefined || last === undefined || first === last
        ? undefined
        : ratesBetween(first, last);
    },
    close() {
      clearInterval(timer);
      delay.disable();
    },
  };
}
