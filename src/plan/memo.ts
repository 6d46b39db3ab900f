// When the engine may repeat an answer without asking: everything the plan looked at is in the guard or
// in the evidence.

import type { FieldList } from '../http/field-list.ts';
import { reprDigest } from './digest.ts';
import type { Terms } from './policy.ts';
import {
  CONDITIONS,
  isCondition,
  PAGE_LOAD,
  REQUEST_FIELDS,
  type RequestField,
  type RequestHead,
} from './request.ts';
import { slicesOf } from './span.ts';
import { isWarming, repeats } from './strategy.ts';
import type {
  ListingPage,
  Memo,
  Miss,
  Representation,
  Resolution,
  Resource,
  ResponsePlan,
} from './types.ts';

/**
 * The licence to repeat `answer`, made from `file` for `request`; undefined where there is none. Only
 * what is asked for often gets one: the plain 200, the 206 of a Range, the 304 of the current ETag (and
 * the 404, below). (Any other would be sound too, but clients could then fill the table with one-off
 * values.) `extra` are the fields that the resource has besides the file's own.
 */
export function memoOf<F extends Representation>(
  request: RequestHead,
  resolution: Extract<Resolution<F>, { readonly kind: 'file' }>,
  file: F,
  { status, body }: ResponsePlan<F>,
  extra: FieldList,
  terms: Terms,
): Memo | undefined {
  if (!repeats(terms.reach) || request.method !== 'GET' || resolution.status !== 200)
    return undefined;
  const conditions = CONDITIONS.filter((name) => request.fields[name] !== undefined);
  if (!isRepeatable(status, conditions, request, file.etag)) return undefined;
  // A 304 moves no bytes; for the others a use that is not counted would keep the file from the cache.
  if (status !== 304 && isWarming(file, terms)) return undefined;

  const chosenBy = [...(resolution.judged ?? []), ...(file.early === undefined ? [] : PAGE_LOAD)];
  const judged = judgedOf(chosenBy, resolution.resource, terms);
  const sliced = status === 206 && body.kind !== 'parts';
  const guarded = sliced ? judged.filter((name) => name !== 'range') : judged;
  const guard = guardOf(request, guarded, terms);
  if (guard === undefined) return undefined;
  return {
    guard,
    judged,
    // HEAD has no ranges (§14.2); its 200 and 304 have the fields of GET's.
    head: status !== 206,
    etag: status === 200 || sliced ? file.etag : undefined,
    notModified: [...file.fields, ...extra],
    slices: sliced
      ? slicesOf(file, [...reprDigest(request, file, terms), ...extra], terms)
      : undefined,
    evidence: resolution.evidence,
    shared: undefined,
  };
}

/**
 * The licence to repeat a 404, from the page `file` where there is one: the same for every GET and HEAD
 * as long as nothing appears where it was looked for. No condition applies to a 404 (§13.2.1).
 */
export function memoOfMiss<F extends Representation>(
  request: RequestHead,
  { evidence, shared = [], judged }: Miss,
  page: { readonly resource: Resource<F>; readonly file: F } | undefined,
  terms: Terms,
): Memo | undefined {
  if (!repeats(terms.reach) || request.method !== 'GET') return undefined;
  if (page !== undefined && isWarming(page.file, terms)) return undefined;
  const looked = judgedOf(judged, page?.resource, terms).filter((name) => !isCondition(name));
  const guard = guardOf(request, looked, terms);
  if (guard === undefined) return undefined;
  return {
    guard,
    judged: looked,
    head: true,
    etag: undefined,
    notModified: [],
    slices: undefined,
    evidence,
    shared,
  };
}

