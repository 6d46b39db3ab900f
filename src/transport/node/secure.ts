// node:https with our certificates: by name, by kind of key, with their OCSP responses.
import { constants, X509Certificate } from 'node:crypto';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { HostNames } from '../../http/host-names.ts';
import { type Identity, identitiesOf, type Tls } from '../tls.ts';

const OPTIONS = constants.SSL_OP_NO_RENEGOTIATION;

export interface SecureServer {
  readonly server: Server;
  /** Also while it listens: whoever is connected keeps what it has. Throws where OpenSSL does not take them. */
  useTls(tls: Tls): void;
}

/** Node's own way with names (addContext) tells upper from lower case, and RFC 6066 §3 does not. */
export function createSecureServer(settings: ServerOptions, tls: Tls): SecureServer {
  let hosts = new HostNames();
  let named: ReadonlyArray<readonly [Identity, SecureContext]> = [];
  /** The server's own context where there is none. */
  const contextFor = (name: string): SecureContext | undefined => {
    const site = hosts.find(name);
    const own = named.filter(([one]) => one.site === site);
    const found = own.find(([{ names }]) => covers(names, name)) ?? (site > 0 && own[0]);
    if (found) return found[1];
    return named.find(([one]) => one.site === 0 && covers(one.names, name))?.[1];
  };
  const server = createServer({
    ...settings,
    SNICallback(name, use) {
      use(null, contextFor(name));
    },
  });
  const useTls = (renewed: Tls) => {
    const identities = identitiesOf(renewed);
    const [first] = identities;
    if (first === undefined) return;
    // All of them before the first is changed: what is wrong changes nothing.
    const contexts = identities.map((one) => [one, secureContextOf(renewed, one)] as const);
    server.setSecureContext({
      ...secureOptions(renewed, first),
      // Node looks for a session before it asks for a name: a ticket of one identity would do for another.
      ...(identities.length > 1 && { secureOptions: OPTIONS | constants.SSL_OP_NO_TICKET }),
    });
    hosts = new HostNames(renewed.hosts.map(({ names }) => names));
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

function staple(server: Server, tls: Tls): void {
  const all = identitiesOf(tls).flatMap(({ certificates }) => certificates);
  const staples = all.flatMap(({ cert, staple }) =>
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
    secureOptions: OPTIONS,
  };
}
