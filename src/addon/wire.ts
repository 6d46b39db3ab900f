// The table across the border: what the engine and this side know by number, each list once here and once in native/.
// It is compared when the addon is loaded, so that an order can be changed in two places or in none.
import { REQUEST_FIELDS } from '../plan/request.ts';

export const WIRE = {
  /** Request fields (native/http/fields.h): those that the engine reads for itself, and the plan's. */
  fields: [
    'host',
    'connection',
    'content-length',
    'transfer-encoding',
    'expect',
    ...REQUEST_FIELDS,
  ],
  /** What the engine tells (native/engine/record.h). */
  records: [
    'request',
    'stale',
    'file-fault',
    'refused',
    'transfer-end',
    'accept-paused',
    'stopped',
    'root',
  ],
  /** The values of each record, in order; `fields` is their number, and pairs of index and value follow. */
  recordValues: ['kind', 'id', 'code', 'errno', 'bytes', 'method', 'text', 'fields'],
  /** How a body leaves (native/http/reply.h). */
  ways: ['none', 'bytes', 'mmap', 'sendfile', 'read'],
  /** Why: plan/types.ts has their meaning. */
  reasons: [
    'size',
    'hot',
    'cold',
    'budget',
    'tls',
    'transport',
    'filesystem',
    'refused',
    'no-addon',
    'forced',
  ],
  /** How an exchange ended (native/http/exchange.h). */
  ends: ['done', 'file-fault', 'gone', 'cancelled', 'timed-out'],
  /** What happened to a file while it was sent (native/http/body.h). */
  faults: ['none', 'truncated', 'changed', 'failed'],
  /** Counters of an engine thread (native/engine/counters.h). */
  counters: [
    'accepted',
    'connections',
    'hot',
    'planned',
    'transfers',
    'truncated',
    'aborted',
    'timeouts',
    'rejected',
    'refused',
  ],
  /** First bits of the parts of a reply's flags (native/addon/layout.h). */
  wayShift: 0,
  reasonShift: 4,
  closeShift: 8,
  statusShift: 9,
  /** Field lines that a request may have (native/http/limits.h); node's servers take no more either. */
  maxFields: 100,
} as const;

export type WireField = (typeof WIRE.fields)[number];
export type Way = (typeof WIRE.ways)[number];
export type WireReason = (typeof WIRE.reasons)[number];
export type FileFault = Exclude<(typeof WIRE.faults)[number], 'none'>;
export type ExchangeEnd = (typeof WIRE.ends)[number];

/** A reply's flags. `status`: one that is registered as final. */
export function flagsOf(status: number, way: Way, reason: WireReason, close: boolean): number {
  return (
    (WIRE.ways.indexOf(way) << WIRE.wayShift) |
    (WIRE.reasons.indexOf(reason) << WIRE.reasonShift) |
    (Number(close) << WIRE.closeShift) |
    (status << WIRE.statusShift)
  );
}

/** Where an addon's table is another one than this: the first name that differs, or undefined. */
export function differenceOf(layout: unknown): string | undefined {
  const theirs = new Map(Object.entries(Object(layout)));
  for (const [name, ours] of Object.entries(WIRE)) {
    if (JSON.stringify(theirs.get(name)) !== JSON.stringify(ours)) return name;
    theirs.delete(name);
  }
  return theirs.keys().next().value;
}
