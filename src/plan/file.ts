// What to answer where there is a file: (file) coding → preconditions → range → strategy. RFC 9110.
import type { FieldList } from '../http/field-list.ts';
import { originFields } from './cors.ts';
import { reprDigest } from './digest.ts';
import { planError, retryAfter } from './errors.ts';
import { isOpenEnded } from './live.ts';
import { memoOf, memoOfMiss } from './memo.ts';
import { frameParts } from './multipart.ts';
import { isPageLoad, selectRepresentation } from './negotiate.ts';
import { asPage } from './page.ts';
import type { Terms } from './policy.ts';
import { isRangeCurrent, judgePreconditions } from './preconditions.ts';
import { type Ranges, resolveRanges } from './ranges.ts';
import type { RequestHead } from './request.ts';
import { sendRange, sendWhole, timing } from './span.ts';
import { chooseStrategy } from './strategy.ts';
import type { Representation, Resolution, ResponsePlan, Span } from './types.ts';

type FileResolution<F extends Representation> = Extract<Resolution<F>, { readonly kind: 'file' }>;

export function planFile<F extends Representation>(
  request: RequestHead,
  resolution: FileResolution<F>,
  terms: Terms,
  nowMs: number,
): ResponsePlan<F> {
  const { 'accept-encoding': acceptEncoding, 'available-dictionary': dictionary } = request.fields;
  const file = selectRepresentation(acceptEncoding, resolution.resource, dictionary);
  const extra = [
    ...originFields(request.fields.origin, terms),
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
