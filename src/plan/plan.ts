// What to answer, from values alone: method → resolution → (file) coding → preconditions → range → strategy.
// RFC 9110. Never throws; no I/O; the clock is a value.

import type { FieldList } from '../http/field-list.ts';
import { isFromHere } from './advice.ts';
import { originFields, preflightFields } from './cors.ts';
import { reprDigest, wantsContentDigest } from './digest.ts';
import { errorPlan, statusOfErrno } from './errors.ts';
import { planListing } from './listing.ts';
import { isOpenEnded, judgeLive, sendLive } from './live.ts';
import { memoOf, memoOfMiss } from './memo.ts';
import { frameParts } from './multipart.ts';
import { isPageLoad, selectRepresentation } from './negotiate.ts';
import { asPage } from './page.ts';
import type { Terms } from './policy.ts';
import { isRangeCurrent, judgePreconditions } from './preconditions.ts';
import { type Ranges, resolveRanges } from './ranges.ts';
import { ASKER, type RequestHead } from './request.ts';
import { sendRange, sendWhole, timing } from './span.ts';
import { chooseStrategy } from './strategy.ts';
import type {
  Advice,
  Archive,
  ListingPage,
  Live,
  Plannable,
  Representation,
  Resolution,
  ResponsePlan,
  Span,
} from './types.ts';

type FileResolution<F extends Representation> = Extract<Resolution<F>, { readonly kind: 'file' }>;

/** Methods that every resource has. RFC 9110 §9.3. */
const ALLOW = 'GET, HEAD, OPTIONS';

/** Plans the answer to a request whose target was resolved, at `nowMs` (milliseconds since the epoch). */
export function plan<F extends Representation>(
  request: RequestHead,
  resolution: Plannable<F>,
  terms: Terms,
  nowMs: number,
): ResponsePlan<F> {
  switch (request.method) {
    case 'GET': {
      const answer = planGet(request, resolution, terms, nowMs);
      return wantsContentDigest(request, terms) ? { ...answer, wantsDigest: true } : answer;
    }
    case 'HEAD':
      // RFC 9110 §9.3.2: the fields of GET, without its content.
      return { ...planGet(request, resolution, terms, nowMs), body: { kind: 'none' } };
    case 'OPTIONS':
      return planOptions(request, resolution, terms, nowMs);
    default:
      return planNotAllowed(request, terms);
  }
}

/**
 * Every other method, known or not, gets 405 with Allow (§15.5.6), TRACE included (it would reflect
 * cookies and credentials to scripts). 501 (§9.1) would tell the client less. What follows the head of a
 * CONNECT is not HTTP, so its connection closes.
 */
function planNotAllowed(request: RequestHead, terms: Terms): ResponsePlan<never> {
  const answer = planError(405, ['Allow', ALLOW], request, terms);
  return request.method === 'CONNECT' ? { ...answer, close: true } : answer;
}

/** §9.3.7, and the CORS preflight (WHATWG Fetch). Whether the resource exists does not matter to either. */
function planOptions<F extends Representation>(
  request: RequestHead,
  resolution: Plannable<F>,
  terms: Terms,
  nowMs: number,
): ResponsePlan<F> {
  const malformed = resolution.kind === 'bad-path' || resolution.kind === 'too-long';
  if (malformed && request.target !== '*') return planGet(request, resolution, terms, nowMs);
  const fields = [
    'Allow',
    ALLOW,
    ...terms.common,
    ...originFields(request.fields.origin, terms.cors),
  ];
  if (request.fields['access-control-request-method'] !== undefined && terms.cors.length > 0) {
    fields.push(...preflightFields(ALLOW, '*'));
  }
  return { status: 204, fields, body: { kind: 'none' }, close: false, memo: undefined };
}

function planGet<F extends Representation>(
  request: RequestHead,
  resolution: Plannable<F>,
  terms: Terms,
  nowMs: number,
): ResponsePlan<F> {
  switch (resolution.kind) {
    case 'file':
      return planFile(request, resolution, terms, nowMs);
    case 'redirect':
      return planRedirect(request, resolution, terms);
    case 'page':
      return planPage(request, resolution, terms);
    case 'archive':
      return planArchive(request, resolution, terms);
    case 'live':
      return planLive(request, resolution, terms);
    case 'not-found':
      return planMiss(request, resolution, terms);
    case 'forbidden':
      return planError(403, [], request, terms);
    case 'bad-path':
      return planError(400, [], request, terms);
    case 'too-long':
      return planError(414, [], request, terms);
    case 'failed': {
      const status = statusOfErrno(resolution.errno);
      const answer = planError(status, retryAfter(status), request, terms);
      return { ...answer, errno: resolution.errno };
    }
  }
}

