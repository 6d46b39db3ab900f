// How fast the bytes of one answer's body may leave (native/http/pace.h is the engine's). nginx: limit_rate,
// limit_rate_after.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineLimits } from '../addon/engine.ts';
import type { Sink } from './pieces.ts';

export interface Pace {
  /** Bytes a second. */
  readonly rate: number;
  /** Bytes before that. */
  readonly after: number;
}

/** Undefined where they leave as fast as they go. */
export function paceOf({
  limitRate: rate,
  limitRateAfter: after,
}: Pick<EngineLimits, 'limitRate' | 'limitRateAfter'>): Pace | undefined {
  return rate > 0 ? { rate, after } : undefined;
}

/** How many more may leave so long after the first could, of which `sent` have. The first second's go at once. */
export function allows({ rate, after }: Pace, sent: number, elapsedMs: number): number {
  return Math.max(0, Math.floor(after + rate + (rate * elapsedMs) / 1000) - sent);
}

/** Does the whole leave at once? */
export function isWithin(pace: Pace | undefined, bytes: number): boolean {
  return pace === undefined || bytes <= allows(pace, 0, 0);
}

/** Between two pieces: as often as the engine's clock ticks. */
const TICK_MS = 128;

/** A sink that takes them no faster; the descriptors of its own are not for it. `now`: milliseconds, monotonic. */
export function paced(
  sink: Sink,
  pace: Pace | undefined,
  now = () => performance.now(),
  wait: (ms: number) => Promise<unknown> = sleep,
): Sink {
  if (pace === undefined) return sink;
  const began = now();
  let sent = 0;
  return {
    async write(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const size = Math.min(chunk.length - at, allows(pace, sent, now() - began));
        if (size === 0) {
          await wait(TICK_MS);
          continue;
        }
        if (!(await sink.write(chunk.subarray(at, at + size)))) return false;
        at += size;
        sent += size;
      }
      return true;
    },
  };
}
