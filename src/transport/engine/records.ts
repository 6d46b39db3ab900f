// Reads the engine's flat batches: its records as a closed union, and its counters.
import type { EngineRecords } from '../../addon/engine.ts';
import {
  Counts,
  type ExchangeEnd,
  type FileFault,
  type Protocol,
  type Unproxied,
  type Way,
  WIRE,
} from '../../addon/wire.ts';
import {
  REQUEST_FIELDS,
  type Received,
  type RequestField,
  type RequestHead,
} from '../../plan/request.ts';
import type { Histogram, Tally, TransportStats } from '../transport.ts';
import type { Announced } from './contents.ts';

/** `site`: whose request, path or file it is; the number of a virtual host, or 0. */
export type EngineRecord =
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly site: number;
      readonly request: RequestHead;
      /** Undefined where it has none. */
      readonly content: Announced | undefined;
      /** Was its path asked for before? */
      readonly met: boolean;
    }
  | { readonly kind: 'stale'; readonly site: number; readonly path: string }
  | {
      readonly kind: 'file-fault';
      readonly site: number;
      readonly file: string;
      readonly fault: FileFault;
      readonly errno: string;
    }
  | { readonly kind: 'refused'; readonly site: number; readonly file: string }
  | {
      readonly kind: 'transfer-end';
      readonly id: number;
      readonly end: ExchangeEnd;
      readonly bytes: number;
    }
  /** So much of a feed has left. */
  | { readonly kind: 'drained'; readonly id: number; readonly bytes: number }
  /** Nobody takes more of a feed. */
  | { readonly kind: 'feed-end'; readonly id: number }
  /** What became of the content that was asked for. */
  | { readonly kind: 'received'; readonly id: number; readonly received: Received }
  /** Nobody waits for its answer any more. */
  | { readonly kind: 'gone'; readonly id: number }
  | { readonly kind: 'accept-paused'; readonly errno: string }
  | { readonly kind: 'stopped' }
  /** It accepts nobody more. */
  | { readonly kind: 'retired' }
  | { readonly kind: 'root'; readonly site: number }
  /** It is time to read its names; or what is known of it holds no more (`changed`). */
  | {
      readonly kind: 'directory';
      readonly site: number;
      readonly path: string;
      readonly changed: boolean;
    }
  /** A first file of this directory is kept. */
  | { readonly kind: 'kept'; readonly site: number; readonly path: string }
  /** A client that no proxy has introduced was turned away. */
  | { readonly kind: 'unproxied'; readonly why: Unproxied };

/** Where a value stands in its record. */
const at = Object.fromEntries(WIRE.recordValues.map((name, i) => [name, i])) as {
  readonly [name in (typeof WIRE.recordValues)[number]]: number;
};
const PREFIX = WIRE.recordValues.length;

/** The plan's fields by the engine's number. */
const FIELDS = WIRE.fields.map((name) => REQUEST_FIELDS.find((field) => field === name));

/** Calls `receive` for each record of a batch, in order. */
export function readRecords(batch: EngineRecords, receive: (record: EngineRecord) => void): void {
  for (let start = 0; start < batch.length; ) {
    const end = start + PREFIX + 2 * Number(batch[start + at.fields]);
    const record = readRecord(batch, start, end);
    if (record !== undefined) receive(record);
    start = end;
  }
}

function readRecord(batch: EngineRecords, start: number, end: number): EngineRecord | undefined {
  const id = Number(batch[start + at.id]);
  const code = Number(batch[start + at.code]);
  const site = Number(batch[start + at.site]);
  const errno = String(batch[start + at.errno] ?? '');
  const text = String(batch[start + at.text]);
  const kind = WIRE.records[Number(batch[start + at.kind])];
  switch (kind) {
    case 'request':
      return {
        kind,
        id,
        site,
        met: code > 0,
        request: readRequest(batch, start, end, text),
        content: readAnnounced(batch[start + at.bytes]),
      };
    case 'received':
      return { kind, id, received: readReceived(code, batch[start + at.bytes]) };
    case 'stale':
    case 'kept':
      return { kind, site, path: text };
    case 'directory':
      return { kind, site, path: text, changed: code > 0 };
    case 'file-fault':
      return { kind, site, file: text, fault: faultOf(code), errno };
    case 'refused':
      return { kind, site, file: text };
    case 'transfer-end':
      return { kind, id, end: WIRE.ends[code] ?? 'gone', bytes: Number(batch[start + at.bytes]) };
    case 'drained':
      return { kind, id, bytes: Number(batch[start + at.bytes]) };
    case 'feed-end':
    case 'gone':
      return { kind, id };
    case 'accept-paused':
      return { kind, errno };
    case 'unproxied':
      return { kind, why: WIRE.unproxied[code] ?? 'header' };
    case 'root':
      return { kind, site };
    case 'stopped':
    case 'retired':
      return { kind };
    case undefined:
      return undefined;
  }
}

function readAnnounced(bytes: EngineRecords[number]): Announced | undefined {
  if (bytes === 0) return undefined;
  if (bytes instanceof Uint8Array) return { length: bytes.length, bytes };
  const length = Number(bytes);
  return { length: length < 0 ? undefined : length, bytes: undefined };
}

function readReceived(code: number, bytes: EngineRecords[number]): Received {
  if (bytes instanceof Uint8Array) return { kind: 'whole', bytes };
  return { kind: WIRE.received[code] === 'too-large' ? 'too-large' : 'gone' };
}

function faultOf(code: number): FileFault {
  const fault = WIRE.faults[code];
  return fault === undefined || fault === 'none' ? 'failed' : fault;
}

function readRequest(
  batch: EngineRecords,
  start: number,
  end: number,
  target: string,
): RequestHead {
  const fields: { [name in RequestField]?: string } = {};
  for (let i = start + PREFIX; i < end; i += 2) {
    const name = FIELDS[Number(batch[i])];
    if (name !== undefined) fields[name] = String(batch[i + 1]);
  }
  return { method: String(batch[start + at.method]), target, fields };
}

/** They have no reason of their own. */
const OF_NO_FILE: ReadonlySet<Way> = new Set(['none', 'bytes', 'feed']);

export function readStats(counters: Float64Array): TransportStats {
  let next = 0;
  const take = () => counters[next++] ?? 0;
  const counts = Object.fromEntries(WIRE.counters.map((name) => [name, take()]));
  const byStrategy: Record<string, Tally> = {};
  for (const way of WIRE.ways) {
    for (const reason of WIRE.reasons) {
      const responses = take();
      const bytes = take();
      if (responses === 0 && bytes === 0) continue;
      const key = OF_NO_FILE.has(way) ? way : `${way}:${reason}`;
      const tally = byStrategy[key] ?? { responses: 0, bytes: 0 };
      byStrategy[key] = tally;
      tally.responses += responses;
      tally.bytes += bytes;
    }
  }
  const byStatus: { [protocol in Protocol]?: Record<number, number> } = {};
  for (const protocol of WIRE.protocols) {
    const row: Record<number, number> = {};
    for (let status = WIRE.firstStatus; status < WIRE.firstStatus + WIRE.statuses; status++) {
      const count = take();
      if (count > 0) row[status] = count;
    }
    if (Object.keys(row).length > 0) byStatus[protocol] = row;
  }
  const histogram = (bounds: readonly number[]): Histogram => ({
    bounds,
    counts: Array.from({ length: bounds.length + 1 }, take),
    sum: take(),
  });
  const durations = histogram(WIRE.durationBounds);
  const sizes = histogram(WIRE.sizeBounds);
  return { ...new Counts(), ...counts, byStrategy, byStatus, durations, sizes };
}
