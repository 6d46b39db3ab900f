// node:https with our certificates: by name, by kind of key, with their OCSP responses.
import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { type Identity, identitiesOf, type Tls } from '../tls.ts';

/** Also while it listens: whoever is connected keeps what it has. Throws where OpenSSL does not take them. */
export function secure(server: Server, tls: Tls): void {
  const [first, ...others] = identitiesOf(tls);
  if (first === undefined) return;
  // All of them before the first is changed: what is wrong changes nothing.
  const contexts = others.map(({ names, ...rest }) => ({
    names,
    context: secureContextOf(tls, { names, ...rest }),
  }));
  server.setSecureContext(secureOptions(tls, first));
  for (const { names, context } of contexts) {
    // Among those of one name, node takes the last.
    for (const name of names) server.addContext(name, context);
  }
  staple(server, tls);
}

function staple(server: Server, { certificates }: Tls): void {
  const staples = certificates.flatMap(({ cert, staple }) =>
    staple === undefined ? [] : [{ raw: new X509Certificate(cert).raw, staple }],
  );
  server.removeAllListeners('OCSPRequest');
  if (staples.length === 0) return;
  server.on('OCSPRequest', (used, _issuer, respond) => {
    const found = staples.find(({ raw }) => raw.equals(used));
    respond(null, found === undefined ? null : Buffer.from(found.staple));
  });
}

/** As node:tls takes them. Throws where OpenSSL does not: the message is its reason. */
export function secureContextOf(tls: Tls, identity: Identity): SecureContext {
  return createSecureContext(secureOptions(tls, identity));
}

export function secureOptions(tls: Tls, { certificates }: Identity): SecureContextOptions {
  return {
    cert: certificates.map(({ cert }) => cert),
    key: certificates.map(({ key }) => key),
    minVersion: `TLSv${tls.minVersion}`,
    ciphers: tls.ciphers,
    ecdhCurve: tls.curves,
    honorCipherOrder: false,
  };
}
