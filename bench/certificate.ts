// The certificate that every server of the benchmark has, and the one way of TLS that every client speaks.
import { readFileSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** ECDSA P-256, for 127.0.0.1. */
export const certificate: Certificate = {
  cert: pem('cert'),
  key: pem('key'),
};

/** TLS 1.3 with AES-128-GCM and X25519: clients offer nothing else, so servers have no choice. */
export const CIPHER = 'TLS_AES_128_GCM_SHA256';
export const GROUP = 'X25519';

/** The same for OpenSSL's own programs, by the environment variable OPENSSL_CONF. */
export const OPENSSL_CONF = fileURLToPath(new URL('load/openssl.cnf', import.meta.url));

export function clientTls(): SecureContextOptions {
  return {
    ca: readFileSync(certificate.cert),
    minVersion: 'TLSv1.3',
    ciphers: CIPHER,
    ecdhCurve: GROUP,
  };
}

function pem(name: string): string {
  return fileURLToPath(new URL(`../test/support/tls/${name}.pem`, import.meta.url));
}
