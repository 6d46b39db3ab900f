// What to answer, from values alone: method → resolution → (file) coding → preconditions → range → strategy.
// RFC 9110. Never throws; no I/O; the clock is a value.

import { type FieldList, without } from '../http/field-list.ts';
import { errorPlan, statusOfErrno } from './errors.ts';
import { planListing } from './listing.ts';
import { memoOf, memoOfMiss } from './memo.ts';
import { frameParts } from './multipart.ts';
import { selectRepresentation } from './negotiate.ts';
import type { PlanPolicy } from './policy.ts';
import { isRangeCurrent, judgePreconditions } from './preconditions.ts';
import { type Ranges, resolveRanges } from './ranges.ts';
import type { RequestHead } from './request.ts';
import { sendRange, sendSpan, sendWhole, timing } from './span.ts';
import { chooseStrategy } from './strategy.ts';
import type { Miss, Plannable, Representation, Resolution, ResponsePlan, Span } from './types.ts';

type FileResolution<F extends Representation> = Extract<Resolution<F>, { readonly kind: 'file' }>;

/** Methods that every resource has. RFC 9110 §9.3. */
export const ALLOW = 'GET, HEAD, OPTIONS';

/** Plans the answer to a request whose target was resolved, at `nowMs` (milliseconds since the epoch). */
export function plan<F extends Representation>(
  request: RequestHead,
  resolution: Plannable<F>,
  policy: PlanPolicy,
  nowMs: number,
): ResponsePlan<F> {
  switch (request.method) {
    case 'GET':
      return planGet(request, resolution, policy, nowMs);
    case 'HEAD':
      // RFC 9110 §9.3.2: the fields of GET, without its content.
      return { ...planGet(request, resolution, policy, nowMs), body: { kind: 'none' } };
    case 'OPTIONS':
      return planOptions(request, resolution, policy, nowMs);
    default:
      return planRefusal(request, policy);
  }
}

/**
 * Every other method, known or not, gets 405 with Allow (§15.5.6), TRACE included (it would reflect
 * cookies and credentials to scripts). 501 (§9.1) would tell the client less. What follows the head of a
 * CONNECT is not HTTP, so its connection closes.
 */
function planRefusal(request: RequestHead, policy: PlanPolicy): ResponsePlan<never> {
  const answer = planError(405, ['Allow', ALLOW], request, policy);
  return request.method === 'CONNECT' ? { ...answer, close: true } : answer;
}

/** §9.3.7, and the CORS preflight (WHATWG Fetch). Whether the resource exists does not matter to either. */
function planOptions<F extends Representation>(
  request: RequestHead,
  resolution: Plannable<F>,
  policy: PlanPolicy,
  nowMs: number,
): ResponsePlan<F> {
  const malformed = resolution.kind === 'bad-path' || resolution.kind === 'too-long';
  if (malformed && request.target !== '*') return planGet(request, resolution, policy, nowMs);
  const fields = ['Allow', ALLOW, ...policy.common, ...originFields(request, policy)];
  if (request.fields['access-control-request-method'] !== undefined && policy.cors.length > 0) {
    fields.push('Access-Control-Allow-Methods', ALLOW, 'Access-Control-Allow-Headers', '*');
    fields.push('Access-Control-Max-Age', '86400');
  }
  return { status: 204, fields, body: { kind: 'none' }, close: false, memo: undefined };
}

function planGet<F extends Representation>(
  request: RequestHead,
  resolution: Plannable<F>,
  policy: PlanPolicy,
  nowMs: number,
): ResponsePlan<F> {
  switch (resolution.kind) {
    case 'file':
      return planFile(request, resolution, policy, nowMs);
    case 'redirect':
      return planRedirect(request, resolution, policy);
    case 'page':
      return planListing(request, resolution, [...policy.common, ...originFields(request, policy)]);
    case 'not-found':
      return planMiss(request, resolution, policy);
    case 'forbidden':
      return planError(403, [], request, policy);
    case 'bad-path':
      return planError(400, [], request, policy);
    case 'too-long':
      return planError(414, [], request, policy);
    case 'failed': {
      const status = statusOfErrno(resolution.errno);
      return planError(status, retryAfter(status), request, policy);
    }
  }
}

function planFile<F extends Representation>(
  request: RequestHead,
  resolution: FileResolution<F>,
  policy: PlanPolicy,
  nowMs: number,
): ResponsePlan<F> {
  const file = selectRepresentation(request.fields['accept-encoding'], resolution.resource);
  const extra = [
    ...originFields(request, policy),
    ...(resolution.judged ?? []).flatMap((name) => ['Vary', name]),
  ];
  if (resolution.status !== 200) {
    const page = planPage(file, resolution.status, extra, policy);
    const { miss, resource } = resolution;
    return miss ? { ...page, memo: memoOfMiss(request, miss, { resource, file }, policy) } : page;
  }

  const answer = planConditional(request, file, extra, policy, nowMs);
  const memo = memoOf(request, resolution, file, answer, extra, policy);
  return { ...answer, memo, resource: resolution.resource };
}

