// What to answer, from values alone: method → resolution → (a file's: file.ts).
// RFC 9110. Never throws; no I/O; the clock is a value.

import { isFromHere } from './advice.ts';
import { originFields, preflightFields } from './cors.ts';
import { wantsContentDigest } from './digest.ts';
import { planError, retryAfter, statusOfErrno } from './errors.ts';
import { planFile } from './file.ts';
import { planListing } from './listing.ts';
import { judgeLive, sendLive } from './live.ts';
import { memoOfMiss } from './memo.ts';
import type { Terms } from './policy.ts';
import { judgePreconditions } from './preconditions.ts';
import { ASKER, type RequestHead } from './request.ts';
import type {
  Archive,
  ListingPage,
  Live,
  Plannable,
  Representation,
  Resolution,
  ResponsePlan,
} from './types.ts';

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
  const fields = ['Allow', ALLOW, ...terms.common, ...originFields(request.fields.origin, terms)];
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

/** A listing is one representation, and whole: ranges do not count. */
function planPage(request: RequestHead, page: ListingPage, terms: Terms): ResponsePlan<never> {
  const verdict = judgePreconditions(request.fields, { etag: page.etag, lastModified: undefined });
  if (verdict === 'failed') return planError(412, [], request, terms);
  return planListing(
    request,
    page,
    verdict === 'proceed',
    originFields(request.fields.origin, terms),
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
    ...originFields(request.fields.origin, terms),
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
      return sendLive(live, verdict === 'proceed', originFields(request.fields.origin, terms));
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

/** §15.4: where to go, and a page for clients that do not follow. */
function planRedirect(
  request: RequestHead,
  redirect: Extract<Resolution<never>, { readonly kind: 'redirect' }>,
  terms: Terms,
): ResponsePlan<never> {
  // It may be stored by the rules of its status (RFC 9111 §4.2.2).
  return planError(redirect.status, ['Location', redirect.location], request, terms);
}
