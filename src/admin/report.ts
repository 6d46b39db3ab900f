// /stats: all that is known, as JSON.
import type { About, Snapshot, Stats } from './observed.ts';
import type { Rates } from './rates.ts';
import { VERSION } from './version.ts';
import type { Second, Watch } from './watch.ts';

export interface Report extends Stats, About {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  /** Of the process, seconds. */
  readonly uptime: number;
  /** "ready", or why not. */
  readonly state: string;
  readonly logLinesDropped: number;
  /** Of the last ten seconds; null within the first. */
  readonly rates: Rates | null;
  /** The last minute, a second each, the oldest first. */
  readonly lastMinute: readonly Second[];
}

export function reportOf(now: Snapshot, unready: string | undefined, watching: Watch): Report {
  return {
    version: VERSION,
    node: process.version,
    pid: process.pid,
    uptime: Math.floor(process.uptime()),
    state: unready ?? 'ready',
    ...now.about,
    ...now.stats,
    logLinesDropped: now.logLinesDropped,
    rates: watching.rates() ?? null,
    lastMinute: watching.seconds,
  };
}
