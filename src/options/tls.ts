// The options of TLS, and their rules.
import { bareMeans, choice, formed, integer, path, paths, text } from './kinds.ts';
import { OptionError, option, optional } from './table.ts';

/** Mozilla's intermediate list (version 5.8): forward secrecy and AEAD, what every browser since 2014 has. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** RFC 6797 §6.1, and what browsers' preload lists ask for. */
const hstsPolicy = formed(
  'policy',
  'such as "max-age=31536000; includeSubDomains; preload"',
  /^max-age=\d{1,10}(?: *; *(?:includeSubDomains|preload)){0,2}$/i,
);

export const tls = {
  tlsCert: optional(
    paths,
    'PEM file with a certificate and its chain; several for several names, or for RSA and ECDSA',
    'nginx ssl_certificate',
  ),
  tlsKey: optional(
    paths,
    'PEM file with its key; of several, in the same order',
    'nginx ssl_certificate_key',
  ),
  tlsPassphraseFile: optional(
    path,
    'file with the passphrase of encrypted keys',
    'nginx ssl_password_file',
  ),
  tlsStaple: optional(
    paths,
    'file with the OCSP response (DER) of each certificate',
    'nginx ssl_stapling_file',
  ),
  tlsMin: option(choice('1.2', '1.3'), '1.2', 'oldest version of TLS', 'nginx ssl_protocols'),
  tlsCiphers: option(
    text,
    CIPHERS,
    'ciphers as OpenSSL names them, with colons; those of TLS 1.3 begin with TLS_',
    'nginx ssl_ciphers',
  ),
  tlsCurves: option(
    text,
    'auto',
    'groups of the key exchange, with colons; auto: X25519MLKEM768 where OpenSSL has it, X25519, P-256, P-384',
    'nginx ssl_ecdh_curve',
  ),
  httpsRedirect: optional(
    integer(0, 65535),
    'port of a second, plain listener that redirects to this one (308)',
    'nginx return 301 https://…',
  ),
  hsts: optional(
    bareMeans('max-age=31536000; includeSubDomains', hstsPolicy),
    'Strict-Transport-Security of every answer with TLS; alone: a year, with subdomains',
    'nginx add_header',
  ),
};

/** As far as the rules of TLS look at them. */
interface Given {
  readonly transport: string;
  readonly tlsCert: readonly string[] | undefined;
  readonly tlsKey: readonly string[] | undefined;
  readonly tlsStaple: readonly string[] | undefined;
}

/** They mean nothing without a certificate. */
const OF_TLS = ['tlsPassphraseFile', 'tlsStaple', 'httpsRedirect', 'hsts'] as const;

/** What uWebSockets.js has no way for. */
const NOT_OF_UWS = ['tlsPassphraseFile', 'tlsStaple', 'tlsMin', 'tlsCiphers', 'tlsCurves'] as const;

export function beyondUws(name: string): OptionError {
  return new OptionError((call) => `${call(name)} is not to be had with ${call('transport')} uws`);
}

/** Throws an OptionError where they do not fit together. `isDefault`: nothing was said of it. */
export function agreeOnTls(
  { transport, tlsCert, tlsKey, tlsStaple }: Given,
  isDefault: (name: keyof typeof tls) => boolean,
): void {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [given, missing] = tlsCert
      ? (['tlsCert', 'tlsKey'] as const)
      : (['tlsKey', 'tlsCert'] as const);
    throw new OptionError((call) => `${call(given)} needs ${call(missing)} too`);
  }
  if (tlsCert?.length !== tlsKey?.length) {
    throw new OptionError(
      (call) =>
        `${call('tlsKey')}: ${tlsKey?.length} for the ${tlsCert?.length} of ${call('tlsCert')}; expected one for each, in the same order`,
    );
  }
  if (tlsStaple !== undefined && tlsStaple.length !== tlsCert?.length) {
    throw new OptionError(
      (call) => `${call('tlsStaple')}: expected one for each of ${call('tlsCert')}`,
    );
  }
  for (const name of OF_TLS) {
    if (!isDefault(name) && tlsCert === undefined) {
      throw new OptionError((call) => `${call(name)} needs ${call('tlsCert')} too`);
    }
  }
  if (transport === 'uws') {
    const beyond = NOT_OF_UWS.find((name) => !isDefault(name));
    if (beyond !== undefined) {
      throw beyondUws(beyond);
    }
    if (tlsCert !== undefined && tlsCert.length > 1) {
      throw new OptionError((call) => `${call('transport')} uws takes one ${call('tlsCert')}`);
    }
  }
}
