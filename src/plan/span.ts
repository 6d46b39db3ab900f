// One span of a representation as an answer: its fields, and how its bytes travel. RFC 9110 §14, §15.3.7.

import type { FieldList } from '../http/field-list.ts';
import { contentRange } from './fields.ts';
import type { Terms } from './policy.ts';
import { chooseStrategy } from './strategy.ts';
import type { Choice, Representation, ResponsePlan, Slices, Span } from './types.ts';

/** Content-Length and Server-Timing are added to `fields`. */
export function sendSpan<F extends Representation>(
  status: number,
  file: F,
  span: Span,
  fields: FieldList,
  terms: Terms,
): ResponsePlan<F> {
  const length = span.end - span.start;
  const choice = chooseStrategy(file, length, terms);
  return {
    status,
    fields: [...fields, 'Content-Length', String(length), ...timing(choice, terms)],
    body: { kind: choice.strategy, reason: choice.reason, file, span },
    close: false,
    memo: undefined,
  };
}

/** The 200. */
export function sendWhole<F extends Representation>(
  file: F,
  extra: FieldList,
  terms: Terms,
): ResponsePlan<F> {
  return sendSpan(200, file, { start: 0, end: file.size }, fieldsOf(file, extra), terms);
}

/** The 206 of one range. `complete`: how long the whole is; undefined where nobody can say. */
export function sendRange<F extends Representation>(
  file: F,
  span: Span,
  complete: number | undefined,
  extra: FieldList,
  terms: Terms,
): ResponsePlan<F> {
  const fields = [...fieldsOf(file, extra), 'Content-Range', contentRange(span, complete)];
  return sendSpan(206, file, span, fields, terms);
}

/** What every `sendRange` of this file has in common. */
export function slicesOf(file: Representation, extra: FieldList, terms: Terms): Slices {
  const { sendfileMin: largeFrom } = terms.limits;
  const sent = (length: number) => {
    const choice = chooseStrategy(file, length, terms);
    return { ...choice, fields: timing(choice, terms) };
  };
  return {
    fields: fieldsOf(file, extra),
    small: sent(largeFrom - 1),
    large: sent(largeFrom),
    largeFrom,
  };
}

function fieldsOf(file: Representation, extra: FieldList): FieldList {
  return [...file.fields, ...file.contentFields, ...extra];
}

/** Server-Timing (W3C): strategy and reason, as in the log and the counters. */
export function timing({ strategy, reason }: Choice, terms: Terms): FieldList {
  return terms.serverTiming ? ['Server-Timing', `zc;desc="${strategy}:${reason}"`] : [];
}
