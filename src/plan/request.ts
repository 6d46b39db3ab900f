// The request as the plan sees it: its head with the fields that are read here.

/** The fields that may keep an answer back. RFC 9110 §13.1. */
export const PRECONDITIONS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
] as const;

/** The fields that may change the answer for any file. RFC 9110 §13.1, §14.2. */
export const CONDITIONS = ['range', 'if-range', ...PRECONDITIONS] as const;

/** The fields by which it shows who asks: a proxy that hands on says so. RFC 9110 §7.6.3, RFC 7239; others by custom. */
export const ASKER = [
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'host',
] as const;

/** The fields by which a browser says that it loads a page to show it. Fetch Metadata; Speculation Rules. */
export const PAGE_LOAD = ['sec-fetch-dest', 'sec-purpose'] as const;

/** The fields by which a client writes to a stream, or reads on where it was. */
export const STREAM_FIELDS = [
  'content-type',
  'last-event-id',
  'stream-seq',
  'stream-ttl',
  'stream-expires-at',
  'stream-closed',
  'stream-forked-from',
  'stream-fork-offset',
  'stream-fork-sub-offset',
  'producer-id',
  'producer-epoch',
  'producer-seq',
] as const;

/** The fields that an answer, or whether there is one (site/guard.ts), may depend on. Every carrier delivers these, and no others. */
export const REQUEST_FIELDS = [
  'accept',
  'accept-encoding',
  'available-dictionary',
  ...CONDITIONS,
  'origin',
  'access-control-request-method',
  ...PAGE_LOAD,
  'authorization',
  'want-repr-digest',
  'want-content-digest',
  ...ASKER,
  ...STREAM_FIELDS,
] as const;

export type RequestField = (typeof REQUEST_FIELDS)[number];

export function isCondition(name: RequestField): boolean {
  return (CONDITIONS as readonly RequestField[]).includes(name);
}

/** Field values by lower-case name; a field sent on several lines is one value joined by ", " (RFC 9110 §5.3). */
export type RequestFields = { readonly [name in RequestField]?: string | undefined };

/** What became of a request's content: all of it, more than was allowed, or its client went away or sent no content after all. */
export type Received =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'gone' };

/** The content of a request (RFC 9110 §6.4), which stays with its client until somebody asks for it. */
export interface Content {
  /** Content-Length, bytes; undefined where it is not known before its end. */
  readonly length: number | undefined;
  /**
   * Reads all of it, at most so many bytes; a client that waits for 100 (Continue) gets it (§10.1.1). To be called at most
   * once, before the answer. Never rejects.
   */
  receive(most: number): Promise<Received>;
}

/** A request, as far as a static server reads it. The transport has already checked its syntax. */
export interface RequestHead {
  /** Case-sensitive method token, RFC 9110 §9.1. */
  readonly method: string;
  /** request-target as sent: origin-form, absolute-form or `*` (RFC 9112 §3.2). Never decoded. */
  readonly target: string;
  readonly fields: RequestFields;
  /** Undefined where it has none, and from carriers whose host reads it. What nobody receives is dropped. */
  readonly content?: Content | undefined;
  /**
   * Calls it, in a turn to come or at once, if nobody waits for the answer any more: for an answer that is long in coming. Of a
   * client that has half-closed nothing would tell when it is gone: it gets no such answer (RFC 9112 §9.6). To be called at most
   * once, before the answer; whoever is told still gives one. Undefined from carriers that cannot know.
   */
  readonly onGone?: ((run: () => void) => void) | undefined;
}

/** Of all the fields that were received, those that the plan reads. */
export function requestFields(received: RequestFields): RequestFields {
  const fields: { [name in RequestField]?: string } = {};
  for (const name of REQUEST_FIELDS) {
    const value = received[name];
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}
