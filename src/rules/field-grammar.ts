// Which response fields a rule may set, whoever it is by, and to which values.

/**
 * No rule may touch these: they frame the message, or the plan's own logic depends on them, so that
 * another value would be a lie.
 */
const OWNED = new Set([
  'accept-ranges',
  'allow',
  'connection',
  'content-length',
  'content-range',
  'date',
  'etag',
  'keep-alive',
  'last-modified',
  'location',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
]);

/** Why no rule may set a field of this name; undefined where it may. RFC 9110 §5.1, §5.6.2 */
export function flawOfName(name: string): string | undefined {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    return "is not a token: letters, digits and !#$%&'*+-.^_`|~ are allowed";
  }
  if (OWNED.has(name.toLowerCase())) {
    return `is the server's own: any field may be set but ${list()}`;
  }
  return undefined;
}

/** The same of a value. RFC 9110 §5.5, without obs-text. */
export function flawOfValue(value: string): string | undefined {
  return typeof value === 'string' && /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/.test(value)
    ? undefined
    : 'is not a field value: visible ASCII is allowed, with spaces and tabs inside';
}

function list(): string {
  return [...OWNED].join(', ');
}