/** The licence to repeat a listing's page, or the 304 of its ETag, while its lease lasts. `notModified`: fields of the 304. */
export function memoOfPage(
  request: RequestHead,
  { etag, lease }: ListingPage,
  isModified: boolean,
  notModified: FieldList,
  terms: Terms,
): Memo | undefined {
  if (!repeats(terms.reach) || request.method !== 'GET') return undefined;
  if (lease === undefined || request.target.includes('?')) return undefined;
  const conditions = CONDITIONS.filter((name) => request.fields[name] !== undefined);
  if (!isRepeatable(isModified ? 200 : 304, conditions, request, etag)) return undefined;
  const judged = judgedOf(['accept'], undefined, terms);
  const guard = guardOf(request, judged, terms);
  if (guard === undefined) return undefined;
  return {
    guard,
    judged,
    head: true,
    etag: isModified ? etag : undefined,
    notModified,
    slices: undefined,
    evidence: lease.evidence,
    shared: undefined,
    lastsMs: lease.ms,
  };
}

/** The fields that have a say in a GET. `chosenBy`: those that had one in what was found. */
export function judgedOf<F extends Representation>(
  chosenBy: readonly RequestField[],
  resource: Resource<F> | undefined,
  terms: Terms,
): RequestField[] {
  return REQUEST_FIELDS.filter((name) => chosenBy.includes(name) || hasSay(name, resource, terms));
}

/** Yes, unless it is known to have none: one that is new to the plan must not be forgotten here. */
function hasSay<F extends Representation>(
  name: RequestField,
  resource: Resource<F> | undefined,
  { cors, digest }: Terms,
): boolean {
  switch (name) {
    case 'accept':
    case 'sec-fetch-dest':
    case 'sec-purpose':
    case 'access-control-request-method':
    // Of streams and live answers, of which none is repeated.
    case 'content-type':
    case 'last-event-id':
    case 'stream-seq':
    case 'stream-ttl':
    case 'stream-expires-at':
    case 'stream-closed':
    case 'stream-forked-from':
    case 'stream-fork-offset':
    case 'stream-fork-sub-offset':
    case 'producer-id':
    case 'producer-epoch':
    case 'producer-seq':
    // Where it has one, nothing is repeated.
    case 'authorization':
    case 'host':
    case 'via':
    case 'forwarded':
    case 'x-forwarded-for':
    case 'x-forwarded-host':
    case 'x-forwarded-proto':
    case 'x-real-ip':
      return false;
    case 'accept-encoding':
      // Where a form is yet to be made, who asks for one has to be heard.
      return (
        resource !== undefined &&
        (resource.variants.length > 0 || resource.identity.encodable === true)
      );
    case 'available-dictionary':
      return resource?.variants.some(({ dictionary }) => dictionary !== undefined) === true;
    case 'origin':
      return !isAnyOrigin(cors);
    case 'want-repr-digest':
    case 'want-content-digest':
      return digest;
    default:
      return true;
  }
}

/** Characters of a field value in a guard: browsers' longest, the Accept of a navigation, has 135. */
const MAX_GUARD = 256;

/**
 * The values that the request has for these fields; undefined where it would hold what only this client says: a long
 * value, an origin that is not on the list, or what is hashed for this answer alone.
 */
function guardOf(
  { fields }: RequestHead,
  names: readonly RequestField[],
  { cors }: Terms,
): Memo['guard'] | undefined {
  const guard: Array<readonly [RequestField, string]> = [];
  for (const name of names) {
    const value = fields[name];
    if (value === undefined) continue;
    if (value.length > MAX_GUARD || name === 'want-content-digest') return undefined;
    if (name === 'origin' && !cors.includes(value)) return undefined;
    guard.push([name, value]);
  }
  return guard;
}

function isRepeatable(
  status: number,
  conditions: readonly RequestField[],
  request: RequestHead,
  etag: string | undefined,
): boolean {
  const only = conditions.length === 1 ? conditions[0] : undefined;
  switch (status) {
    case 200:
      return conditions.length === 0;
    case 206:
      return only === 'range';
    case 304:
      return only === 'if-none-match' && request.fields['if-none-match'] === etag;
    default:
      return false;
  }
}

/** Do answers say the same to every origin? */
function isAnyOrigin(cors: readonly string[]): boolean {
  return cors.length === 0 || cors[0] === '*';
}
