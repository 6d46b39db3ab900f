// The cursor by which caches between tell one wait from the next. PROTOCOL.md §10.1, "Server-Generated Cursors".

/** 2024-10-09T00:00:00Z, milliseconds. */
const EPOCH_MS = 1_728_432_000_000;
const INTERVAL_MS = 20_000;

/** How far it goes beyond a client's that is not behind it: 1 to 3600 seconds. */
const MAX_JITTER_MS = 3_600_000;

/** As many digits as a number holds with room above; of anything else no cursor of ours was made. */
const CURSOR = /^\d{1,15}$/;

/** The number of the interval at `nowMs`. */
export function intervalAt(nowMs: number): number {
  return Math.floor((nowMs - EPOCH_MS) / INTERVAL_MS);
}

/**
 * The number of the interval at `nowMs`; or one beyond the client's, where that is not behind it, so that no cache goes in
 * circles. `random`: from 0 up to 1.
 */
export function cursorAt(nowMs: number, given: string | undefined, random: number): string {
  const current = intervalAt(nowMs);
  const theirs = given !== undefined && CURSOR.test(given) ? Number(given) : -1;
  if (theirs < current) return String(current);
  return String(theirs + 1 + Math.floor((random * MAX_JITTER_MS) / INTERVAL_MS));
}
