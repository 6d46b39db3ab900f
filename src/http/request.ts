// The request fields that the native engine knows by number.

/** In the order of the engine's `Field` enum (index = value on the mailbox). A test compares the two. */
export const FIELD_NAMES = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
  'accept',
  'accept-encoding',
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'authorization',
  'origin',
  'access-control-request-method',
  'access-control-request-headers',
  'user-agent',
  'referer',
  'x-forwarded-for',
  'forwarded',
  'x-forwarded-proto',
  'accept-language',
  'cookie',
] as const;

export type FieldName = (typeof FIELD_NAMES)[number];
