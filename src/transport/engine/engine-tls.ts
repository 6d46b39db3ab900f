// What the engine is told of TLS.
import type { EngineTls } from '../../addon/engine.ts';
import { identitiesOf, type Tls } from '../tls.ts';

export function engineTls(tls: Tls, http2: boolean): EngineTls {
  const ciphers = tls.ciphers.split(':');
  const isSuite = (name: string) => name.startsWith('TLS_');
  return {
    identities: identitiesOf(tls).map(({ site, names, certificates }) => ({
      site,
      names,
      pairs: certificates.flatMap(({ cert, key, staple }) => [cert, key, staple]),
    })),
    minVersion: tls.minVersion,
    ciphers: ciphers.filter((name) => !isSuite(name)).join(':'),
    suites: ciphers.filter(isSuite).join(':'),
    curves: tls.curves,
    http2,
  };
}
