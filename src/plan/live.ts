// Answers that go on with a file while it grows: what asks for one, and its head. RFC 8673, RFC 10036, WHATWG HTML §9.2.
import { type FieldList, without } from '../http/field-list.ts';
import { acceptsEvents } from './negotiate.ts';
import { judgePreconditions } from './preconditions.ts';
import type { RequestHead } from './request.ts';
import type { Live, LiveForm, Representation, ResponsePlan } from './types.ts';

/** Where it begins: bytes from the start of the file, or so many before its end as it is now. */
export type LiveStart = { readonly from: number } | { readonly last: number };

export interface LiveAsked {
  readonly form: LiveForm;
  readonly start: LiveStart;
  /** Last-Event-ID: an event of an earlier answer ended there. */
  readonly resumes: boolean;
}

/**
 * RFC 8673 §4: "very large" is 2^53 - 1, or more; a client that has no reason to ask for another number asks for this one.
 * What is smaller is an ordinary position, however far behind the end.
 */
const VERY_LARGE = Number.MAX_SAFE_INTEGER;

/** Undefined where an ordinary answer is asked for; `malformed` where nobody can tell where it shall begin. */
export function liveAsked({ target, fields }: RequestHead): LiveAsked | 'malformed' | undefined {
  const query = target.includes('?') ? target.slice(target.indexOf('?') + 1) : '';
  const parameter = query.split('&').find((each) => /^live(?:=|$)/.test(each));
  if (parameter !== undefined) {
    const start = startOf(parameter.slice('live='.length));
    if (start === undefined) return 'malformed';
    if (!acceptsEvents(fields.accept)) return { form: { kind: 'bytes' }, start, resumes: false };
    const id = /^\d{1,16}$/.exec(fields['last-event-id'] ?? '')?.[0];
    return id === undefined
      ? { form: { kind: 'events' }, start, resumes: false }
      : { form: { kind: 'events' }, start: { from: Number(id) }, resumes: true };
  }
  const [, first, last] = /^bytes=(\d+)-(\d+)$/i.exec(fields.range ?? '') ?? [];
  if (first === undefined || last === undefined || Number(last) < VERY_LARGE) return undefined;
  const start = { from: Math.min(Number(first), VERY_LARGE) };
  return { form: { kind: 'range', last }, start, resumes: false };
}

/** `?live`: from the start; `?live=N`: from this byte on; `?live=-N`: the last N bytes, `-0`: only what is new. */
function startOf(value: string): LiveStart | undefined {
  if (value === '') return { from: 0 };
  const [, sign, digits] = /^(-?)(\d{1,16})$/.exec(value) ?? [];
  if (digits === undefined) return undefined;
  const bytes = Number(digits);
  return sign === '-' ? { last: bytes } : { from: bytes };
}

/** Is it one range without an end (RFC 8673 §2.1)? */
export function isOpenEnded(range: string | undefined): boolean {
  return range !== undefined && /^bytes=\d+-$/i.test(range);
}

export type LiveVerdict = 'failed' | 'not-modified' | 'unsatisfiable' | 'proceed';

/**
 * Conditions mean the file as it is now: what it will be has no validator. It may begin at the end, and wait there (RFC 8673
 * §3.1), but not behind it: who asks for that has seen another file.
 */
export function judgeLive<F extends Representation>(
  { fields }: RequestHead,
  { validators, from, size }: Live<F>,
): LiveVerdict {
  const verdict = judgePreconditions(fields, validators);
  if (verdict !== 'proceed') return verdict;
  return from > size ? 'unsatisfiable' : 'proceed';
}

/** Of the file's own fields those that would be wrong of what it will be, or of another form of it. */
const OF_ONE_VERSION: ReadonlySet<string> = new Set([
  'etag',
  'last-modified',
  'cache-control',
  'cdn-cache-control',
  'repr-digest',
  'use-as-dictionary',
  'x-content-type-options',
]);

/** Nobody keeps it, encodes it, or holds it back. */
const LIVE_FIELDS: FieldList = [
  ...['Cache-Control', 'no-store, no-transform'],
  // RFC 10036
  ...['Incremental', '?1'],
  // Older than that, and heard by nginx.
  ...['X-Accel-Buffering', 'no'],
  // A browser that looks for the type of a text shows nothing of it before it has so many bytes.
  ...['X-Content-Type-Options', 'nosniff'],
];

/** The answer, or the 304 in its place. `extra`: fields for this client. */
export function sendLive<F extends Representation>(
  live: Live<F>,
  isModified: boolean,
  extra: FieldList,
): ResponsePlan<F> {
  const { form, resource, from } = live;
  const { identity } = resource;
  const vary = form.kind === 'range' ? [] : ['Vary', 'Accept'];
  const fields = [...without(identity.fields, OF_ONE_VERSION), ...LIVE_FIELDS, ...vary, ...extra];
  const answer = { close: false, memo: undefined, resource };
  if (!isModified) return { ...answer, status: 304, fields, body: { kind: 'none' } };
  const { open } = live;
  return {
    ...answer,
    status: form.kind === 'range' ? 206 : 200,
    fields: [...fields, ...describedBy(form, identity, from)],
    body: { kind: 'feed', open, live: true },
  };
}

function describedBy(form: LiveForm, file: Representation, from: number): FieldList {
  switch (form.kind) {
    case 'range':
      // RFC 8673 §2.2: the end as it was asked for says that the answer goes on.
      return [...file.contentFields, 'Content-Range', `bytes ${from}-${form.last}/*`];
    case 'bytes':
      return file.contentFields;
    case 'events':
      return ['Content-Type', 'text/event-stream'];
  }
}
