// The certificate of a TLS server: PEM files, as both libraries want them.

/** Read and found good: they exist, and the key is the certificate's. */
export interface TlsFiles {
  /** Path of the certificate chain, leaf first, for uWebSockets.js. */
  readonly certFile: string;
  /** Path of the private key. */
  readonly keyFile: string;
  /** The files' contents, for node:tls. */
  readonly cert: Buffer;
  readonly key: Buffer;
}
