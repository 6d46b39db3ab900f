// What no plan can say, as it is the same for every connection: what this one speaks. Server-Timing (W3C).
import type { FieldList } from '../http/field-list.ts';

/**
 * The fields, and the one that says it. `protocol`: its name in ALPN (RFC 7301 §6). `tls`: the version, where there is one
 * and it is known.
 */
export function withTiming(fields: FieldList, protocol: string, tls?: string | null): FieldList {
  const secured = tls ? `, tls;desc="${tls}"` : '';
  return [...fields, 'Server-Timing', `proto;desc="${protocol}"${secured}`];
}
