// What a server speaks TLS with: its certificates, versions, ciphers and curves, tried before anything is started.
import { createSecureContext } from 'node:tls';
import { callInHost, inHost } from '../options/hosts.ts';
import { hostsOf, type Options } from '../options/options.ts';
import { StartError } from '../options/table.ts';
import { secureContextOf } from '../transport/node/secure.ts';
import { type Certificate, type Identity, identitiesOf, type Tls } from '../transport/tls.ts';
import { readCertificate } from './certificate.ts';

/** Key exchange where none is asked for: Mozilla's intermediate list, and the hybrid in OpenSSL from 3.5 on. */
const HYBRID = 'X25519MLKEM768';
const CURVES = 'X25519:prime256v1:secp384r1';

/** Undefined for plain HTTP. Throws a StartError that names the option, its file and what is wrong with it. */
export function readTls(options: Options): Tls | undefined {
  const { tlsMin, tlsCiphers, tlsCurves } = options;
  const [first, ...others] = readCertificates(options);
  if (first === undefined) return undefined;
  const hosts = hostsOf(options);
  const tls: Tls = {
    certificates: [first, ...others],
    hosts: hosts.map(({ key, names, options: own, certified }) => ({
      names,
      certificates: certified ? inHost(key, () => readCertificates(own)) : [],
    })),
    minVersion: tlsMin,
    ciphers: tlsCiphers,
    curves: tlsCurves === 'auto' ? bestCurves() : tlsCurves,
  };
  for (const identity of identitiesOf(tls)) {
    const host = hosts[identity.site - 1];
    if (host === undefined) tryOut(tls, identity);
    else inHost(host.key, () => tryOut(tls, identity));
  }
  return tls;
}

function readCertificates(options: Options): readonly Certificate[] {
  const { tlsCert = [], tlsKey, tlsPassphraseFile, tlsStaple } = options;
  return tlsCert.map((cert, i) =>
    readCertificate({
      cert,
      key: tlsKey?.[i] ?? '',
      passphrase: tlsPassphraseFile,
      staple: tlsStaple?.[i],
    }),
  );
}

function bestCurves(): string {
  const best = `${HYBRID}:${CURVES}`;
  return takes({ ecdhCurve: best }) === undefined ? best : CURVES;
}

function tryOut(tls: Tls, identity: Identity): void {
  const twice = twoOfAKind(identity.certificates);
  if (twice !== undefined) {
    throw new StartError(
      (call) =>
        `${call('tlsCert')}: ${nameOf(twice)}: another one is for the same names and of the same kind of key (${twice.keyType})`,
    );
  }
  try {
    secureContextOf(tls, identity);
  } catch (error) {
    throw faultOf(tls, identity, error as Error);
  }
}

/**
 * Node lays the certificate of a name over those that it has: where they are of several kinds of keys, a client may be shown
 * another's. Throws a StartError where a host's would be.
 */
export function agreeWithNode(tls: Tls): void {
  const [first, ...others] = identitiesOf(tls);
  const kindsOf = (identity: Identity | undefined) =>
    (identity?.certificates ?? []).map(({ keyType }) => keyType).join(', ');
  const other = others.find(
    (one) => one.site > 0 && (one.certificates.length > 1 || kindsOf(one) !== kindsOf(first)),
  );
  if (other === undefined) return;
  const { names = [] } = tls.hosts[other.site - 1] ?? {};
  throw new StartError(
    (call) =>
      `${callInHost(names.join(', '), call)('tlsCert')}: node:https needs one with the same kind of key as ${call('tlsCert')} has alone (${kindsOf(first)}), not ${kindsOf(other)}; the engine takes any`,
  );
}

/** Which option OpenSSL does not like: it does not say. */
function faultOf(tls: Tls, { certificates }: Identity, cause: Error): StartError {
  const { ciphers, curves } = tls;
  const refused = (option: string, value: string, reason: string) =>
    new StartError((call) => `${call(option)}: ${value}: OpenSSL does not take it (${reason})`, {
      cause,
    });
  const ofCiphers = takes({ ciphers });
  if (ofCiphers !== undefined) return refused('tlsCiphers', ciphers, ofCiphers);
  const ofCurves = takes({ ecdhCurve: curves });
  if (ofCurves !== undefined) return refused('tlsCurves', curves, ofCurves);
  const files = certificates.map(nameOf).join(', ');
  return new StartError(
    (call) => `${call('tlsCert')}: ${files}: cannot be used (${cause.message})`,
    {
      cause,
    },
  );
}

function nameOf({ certFile }: Certificate): string {
  return certFile ?? 'the text';
}

function twoOfAKind(certificates: readonly Certificate[]): Certificate | undefined {
  return certificates.find(({ keyType }, i) =>
    certificates.slice(0, i).some((before) => before.keyType === keyType),
  );
}

/** Why OpenSSL does not take it; undefined where it does. */
function takes(options: Parameters<typeof createSecureContext>[0]): string | undefined {
  try {
    createSecureContext(options);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
