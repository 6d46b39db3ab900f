// Turns a plan into what the engine sends: one list of fields as text, one body by reference.
import type { EngineReply, EngineTemplate, HotReply } from '../../addon/engine.ts';
import { flagsOf, type Way, WIRE } from '../../addon/wire.ts';
import type { FileEntry } from '../../files/entry.ts';
import { fieldLines } from '../../http/field-list.ts';
import type { RequestField } from '../../plan/request.ts';
import type { Memo, Reason, Slices, Strategy } from '../../plan/types.ts';
import type { Answer } from '../../site/answer.ts';
import type { FileTemplate } from '../../site/templates.ts';

export function engineReply({ status, fields, body, close, early }: Answer): EngineReply {
  const lines = fieldLines(fields);
  const flags = (way: Way, reason: Reason) => flagsOf(status, way, reason, close);
  switch (body.kind) {
    case 'none':
      return reply(flags('none', 'size'), lines, undefined, 0, 0);
    case 'bytes':
      return reply(flags('bytes', 'size'), lines, body.bytes, 0, body.bytes.length);
    case 'feed':
      return reply(flagsOf(status, 'feed', 'size', close, body.live), lines, undefined, 0, 0);
    case 'mmap':
    case 'sendfile':
    case 'read': {
      const { start, end } = body.span;
      const { way, source } = placeOf(body.file, body.kind);
      const whole = reply(flags(way, body.reason), lines, source, start, end);
      return early === undefined ? whole : { ...whole, early: fieldLines(early) };
    }
    case 'parts': {
      const { way, source } = placeOf(body.file, body.strategy);
      return {
        ...reply(flags(way, body.reason), lines, source, 0, 0),
        parts: body.parts.flatMap(({ head, span }) => [head, span.start, span.end]),
        tail: body.tail,
      };
    }
  }
}

function reply(
  flags: number,
  fields: string,
  source: EngineReply['source'],
  start: number,
  end: number,
): EngineReply {
  return { flags, fields, source, start, end, parts: undefined, tail: '', early: '' };
}

/** The reply with the conditions under which the engine may repeat it, or all slices of its file with theirs. */
export function hotReply(plan: Answer, memo: Memo): HotReply {
  const { slices } = memo;
  const { body } = plan;
  const templates =
    slices !== undefined && 'file' in body ? sliceTemplates(body.file, slices) : undefined;
  return {
    ...(templates?.small ?? engineReply(plan)),
    guard: memo.guard.flatMap(([name, value]) => [WIRE.fields.indexOf(name), value]),
    answersHead: memo.head,
    etag: memo.etag,
    notModified: fieldLines(memo.notModified),
    large: templates?.large,
    largeFrom: slices?.largeFrom ?? 0,
  };
}

function sliceTemplates(file: FileEntry, { fields, small, large }: Slices) {
  const lines = fieldLines(fields);
  const template = ({ strategy, reason, fields: after }: Slices['small']): EngineReply => {
    const { way, source } = placeOf(file, strategy);
    const whole = reply(flagsOf(206, way, reason, false), lines, source, 0, file.size);
    return { ...whole, tail: fieldLines(after) };
  };
  return { small: template(small), large: template(large) };
}

/** Bit mask of the fields, as the engine counts them: they are more than `|` and `<<` have bits, and fewer than a number. */
export function fieldMask(names: readonly RequestField[]): number {
  return [...new Set(names)].reduce((mask, name) => mask + 2 ** WIRE.fields.indexOf(name), 0);
}

/** Where the bytes are, and so how they can leave: the memory of a cached file, or its descriptor. */
function placeOf({ memory, file }: FileEntry, strategy: Strategy) {
  if (strategy === 'mmap' && memory !== undefined) return { way: strategy, source: memory };
  if (file.native === undefined)
    throw new Error('the engine needs files that the addon has opened');
  return { way: strategy === 'sendfile' ? strategy : ('read' as const), source: file.native };
}

/** The same of an answer with places for what only an open file tells. */
export function engineTemplate({
  fields,
  notModified,
  steps,
  cached,
  judged,
  doubt,
  siblings,
  hashed,
}: FileTemplate): EngineTemplate {
  return {
    fields: fieldLines(fields),
    notModified: fieldLines(notModified),
    steps: steps.flatMap((step) => [
      step.from,
      flagsOf(200, step.strategy === 'sendfile' ? 'sendfile' : 'read', step.reason, false),
      fieldLines(step.fields),
    ]),
    cached:
      cached === undefined
        ? []
        : [cached.max, flagsOf(200, 'mmap', cached.reason, false), fieldLines(cached.fields)],
    siblings,
    hashed,
    judged: fieldMask(judged),
    doubtful: doubt,
  };
}
