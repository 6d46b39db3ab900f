// What clients can speak to a server.
import type { Options } from '../options/options.ts';
import type { TransportName } from './choose.ts';

export interface Spoken {
  /** By their names in ALPN (RFC 7301 §6), the preferred one first. */
  readonly protocols: readonly string[];
  /** Versions of TLS; none without a certificate. */
  readonly tlsVersions: readonly string[];
}

/** `tls`, `plain`: there is a listener with TLS, one without. */
export function spokenBy(
  name: TransportName,
  { h2c, http2, tlsMin, tlsCiphers }: Options,
  { tls, plain }: { readonly tls: boolean; readonly plain: boolean },
): Spoken {
  const both = name === 'native' && ((tls && http2) || (plain && h2c));
  // TLS 1.2 has no cipher of 1.3.
  const newest = tlsMin === '1.3' || tlsCiphers.split(':').every((each) => each.startsWith('TLS_'));
  return {
    protocols: both ? ['h2', 'http/1.1'] : ['http/1.1'],
    tlsVersions: !tls ? [] : newest ? ['1.3'] : ['1.2', '1.3'],
  };
}
