// What a library's lenient parser lets pass and RFC 9112 does not: judged before the handler sees the request.
import { isAuthority } from '../http/authority.ts';

/** The fields that a transport itself goes by, as they were received. */
export interface FramingFields {
  readonly host?: string | undefined;
  readonly connection?: string | undefined;
  readonly 'content-length'?: string | undefined;
  readonly 'transfer-encoding'?: string | undefined;
}

/** RFC 9110 §5.6.2 */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * The status that rejects a head, or undefined. Whoever sent it and we may disagree on where its body
 * ends, so its connection must close.
 */
export function rejectionOf(
  method: string,
  fields: FramingFields,
  version: { readonly major: number; readonly minor: number },
): 400 | 501 | 505 | undefined {
  const { host, 'content-length': length, 'transfer-encoding': codings } = fields;
  if (version.major !== 1) return 505;
  if (!TOKEN.test(method)) return 400;
  // RFC 9112 §3.2; two lines arrive joined by ", ", which is no authority.
  if (host === undefined ? version.minor > 0 : host !== '' && !isAuthority(host)) return 400;
  // §6.1: whoever sent it may know no chunks.
  if (codings !== undefined && version.minor === 0) return 400;
  // §6.3: several Content-Lengths arrive joined.
  if (length !== undefined && (codings !== undefined || !/^\d+$/.test(length))) return 400;
  if (codings === undefined || /^chunked$/i.test(codings)) return undefined;
  // §6.1, §6.3: a body that does not end in chunked has no end.
  const [last, ...others] = codings
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .reverse();
  return last === 'chunked' && !others.includes('chunked') ? 501 : 400;
}

/** Does the Connection field ask to close, in whatever company (RFC 9112 §9.6)? */
export function asksToClose({ connection }: FramingFields): boolean {
  return connection !== undefined && /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(connection);
}
