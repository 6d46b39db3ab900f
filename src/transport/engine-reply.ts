// Turns a plan into what the engine sends: one head as text, one body by reference.
import type { FileEntry } from '../files/entry.ts';
import type { EngineBody, EngineReply, HotReply } from '../native.ts';
import { reasonPhrase } from '../plan/errors.ts';
import { type FieldList, type Memo, REASONS, type Span } from '../plan/types.ts';
import { FIELD_NAMES, type FieldName } from '../request.ts';
import type { Answer } from './transport.ts';

/** Status line and fields with their CRLFs; the engine adds Date, Connection and the empty line. RFC 9112 §3, §5. */
export function headText(status: number, fields: FieldList): string {
  let head = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;
  for (let i = 0; i + 1 < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return head;
}

export function engineReply(plan: Answer): EngineReply {
  const { body } = plan;
  const reason = 'reason' in body ? REASONS.indexOf(body.reason) : 0;
  return {
    head: headText(plan.status, plan.fields),
    body: engineBody(plan),
    reason,
    close: plan.close,
  };
}

/** The reply with the conditions under which the engine may repeat it. */
export function hotReply(plan: Answer, memo: Memo): HotReply {
  return {
    ...engineReply(plan),
    guard: memo.guard.flatMap(([name, value]) => [FIELD_NAMES.indexOf(name), value]),
    answersHead: memo.head,
    etag: memo.etag,
    notModified: headText(304, memo.notModified),
  };
}

/** Bit mask of the fields, as the engine counts them. */
export function fieldMask(names: readonly FieldName[]): number {
  return names.reduce((mask, name) => mask | (1 << FIELD_NAMES.indexOf(name)), 0);
}

function engineBody({ body }: Answer): EngineBody {
  switch (body.kind) {
    case 'none':
      return undefined;
    case 'bytes':
      return body.bytes;
    case 'mmap':
    case 'sendfile':
    case 'read':
      return { ...source(body.file, body.kind), start: body.span.start, end: body.span.end };
    case 'parts':
      return {
        ...source(body.file, body.strategy),
        parts: body.parts.flatMap(({ head, span }: { head: string; span: Span }) => [
          head,
          span.start,
          span.end,
        ]),
        tail: body.tail,
      };
  }
}

/** Where the bytes are: the memory of a cached file, or its descriptor. */
function source({ memory, file }: FileEntry, strategy: 'mmap' | 'sendfile' | 'read') {
  if (strategy === 'mmap' && memory !== undefined) return { memory, sendfile: false };
  if (file.native === undefined)
    throw new Error('the engine needs files that the addon has opened');
  return { file: file.native, sendfile: strategy === 'sendfile' };
}