function planFile<F extends Representation>(
  request: RequestHead,
  resolution: FileResolution<F>,
  terms: Terms,
  nowMs: number,
): ResponsePlan<F> {
  const { 'accept-encoding': acceptEncoding, 'available-dictionary': dictionary } = request.fields;
  const file = selectRepresentation(acceptEncoding, resolution.resource, dictionary);
  const extra = [
    ...originFields(request.fields.origin, terms.cors),
    ...(resolution.judged ?? []).flatMap((name) => ['Vary', name]),
  ];
  if (resolution.status !== 200) {
    const described = [...reprDigest(request, file, terms), ...extra];
    const page = planErrorPage(file, resolution.status, described, terms);
    const { miss, resource } = resolution;
    return miss ? { ...page, memo: memoOfMiss(request, miss, { resource, file }, terms) } : page;
  }

  const grows = resolution.grows === true;
  const answer = planConditional(request, file, grows, extra, terms, nowMs);
  // A 412 or a 416 is not the file's: it has a page of its own.
  if (answer.status >= 400) return answer;
  // Of one that grows each range is looked at: not all are answered alike.
  const repeats = !grows || answer.status !== 206;
  const memo = repeats ? memoOf(request, resolution, file, answer, extra, terms) : undefined;
  const { status, fields, body, close } = answer;
  const isLoaded = request.method === 'GET' && status === 200 && isPageLoad(request.fields);
  const early = isLoaded ? file.early : undefined;
  return { status, fields, body, close, memo, resource: resolution.resource, early };
}

/** A listing is one representation, and whole: ranges do not count. */
function planPage(request: RequestHead, page: ListingPage, terms: Terms): ResponsePlan<never> {
  const verdict = judgePreconditions(request.fields, { etag: page.etag, lastModified: undefined });
  if (verdict === 'failed') return planError(412, [], request, terms);
  return planListing(
    request,
    page,
    verdict === 'proceed',
    originFields(request.fields.origin, terms.cors),
    terms,
  );
}

/** It is made anew each time: no validators, no ranges, and nobody keeps it. */
function planArchive(request: RequestHead, archive: Archive, terms: Terms): ResponsePlan<never> {
  const validators = { etag: undefined, lastModified: undefined };
  const verdict = judgePreconditions(request.fields, validators);
  if (verdict === 'failed') return planError(412, [], request, terms);
  const fields = [
    'Cache-Control',
    'no-store',
    ...terms.common,
    ...originFields(request.fields.origin, terms.cors),
  ];
  const answer = { close: false, memo: undefined };
  if (verdict === 'not-modified') {
    return { ...answer, status: 304, fields, body: { kind: 'none' } };
  }
  return {
    ...answer,
    status: 200,
    fields: [...fields, ...archive.fields],
    body: { kind: 'feed', open: archive.open },
  };
}

function planLive<F extends Representation>(
  request: RequestHead,
  live: Live<F>,
  terms: Terms,
): ResponsePlan<F> {
  const verdict = judgeLive(request, live);
  switch (verdict) {
    case 'failed':
      return planError(412, [], request, terms);
    case 'unsatisfiable':
      return planError(416, ['Content-Range', `bytes */${live.size}`], request, terms);
    case 'not-modified':
    case 'proceed':
      return sendLive(live, verdict === 'proceed', originFields(request.fields.origin, terms.cors));
  }
}

function planMiss(
  request: RequestHead,
  {
    evidence,
    shared,
    judged = [],
    advice,
  }: Extract<Resolution<never>, { readonly kind: 'not-found' }>,
  terms: Terms,
): ResponsePlan<never> {
  if (advice !== undefined && !isFromHere(request.fields)) {
    // Not to be repeated: the fields would be only this client's.
    return planError(404, [], request, terms);
  }
  const answer = planError(404, [], request, terms, advice);
  if (evidence === undefined) return answer;
  const looked = advice === undefined ? judged : [...judged, ...ASKER];
  const miss = shared === undefined ? { evidence } : { evidence, shared };
  const memo = memoOfMiss(request, { ...miss, judged: looked }, undefined, terms);
  return { ...answer, memo };
}

