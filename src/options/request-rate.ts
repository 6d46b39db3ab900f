// How often one client may ask: "10", "10/s", "30/m", "10/s,20".
import type { Kind } from './kinds.ts';

/** A token bucket. */
export interface RequestRate {
  /** In each period. */
  readonly requests: number;
  readonly periodMs: number;
  /** At once, after a pause. */
  readonly burst: number;
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000 };
const MOST = 1_000_000;

export const requestRate: Kind<RequestRate, number | string> = {
  shape: 'n[/s|/m][,burst]',
  expected: `requests a second or a minute, from 1 to ${MOST}, and how many at once, such as 10/s, 30/m or "10/s,20"`,
  parse(input) {
    // What was read before may come again.
    const text = isRate(input) ? show(input) : String(input);
    const [, count = '', unit = 's', at] =
      /^(\d{1,7})(?:\/([sm]))?(?:,(\d{1,7}))?$/.exec(text) ?? [];
    const requests = Number(count);
    const periodMs = UNITS[unit] ?? 1000;
    const burst =
      at === undefined ? Math.max(1, Math.floor((requests * 1000) / periodMs)) : Number(at);
    const isIn = (value: number) => value >= 1 && value <= MOST;
    return count !== '' && isIn(requests) && isIn(burst)
      ? { requests, periodMs, burst }
      : undefined;
  },
  show,
};

function show({ requests, periodMs, burst }: RequestRate): string {
  return `${requests}/${periodMs === UNITS.s ? 's' : 'm'},${burst}`;
}

function isRate(input: unknown): input is RequestRate {
  return typeof input === 'object' && input !== null && 'requests' in input && 'burst' in input;
}