function planMiss(
  request: RequestHead,
  { evidence, judged = [] }: Partial<Miss>,
  policy: PlanPolicy,
): ResponsePlan<never> {
  const answer = planError(404, [], request, policy);
  if (evidence === undefined) return answer;
  return { ...answer, memo: memoOfMiss(request, { evidence, judged }, undefined, policy) };
}

function planConditional<F extends Representation>(
  request: RequestHead,
  file: F,
  extra: FieldList,
  policy: PlanPolicy,
  nowMs: number,
): ResponsePlan<F> {
  const verdict = judgePreconditions(request.fields, file);
  switch (verdict) {
    case 'failed':
      return planError(412, [], request, policy);
    case 'not-modified':
      return {
        status: 304,
        fields: [...file.fields, ...extra],
        body: { kind: 'none' },
        close: false,
        memo: undefined,
      };
    case 'proceed':
      return planRanges(request, file, extra, policy, nowMs);
  }
}

function planRanges<F extends Representation>(
  request: RequestHead,
  file: F,
  extra: FieldList,
  policy: PlanPolicy,
  nowMs: number,
): ResponsePlan<F> {
  const ranges = rangesOf(request, file, policy, nowMs);
  switch (ranges.kind) {
    case 'unsatisfiable':
      // §15.5.17
      return planError(416, ['Content-Range', `bytes */${file.size}`], request, policy);
    case 'whole':
      return sendWhole(file, extra, policy);
    case 'spans': {
      const [span, ...more] = ranges.spans;
      if (span === undefined) return sendWhole(file, extra, policy);
      return more.length === 0
        ? sendRange(file, span, extra, policy)
        : planParts(file, ranges.spans, extra, policy);
    }
  }
}

/** §14.2: Range has a meaning for GET only, after the preconditions, while If-Range holds. */
function rangesOf(
  request: RequestHead,
  file: Representation,
  policy: PlanPolicy,
  nowMs: number,
): Ranges {
  const range = request.fields.range;
  const applies =
    range !== undefined &&
    request.method === 'GET' &&
    isRangeCurrent(request.fields['if-range'], file, nowMs);
  return applies ? resolveRanges(range, file.size, policy.maxRanges) : { kind: 'whole' };
}

/** §15.3.7.2. No answer to a Range is longer than the whole: where the parts would be, the whole is sent. */
function planParts<F extends Representation>(
  file: F,
  spans: readonly Span[],
  extra: FieldList,
  policy: PlanPolicy,
): ResponsePlan<F> {
  const { contentType, parts, tail, length } = frameParts(file, spans);
  if (length > file.size) return sendWhole(file, extra, policy);
  const bytes = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  const choice = chooseStrategy(file, bytes, policy.limits);
  return {
    status: 206,
    fields: [
      ...file.fields,
      ...extra,
      'Content-Type',
      contentType,
      'Content-Length',
      String(length),
      ...timing(choice, policy),
    ],
    body: { kind: 'parts', ...choice, file, parts, tail },
    close: false,
    memo: undefined,
  };
}

/**
 * A custom error page. §13.2.1, §14.2: neither preconditions nor ranges count where the status would not
 * be 200; so its validators stay at home, and what it says is not to be stored.
 */
function planPage<F extends Representation>(
  file: F,
  status: number,
  extra: FieldList,
  policy: PlanPolicy,
): ResponsePlan<F> {
  const fields = [...without(file.fields, PAGE_OMITS), ...file.contentFields, ...extra];
  fields.push(...retryAfter(status), 'Cache-Control', 'no-store');
  return sendSpan(status, file, { start: 0, end: file.size }, fields, policy);
}

const PAGE_OMITS = new Set(['accept-ranges', 'cache-control', 'etag', 'last-modified']);

/** §10.2.3: what failed for want of descriptors or memory may work in a second. */
function retryAfter(status: number): FieldList {
  return status === 503 ? ['Retry-After', '1'] : [];
}

/** §15.4: where to go, and a page for clients that do not follow. */
function planRedirect(
  request: RequestHead,
  redirect: Extract<Resolution<never>, { readonly kind: 'redirect' }>,
  policy: PlanPolicy,
): ResponsePlan<never> {
  const answer = planError(redirect.status, ['Location', redirect.location], request, policy);
  // A redirect may be stored by the rules of its status (RFC 9111 §4.2.2).
  return { ...answer, fields: without(answer.fields, new Set(['cache-control'])) };
}

function planError(
  status: number,
  extra: FieldList,
  request: RequestHead,
  policy: PlanPolicy,
): ResponsePlan<never> {
  return errorPlan(status, [...extra, ...policy.common, ...originFields(request, policy)]);
}

/** CORS by list: the origin is reflected where it is on it. (`Vary: Origin` is among the common fields.) */
function originFields(request: RequestHead, policy: PlanPolicy): FieldList {
  const origin = request.fields.origin;
  return origin !== undefined && policy.cors.includes(origin) && origin !== '*'
    ? ['Access-Control-Allow-Origin', origin]
    : [];
}
