// The certificate of a TLS server: PEM files, as both libraries want them.
import { readFileSync } from 'node:fs';

export interface TlsFiles {
  /** Path of the PEM file with the certificate chain, leaf first. */
  readonly cert: string;
  /** Path of the PEM file with the private key. */
  readonly key: string;
}

/** The files' contents for node:tls. Throws what readFileSync throws. */
export function readTlsFiles({ cert, key }: TlsFiles): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
