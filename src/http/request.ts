// The request head as a value: what a transport received and a static server reads.

/**
 * The request fields that the server reads, in the order of the native engine's `Field` enum
 * (index = value on the mailbox). A test compares the two.
 */
export const FIELD_NAMES = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'accept',
  'accept-encoding',
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'origin',
  'access-control-request-method',
  'access-control-request-headers',
] as const;

/** Those that the plan reads. */
export const READ_FIELDS = FIELD_NAMES.slice(FIELD_NAMES.indexOf('accept'));

export type FieldName = (typeof FIELD_NAMES)[number];

/** Field values by lower-case name; a field sent on several lines is one value joined by ", " (RFC 9110 §5.3). */
export type RequestFields = { readonly [name in FieldName]?: string | undefined };

/** A request, as far as a static server reads it. The transport has already checked its syntax. */
export interface RequestHead {
  /** Case-sensitive method token, RFC 9110 §9.1. */
  readonly method: string;
  /** request-target as sent: origin-form, absolute-form or `*` (RFC 9112 §3.2). Never decoded. */
  readonly target: string;
  readonly fields: RequestFields;
}
