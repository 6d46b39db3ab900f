// A whole file as the page of another status than 200: of an error here, or of what a host has decided.
import { type FieldList, without } from '../http/field-list.ts';
import { CONDITIONS, type RequestField, type RequestFields } from './request.ts';
import type { Representation, ResponsePlan } from './types.ts';

const OMITTED = new Set(['accept-ranges', 'cache-control', 'etag', 'last-modified']);
const OF_CONTENT = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
]);

/** RFC 9110 §15.3.5, §15.3.6, §15.4.5. */
export function isWithoutContent(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/** Is the answer under this status a page? A 206 is none: only who resolves the ranges can say it. */
export function isPageStatus(status: number): boolean {
  return status > 200 && status !== 206;
}

/** The request fields that a page depends on: RFC 9110 §13.2.1, §14.2 have conditions and ranges for 200 only. */
export function pageFields(fields: RequestFields): RequestFields {
  const kept: { [name in RequestField]?: string | undefined } = { ...fields };
  for (const name of CONDITIONS) delete kept[name];
  return kept;
}

/**
 * The answer of a whole file under another status. Its validators would be taken for those of the address,
 * so they stay at home, and what it says is not to be stored.
 */
export function asPage<F extends Representation>(
  whole: ResponsePlan<F>,
  status: number,
): ResponsePlan<F> {
  const fields: FieldList = [...without(whole.fields, OMITTED), 'Cache-Control', 'no-store'];
  const page = { ...whole, status, fields, early: undefined };
  if (!isWithoutContent(status)) return page;
  return { ...page, fields: without(fields, OF_CONTENT), body: { kind: 'none' } };
}
