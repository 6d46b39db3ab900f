// What a server speaks TLS with: its certificates, versions, ciphers and curves, tried before anything is started.
import { createSecureContext } from 'node:tls';
import type { Options } from '../options/options.ts';
import { StartError } from '../options/table.ts';
import { secureContextOf } from '../transport/node/secure.ts';
import { type Certificate, type Identity, identitiesOf, type Tls } from '../transport/tls.ts';
import { readCertificate } from './certificate.ts';

/** Key exchange where none is asked for: Mozilla's intermediate list, and the hybrid in OpenSSL from 3.5 on. */
const HYBRID = 'X25519MLKEM768';
const CURVES = 'X25519:prime256v1:secp384r1';

/** Undefined for plain HTTP. Throws a StartError that names the option, its file and what is wrong with it. */
export function readTls(options: Options): Tls | undefined {
  const { tlsCert, tlsKey, tlsPassphraseFile, tlsStaple, tlsMin, tlsCiphers, tlsCurves } = options;
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const [first, ...others] = tlsCert.map((cert, i) =>
    readCertificate({
      cert,
      key: tlsKey[i] ?? '',
      passphrase: tlsPassphraseFile,
      staple: tlsStaple?.[i],
    }),
  );
  if (first === undefined) return undefined;
  const tls: Tls = {
    certificates: [first, ...others],
    minVersion: tlsMin,
    ciphers: tlsCiphers,
    curves: tlsCurves === 'auto' ? bestCurves() : tlsCurves,
  };
  tryAll(tls);
  return tls;
}

function bestCurves(): string {
  const best = `${HYBRID}:${CURVES}`;
  return takes({ ecdhCurve: best }) === undefined ? best : CURVES;
}

function tryAll(tls: Tls): void {
  for (const identity of identitiesOf(tls)) {
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