function planConditional<F extends Representation>(
  request: RequestHead,
  file: F,
  grows: boolean,
  extra: FieldList,
  terms: Terms,
  nowMs: number,
): ResponsePlan<F> {
  const verdict = judgePreconditions(request.fields, file);
  switch (verdict) {
    case 'failed':
      return planError(412, [], request, terms);
    case 'not-modified':
      return {
        status: 304,
        fields: [...file.fields, ...extra],
        body: { kind: 'none' },
        close: false,
        memo: undefined,
      };
    case 'proceed': {
      const described = [...reprDigest(request, file, terms), ...extra];
      return planRanges(request, file, grows, described, terms, nowMs);
    }
  }
}

function planRanges<F extends Representation>(
  request: RequestHead,
  file: F,
  grows: boolean,
  extra: FieldList,
  terms: Terms,
  nowMs: number,
): ResponsePlan<F> {
  const isOpen = grows && isOpenEnded(request.fields.range);
  const ranges = rangesOf(request, file, isOpen, terms, nowMs);
  switch (ranges.kind) {
    case 'unsatisfiable':
      // §15.5.17
      return planError(416, ['Content-Range', `bytes */${file.size}`], request, terms);
    case 'whole':
      return sendWhole(file, extra, terms);
    case 'spans': {
      const [span, ...more] = ranges.spans;
      if (span === undefined) return sendWhole(file, extra, terms);
      return more.length === 0
        ? sendRange(file, span, isOpen ? undefined : file.size, extra, terms)
        : planParts(file, ranges.spans, extra, terms);
    }
  }
}

/**
 * §14.2: Range has a meaning for GET only, after the preconditions, while If-Range holds. `isOpen`: a HEAD is told how far
 * what grows has come (RFC 8673 §2.1).
 */
function rangesOf(
  request: RequestHead,
  file: Representation,
  isOpen: boolean,
  terms: Terms,
  nowMs: number,
): Ranges {
  const range = request.fields.range;
  const applies =
    range !== undefined &&
    (request.method === 'GET' || isOpen) &&
    isRangeCurrent(request.fields['if-range'], file, nowMs);
  return applies ? resolveRanges(range, file.size, terms.maxRanges) : { kind: 'whole' };
}

/** §15.3.7.2. No answer to a Range is longer than the whole: where the parts would be, the whole is sent. */
function planParts<F extends Representation>(
  file: F,
  spans: readonly Span[],
  extra: FieldList,
  terms: Terms,
): ResponsePlan<F> {
  const { contentType, parts, tail, length } = frameParts(file, spans);
  if (length > file.size) return sendWhole(file, extra, terms);
  const bytes = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  const choice = chooseStrategy(file, bytes, terms);
  return {
    status: 206,
    fields: [
      ...file.fields,
      ...extra,
      'Content-Type',
      contentType,
      'Content-Length',
      String(length),
      ...timing(choice, terms),
    ],
    body: { kind: 'parts', ...choice, file, parts, tail },
    close: false,
    memo: undefined,
  };
}

/** A custom error page. */
function planErrorPage<F extends Representation>(
  file: F,
  status: number,
  extra: FieldList,
  terms: Terms,
): ResponsePlan<F> {
  return asPage(sendWhole(file, [...extra, ...retryAfter(status)], terms), status);
}

/** §10.2.3: what failed for want of descriptors or memory may work in a second. */
function retryAfter(status: number): FieldList {
  return status === 503 ? ['Retry-After', '1'] : [];
}

/** §15.4: where to go, and a page for clients that do not follow. */
function planRedirect(
  request: RequestHead,
  redirect: Extract<Resolution<never>, { readonly kind: 'redirect' }>,
  terms: Terms,
): ResponsePlan<never> {
  // It may be stored by the rules of its status (RFC 9111 §4.2.2).
  return planError(redirect.status, ['Location', redirect.location], request, terms);
}

function planError(
  status: number,
  extra: FieldList,
  request: RequestHead,
  terms: Terms,
  advice?: Advice,
): ResponsePlan<never> {
  const fields = [...extra, ...terms.common, ...originFields(request.fields.origin, terms.cors)];
  return errorPlan(status, fields, advice);
}
