// node:https with our certificates: by name, by kind of key, with their OCSP responses.
import { constants, X509Certificate } from 'node:crypto';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { type Identity, identitiesOf, type Tls } from '../tls.ts';

export interface SecureServer {
  readonly server: Server;
  /** Also while it listens: whoever is connected keeps what it has. Throws where OpenSSL does not take them. */
  useTls(tls: Tls): void;
}

/** Node's own way with names (addContext) tells upper from lower case, and RFC 6066 §3 does not. */
export function createSecureServer(settings: ServerOptions, tls: Tls): SecureServer {
  let named: ReadonlyArray<readonly [Identity, SecureContext]> = [];
  const server = createServer({
    ...settings,
    SNICallback(name, use) {
      const found = named.find(([{ names }]) => covers(names, name));
      use(null, found?.[1]);
    },
  });
  const useTls = (renewed: Tls) => {
    const identities = identitiesOf(renewed);
    const [first] = identities;
    if (first === undefined) return;
    // All of them before the first is changed: what is wrong changes nothing.
    const contexts = identities.map((one) => [one, secureContextOf(renewed, one)] as const);
    server.setSecureContext(secureOptions(renewed, first));
    named = contexts;
    staple(server, renewed);
  };
  useTls(tls);
  return { server, useTls };
}

/** Is it one of the names, or does a pattern cover it? RFC 6125 §6.4.3: `*` stands for one whole label, the leftmost. */
export function covers(names: readonly string[], name: string): boolean {
  const asked = name.toLowerCase();
  return names.includes(asked) || names.includes(asked.replace(/^[^.]+/, '*'));
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

function secureOptions(tls: Tls, { certificates }: Identity): SecureContextOptions {
  return {
    cert: certificates.map(({ cert }) => cert),
    key: certificates.map(({ key }) => key),
    minVersion: `TLSv${tls.minVersion}`,
    ciphers: tls.ciphers,
    ecdhCurve: tls.curves,
    honorCipherOrder: false,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}
