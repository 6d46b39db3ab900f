// How long to wait before it is tried again.

/** The first wait, and the longest, milliseconds. */
const FIRST_MS = 100;
const LONGEST_MS = 10_000;

/** However long a server asks for, milliseconds. */
const LONGEST_ASKED_MS = 300_000;

/**
 * Milliseconds before the attempt after `failures` (1 or more): exponential, capped, and between half and all of it by
 * `random` (from 0 to 1), so that many clients of a server that restarts do not come at once.
 */
export function backoffOf(failures: number, random: number): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 30));
  return whole / 2 + (whole / 2) * random;
}

/** Milliseconds that Retry-After asks for (RFC 9110 §10.2.3): seconds or a date. Undefined where it says nothing. */
export function retryAfterOf(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, Math.min(LONGEST_ASKED_MS, ms));
}
