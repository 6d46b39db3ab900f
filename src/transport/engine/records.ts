// Reads the engine's flat batches: native/engine/record.h's kinds as a closed union, and its counters.
import { CARRIERS, type EngineRecords } from '../../addon/load.ts';
import { FIELD_NAMES, type FieldName } from '../../http/request.ts';
import type { RequestHead } from '../../plan/request.ts';
import { REASONS } from '../../plan/types.ts';
import type { Tally, TransportStats } from '../transport.ts';

export type FileFault = 'truncated' | 'changed' | 'failed';
export type TransferEnd = 'done' | 'file-fault' | 'gone' | 'cancelled' | 'timed-out';

export type EngineRecord =
  | { readonly kind: 'request'; readonly id: number; readonly request: RequestHead }
  | { readonly kind: 'stale'; readonly path: string }
  | {
      readonly kind: 'file-fault';
      readonly file: string;
      readonly fault: FileFault;
      readonly errno: string;
    }
  | { readonly kind: 'refused'; readonly file: string }
  | {
      readonly kind: 'transfer-end';
      readonly id: number;
      readonly end: TransferEnd;
      readonly bytes: number;
    }
  | { readonly kind: 'accept-paused'; readonly errno: string }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'root' };

/** In the order of native/engine/record.h, transmission.h FileFault and record.h TransferEnd. */
const KINDS = [
  undefined,
  'request',
  'stale',
  'file-fault',
  'refused',
  'transfer-end',
  'accept-paused',
  'stopped',
  'root',
] as const;
const FAULTS: ReadonlyArray<FileFault | undefined> = [undefined, 'truncated', 'changed', 'failed'];
const ENDS: readonly TransferEnd[] = ['done', 'file-fault', 'gone', 'cancelled', 'timed-out'];

/** Values before a record's fields: kind, id, code, errno, bytes, method, text, number of fields. */
const PREFIX = 8;

/** Calls `receive` for each record of a batch, in order. */
export function readRecords(batch: EngineRecords, receive: (record: EngineRecord) => void): void {
  for (let at = 0; at < batch.length; ) {
    const end = at + PREFIX + 2 * Number(batch[at + 7]);
    const record = readRecord(batch, at, end);
    if (record !== undefined) receive(record);
    at = end;
  }
}

function readRecord(batch: EngineRecords, at: number, end: number): EngineRecord | undefined {
  const id = Number(batch[at + 1]);
  const code = Number(batch[at + 2]);
  const errno = String(batch[at + 3] ?? '');
  const text = String(batch[at + 6]);
  const kind = KINDS[Number(batch[at])];
  switch (kind) {
    case 'request':
      return { kind, id, request: readRequest(batch, at, end, text) };
    case 'stale':
      return { kind, path: text };
    case 'file-fault':
      return { kind, file: text, fault: FAULTS[code] ?? 'failed', errno };
    case 'refused':
      return { kind, file: text };
    case 'transfer-end':
      return { kind, id, end: ENDS[code] ?? 'gone', bytes: Number(batch[at + 4]) };
    case 'accept-paused':
      return { kind, errno };
    case 'stopped':
    case 'root':
      return { kind };
    case undefined:
      return undefined;
  }
}

function readRequest(batch: EngineRecords, at: number, end: number, target: string): RequestHead {
  const fields: { [name in FieldName]?: string } = {};
  for (let i = at + PREFIX; i < end; i += 2) {
    const name = FIELD_NAMES[Number(batch[i])];
    if (name !== undefined) fields[name] = String(batch[i + 1]);
  }
  return { method: String(batch[at + 5]), target, fields };
}

/** native/engine/counters.h: plain counters, then responses and bytes by carrier and reason. */
const PLAIN = [
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
] as const;
/** kReasons: room for REASONS. */
const REASON_ROOM = 16;

export function readStats(counters: Float64Array): TransportStats {
  const plain = Object.fromEntries(PLAIN.map((name, i) => [name, counters[i] ?? 0])) as {
    readonly [name in (typeof PLAIN)[number]]: number;
  };
  const byStrategy: Record<string, Tally> = {};
  for (const [c, carrier] of CARRIERS.entries()) {
    for (let r = 0; r < REASON_ROOM; r++) {
      const at = PLAIN.length + (c * REASON_ROOM + r) * 2;
      const responses = counters[at] ?? 0;
      const bytes = counters[at + 1] ?? 0;
      if (responses === 0 && bytes === 0) continue;
      const key = carrier === 'none' || carrier === 'bytes' ? carrier : `${carrier}:${REASONS[r]}`;
      const tally = byStrategy[key] ?? { responses: 0, bytes: 0 };
      byStrategy[key] = tally;
      tally.responses += responses;
      tally.bytes += bytes;
    }
  }
  const { hot, planned, connections, transfers, truncated, aborted } = plain;
  return { byStrategy, hot, planned, connections, transfers, truncated, aborted };
}
