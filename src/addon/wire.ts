// The table across the border: what the engine and this side know by number, each list once here and once in native/.
// It is compared when the addon is loaded, so that an order can be changed in two places or in none.
import { REQUEST_FIELDS } from '../plan/request.ts';
import { LOG_VALUES } from '../rules/access-format.ts';

/** What is counted since the start. A carrier that cannot know one of them leaves it at 0. */
export class Counts {
  /** Connections accepted since the start, those rejected among them. 0 for middleware: they are its host's. */
  accepted = 0;
  /** Connections of this moment. */
  connections = 0;
  /** Answers given without running JavaScript. */
  hot = 0;
  /** Answers without running JavaScript whose file was opened for them. */
  opened = 0;
  /** Answers planned in JavaScript. */
  planned = 0;
  /** Bodies being sent now. */
  transfers = 0;
  /** Sends whose file was truncated or changed before the last byte; their connections were closed. */
  truncated = 0;
  /** Clients that went away before the last byte. */
  aborted = 0;
  /** Answers that the end of the server cut off, after its grace. The others' are `aborted`: only the engine tells. */
  cancelled = 0;
  /** Requests whose head came too slowly, and answers that were taken too slowly. uWebSockets.js tells of none: 0. */
  timeouts = 0;
  /**
   * Connections turned away: there were `maxConnections`, or `maxConnectionsPerAddress` of their client, or no proxy introduced
   * them. 0 for middleware.
   */
  rejected = 0;
  /** Files that the kernel refused to send by sendfile, once for each answer that found out: they are read. */
  refused = 0;
  /** TLS handshakes that were completed, of which with TLS 1.2 (`tls12`; the others: 1.3), and by a ticket of an earlier one (`resumed`). */
  handshakes = 0;
  /** Those that were not: a client left, was too slow, or agreed to nothing. uWebSockets.js tells of none: 0. */
  unfinished = 0;
  tls12 = 0;
  resumed = 0;
  /** Connections whose records the engine makes itself, with fewer copies than OpenSSL: nearly all of TLS 1.3. */
  sealed = 0;
  /** Connections that speak HTTP/2. */
  http2 = 0;
  /** Requests of clients whose address may not ask (403), and of those who ask too often (429). */
  forbidden = 0;
  limited = 0;
  /** Small files of this moment that the engine keeps in memory by itself, and bytes of their copies. */
  kept = 0;
  copied = 0;
}

export const WIRE = {
  /** Request fields (native/http/fields.h): those that only the engine reads, and the plan's. */
  fields: [
    ...['connection', 'content-length', 'transfer-encoding', 'expect'],
    ...['referer', 'user-agent', 'x-request-id'],
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
    'directory',
    'kept',
    'unproxied',
    'retired',
    'drained',
    'feed-end',
    'received',
    'gone',
  ],
  /**
   * The values of each record, in order; `fields` is their number, and pairs of index and value follow. `bytes` of content:
   * itself, where it is here; otherwise its length, 0 where there is none and -1 where that is not known.
   */
  recordValues: ['kind', 'id', 'code', 'site', 'errno', 'bytes', 'method', 'text', 'fields'],
  /** How a body leaves (native/http/reply.h). */
  ways: ['none', 'bytes', 'mmap', 'sendfile', 'read', 'feed'],
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
  /** What became of a request's content (native/http/content.h). */
  received: ['whole', 'too-large', 'gone'],
  /** What happened to a file while it was sent (native/http/body.h). */
  faults: ['none', 'truncated', 'changed', 'failed'],
  /** What a line of the access log is made of (native/http/access_format.h). */
  logValues: LOG_VALUES,
  /** What was wrong with a client that no proxy has introduced (native/engine/record.h). */
  unproxied: ['stranger', 'header'],
  /** Counters of an engine thread (native/engine/counters.h). */
  counters: Object.keys(new Counts()) as ReadonlyArray<keyof Counts>,
  /** What clients speak (native/http/exchange.h). */
  protocols: ['http/1.0', 'http/1.1', 'h2'],
  /** Bounds of the histograms of answers (native/engine/counters.h): of durations, milliseconds; of bodies, bytes. */
  durationBounds: [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000],
  sizeBounds: [10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30].map((bits) => 2 ** bits),
  /** Statuses that are counted: from the first on, so many. */
  firstStatus: 100,
  statuses: 500,
  /** What stands at a path (native/files/open.h). */
  opened: ['file', 'directory', 'other'],
  /** First bits of the parts of a reply's flags (native/addon/layout.h). */
  wayShift: 0,
  reasonShift: 4,
  closeShift: 8,
  statusShift: 9,
  liveShift: 19,
  /** Field lines that a request may have (native/http/limits.h); node's servers take no more either. */
  maxFields: 100,
  /** What the engine calls plain HTTP where TLS was due (native/engine/handshake.h): the number is nginx's, the answer a 400. */
  plainHttp: 497,
} as const;

export type WireField = (typeof WIRE.fields)[number];
export type Way = (typeof WIRE.ways)[number];
export type WireReason = (typeof WIRE.reasons)[number];
export type FileFault = Exclude<(typeof WIRE.faults)[number], 'none'>;
export type Protocol = (typeof WIRE.protocols)[number];
export type Unproxied = (typeof WIRE.unproxied)[number];
export type ExchangeEnd = (typeof WIRE.ends)[number];

/** A reply's flags. `status`: one that is registered as final. */
export function flagsOf(
  status: number,
  way: Way,
  reason: WireReason,
  close: boolean,
  live = false,
): number {
  return (
    (WIRE.ways.indexOf(way) << WIRE.wayShift) |
    (WIRE.reasons.indexOf(reason) << WIRE.reasonShift) |
    (Number(close) << WIRE.closeShift) |
    (status << WIRE.statusShift) |
    (Number(live) << WIRE.liveShift)
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
