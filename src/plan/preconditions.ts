// Conditional requests: If-Match, If-None-Match and their kin, in the order of RFC 9110 §13.2.2.

import { parseHttpDate } from '../http/date.ts';
import { PRECONDITIONS, type RequestFields } from './request.ts';
import type { Representation } from './types.ts';

/** The validators of the selected representation; `lastModified` is an HTTP-date. */
export type Validators = Pick<Representation, 'etag' | 'lastModified'>;

export type Verdict = 'proceed' | 'not-modified' | 'failed';

/** Is there anything to judge? */
export function isConditional(fields: RequestFields): boolean {
  return PRECONDITIONS.some((name) => fields[name] !== undefined);
}

/**
 * Judges a GET or HEAD whose answer would be 200 otherwise (§13.2.1). Each field is evaluated only where
 * the one before it in §13.2.2 lets it.
 */
export function judgePreconditions(fields: RequestFields, validators: Validators): Verdict {
  const ifMatch = fields['if-match'];
  const ifUnmodifiedSince = fields['if-unmodified-since'];
  const ifNoneMatch = fields['if-none-match'];
  const ifModifiedSince = fields['if-modified-since'];

  // Step 1
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, validators.etag, isStrongMatch)) return 'failed';
    // Step 2: only without If-Match
  } else if (ifUnmodifiedSince !== undefined) {
    if (isModifiedSince(ifUnmodifiedSince, validators) === true) return 'failed';
  }
  // Step 3
  if (ifNoneMatch !== undefined) {
    return matches(ifNoneMatch, validators.etag, isWeakMatch) ? 'not-modified' : 'proceed';
  }
  // Step 4: only without If-None-Match
  if (ifModifiedSince !== undefined && isModifiedSince(ifModifiedSince, validators) === false) {
    return 'not-modified';
  }
  return 'proceed';
}

/**
 * Step 5, §13.1.5: does the validator of If-Range still name this representation, so that Range counts?
 * ETags compare strongly. A date must be Last-Modified to the letter, and strong (§8.8.2.2): the file may
 * have been written twice within a second that is not over at `nowMs`, or has only just ended.
 */
export function isRangeCurrent(
  ifRange: string | undefined,
  validators: Validators,
  nowMs: number,
): boolean {
  if (ifRange === undefined) return true;
  if (ifRange === validators.lastModified) return isStrongDate(ifRange, nowMs);
  return validators.etag !== undefined && isStrongMatch(ifRange, validators.etag);
}

/** Node and uWebSockets.js write Date from a clock that they set once a second: it lags by up to that. */
const DATE_LAG_MS = 1000;

/** §8.8.2.2: at least one second before the Date of this answer, which counts whole seconds. */
function isStrongDate(lastModified: string, nowMs: number): boolean {
  const modified = parseHttpDate(lastModified);
  if (modified === undefined) return false;
  const earliestDate = Math.floor((nowMs - DATE_LAG_MS) / 1000) * 1000;
  return earliestDate - modified >= 1000;
}

/** §13.1.1, §13.1.2: `*` names whatever exists; a field that is no list of entity-tags names nothing. */
function matches(
  value: string,
  etag: string | undefined,
  isMatch: (a: string, b: string) => boolean,
): boolean {
  if (value === '*') return true;
  return etag !== undefined && parseEntityTags(value).some((tag) => isMatch(tag, etag));
}

/** §8.8.3.2 */
function isStrongMatch(a: string, b: string): boolean {
  return a === b && !a.startsWith('W/');
}

/** §8.8.3.2 */
function isWeakMatch(a: string, b: string): boolean {
  return opaque(a) === opaque(b);
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}

/** #entity-tag (§8.8.3, §5.6.1.2): commas may be inside a tag, elements may be empty; malformed → none. */
export function parseEntityTags(value: string): string[] {
  const element = /[ \t]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y;
  const tags: string[] = [];
  while (element.lastIndex < value.length) {
    const match = element.exec(value);
    if (match === null) return [];
    if (match[1] !== undefined) tags.push(match[1]);
  }
  return tags;
}

/** §13.1.3, §13.1.4: undefined where the field is no date or there is nothing to compare it with: ignore it. */
function isModifiedSince(value: string, { lastModified }: Validators): boolean | undefined {
  if (lastModified === undefined) return undefined;
  if (value === lastModified) return false;
  const since = parseHttpDate(value);
  const modified = parseHttpDate(lastModified);
  if (since === undefined || modified === undefined) return undefined;
  return modified > since;
}
