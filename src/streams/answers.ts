// What answers of streams have in common: their fields, and the few words for what cannot be done. PROTOCOL.md §5, §12.7.
import type { FileEntry } from '../files/entry.ts';
import type { FieldList } from '../http/field-list.ts';
import type { Body, ResponsePlan } from '../plan/types.ts';
import { formatOffset } from './offsets.ts';

export type StreamAnswer = ResponsePlan<FileEntry>;

export function answerOf(
  status: number,
  fields: FieldList,
  body: Body<FileEntry> = { kind: 'none' },
): StreamAnswer {
  return { status, fields, body, close: false, memo: undefined };
}

/** Who speaks this protocol is a program, or somebody who writes one: `why` says what is wrong, and reflects no input. */
export function refuse(status: number, why: string, fields: FieldList = []): StreamAnswer {
  const bytes = Buffer.from(`${why}\n`);
  return answerOf(
    status,
    [
      'Content-Type',
      'text/plain; charset=utf-8',
      'Content-Length',
      String(bytes.length),
      ...NO_STORE,
      ...fields,
    ],
    { kind: 'bytes', bytes },
  );
}

export const NO_STORE: FieldList = ['Cache-Control', 'no-store'];

/** §10: of what was read. `isPrivate`: not everybody may see it. */
export function cacheable(isPrivate: boolean): FieldList {
  const who = isPrivate ? 'private' : 'public';
  return ['Cache-Control', `${who}, max-age=60, stale-while-revalidate=300`];
}

/** Where a reader stands after an answer. */
export interface Position {
  readonly next: number;
  /** It has all that there is. */
  readonly upToDate?: boolean;
  /** And no more will come. */
  readonly closed?: boolean;
  readonly cursor?: string | undefined;
}

export function positionFields({ next, upToDate, closed, cursor }: Position): FieldList {
  const fields = ['Stream-Next-Offset', formatOffset(next)];
  if (upToDate) fields.push('Stream-Up-To-Date', 'true');
  if (closed) fields.push('Stream-Closed', 'true');
  if (cursor !== undefined) fields.push('Stream-Cursor', cursor);
  return fields;
}

export const MISSING = refuse(404, 'there is no such stream');
/** §5.4: deleted, while forks of it are there. */
export const SOFT_DELETED = refuse(410, 'the stream was deleted');
