// Turns a plan into what the engine sends: one head as text, one body by reference.

import { CARRIERS, type Carrier, type EngineReply, type HotReply } from '../../addon/load.ts';
import type { FileEntry } from '../../files/entry.ts';
import type { FieldList } from '../../http/field-list.ts';
import { reasonPhrase } from '../../http/phrases.ts';
import { FIELD_NAMES, type FieldName } from '../../http/request.ts';
import { type Memo, REASONS, type Slices, type Strategy } from '../../plan/types.ts';
import type { Answer } from '../../site/answer.ts';

/** Status line and fields with their CRLFs; the engine adds Date, Connection and the empty line. RFC 9112 §3, §5. */
export function headText(status: number, fields: FieldList): string {
  return `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${fieldLines(fields)}`;
}

function fieldLines(fields: FieldList): string {
  let lines = '';
  for (let i = 0; i + 1 < fields.length; i += 2) lines += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return lines;
}

export function engineReply({ status, fields, body, close }: Answer): EngineReply {
  const head = headText(status, fields);
  switch (body.kind) {
    case 'none':
      return reply(head, 'none', 0, close, undefined, 0, 0);
    case 'bytes':
      return reply(head, 'bytes', 0, close, body.bytes, 0, body.bytes.length);
    case 'mmap':
    case 'sendfile':
    case 'read': {
      const { start, end } = body.span;
      const { carrier, source } = placeOf(body.file, body.kind);
      return reply(head, carrier, REASONS.indexOf(body.reason), close, source, start, end);
    }
    case 'parts': {
      const { carrier, source } = placeOf(body.file, body.strategy);
      return {
        ...reply(head, carrier, REASONS.indexOf(body.reason), close, source, 0, 0),
        parts: body.parts.flatMap(({ head, span }) => [head, span.start, span.end]),
        tail: body.tail,
      };
    }
  }
}

function reply(
  head: string,
  carrier: Carrier,
  reason: number,
  close: boolean,
  source: EngineReply['source'],
  start: number,
  end: number,
): EngineReply {
  const flags = CARRIERS.indexOf(carrier) | (reason << 4) | (close ? 1 << 8 : 0);
  return { head, flags, source, start, end, parts: undefined, tail: '' };
}

/** The reply with the conditions under which the engine may repeat it, or all slices of its file with theirs. */
export function hotReply(plan: Answer, memo: Memo): HotReply {
  const { slices } = memo;
  const { body } = plan;
  const templates =
    slices !== undefined && 'file' in body ? sliceTemplates(body.file, slices) : undefined;
  return {
    ...(templates?.small ?? engineReply(plan)),
    guard: memo.guard.flatMap(([name, value]) => [FIELD_NAMES.indexOf(name), value]),
    answersHead: memo.head,
    etag: memo.etag,
    notModified: headText(304, memo.notModified),
    large: templates?.large,
    largeFrom: slices?.largeFrom ?? 0,
  };
}

function sliceTemplates(file: FileEntry, { fields, small, large }: Slices) {
  const head = headText(206, fields);
  const template = ({ strategy, reason, fields: after }: Slices['small']): EngineReply => {
    const { carrier, source } = placeOf(file, strategy);
    const whole = reply(head, carrier, REASONS.indexOf(reason), false, source, 0, file.size);
    return { ...whole, tail: fieldLines(after) };
  };
  return { small: template(small), large: template(large) };
}

/** Bit mask of the fields, as the engine counts them. */
export function fieldMask(names: readonly FieldName[]): number {
  return names.reduce((mask, name) => mask | (1 << FIELD_NAMES.indexOf(name)), 0);
}

/** Where the bytes are: the memory of a cached file, or its descriptor. */
function placeOf({ memory, file }: FileEntry, strategy: Strategy) {
  if (strategy === 'mmap' && memory !== undefined) return { carrier: strategy, source: memory };
  if (file.native === undefined)
    throw new Error('the engine needs files that the addon has opened');
  return { carrier: strategy === 'sendfile' ? strategy : ('read' as const), source: file.native };
}
