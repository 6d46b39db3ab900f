// What a server speaks TLS with: its certificates, versions, ciphers and curves, tried before anything is started.
import { createSecureContext } from 'node:tls';
import type { Options } from '../options/options.ts';
import { StartError } from '../options/table.ts';
import { secureContextOf } from '../transport/node/secure.ts';
import { type Certificate, identitiesOf, type Tls } from '../transport/tls.ts';
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

/** What OpenSSL does not like is asked one at a time, so that the option with it can be named. */
function tryAll(tls: Tls): void {
  const fault = (option: string, value: string, reason: string) =>
    new StartError((call) => `${call(option)}: ${value}: OpenSSL does not take it (${reason})`);
  const ciphers = takes({ ciphers: tls.ciphers });
  if (ciphers !== undefined) throw fault('tlsCiphers', tls.ciphers, ciphers);
  const curves = takes({ ecdhCurve: tls.curves });
  if (curves !== undefined) throw fault('tlsCurves', tls.curves, curves);
  for (const identity of identitiesOf(tls)) {
    const twice = twoOfAKind(identity.certificates);
    if (twice !== undefined) {
      throw new StartError(
        (call) =>
          `${call('tlsCert')}: ${twice.certFile ?? 'the text'}: another one is for the same names and of the same kind of key (${twice.keyType})`,
      );
    }
    try {
      secureContextOf(tls, identity);
    } catch (error) {
      const files = identity.certificates.map(({ certFile }) => certFile ?? 'the text').join(', ');
      throw new StartError(
        (call) => `${call('tlsCert')}: ${files}: cannot be used (${(error as Error).message})`,
        { cause: error },
      );
    }
  }
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
