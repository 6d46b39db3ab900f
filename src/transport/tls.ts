// The certificates of a TLS server and what it speaks, as all its libraries want them.
/** One certificate with its key, read and found good. */
export interface Certificate {
  /** Path of the certificate chain, leaf first; undefined for text from code. */
  readonly certFile: string | undefined;
  /** Path of the private key. */
  readonly keyFile: string | undefined;
  /** PEM. */
  readonly cert: string;
  /** PEM, not encrypted. */
  readonly key: string;
  /** DNS names in lower case, some with `*` as their first label; IP addresses as text. */
  readonly names: readonly string[];
  /** Of its key: "rsa", "ec", "ed25519"… */
  readonly keyType: string;
  /** An OCSP response in DER (RFC 6066 §8). */
  readonly staple: Uint8Array | undefined;
}

export interface Tls {
  /** The first one is for clients that name none of their names. */
  readonly certificates: readonly [Certificate, ...Certificate[]];
  /** Virtual hosts in their order, with certificates of their own; a host that has none is served with those above. */
  readonly hosts: ReadonlyArray<{
    readonly names: readonly string[];
    readonly certificates: readonly Certificate[];
  }>;
  readonly minVersion: '1.2' | '1.3';
  /** With colons, as openssl-ciphers(1) has them; those of TLS 1.3 begin with `TLS_`. */
  readonly ciphers: string;
  /** Groups of the key exchange, with colons. */
  readonly curves: string;
}

/** Certificates of different keys for the same names: a client gets the one that it can use. */
export interface Identity {
  /** Whose it is: a virtual host's number, counted from 1, or 0. */
  readonly site: number;
  readonly names: readonly string[];
  readonly certificates: readonly [Certificate, ...Certificate[]];
}

/** Of each site together, in the order of their first certificates. */
export function identitiesOf({ certificates, hosts }: Tls): readonly Identity[] {
  const sites = [certificates, ...hosts.map((host) => host.certificates)];
  return sites.flatMap((each, site) => identitiesAmong(each, site));
}

function identitiesAmong(certificates: readonly Certificate[], site: number): Identity[] {
  const byNames = new Map<string, Identity>();
  for (const certificate of certificates) {
    const { names } = certificate;
    const key = names.toSorted().join();
    const before = byNames.get(key)?.certificates;
    const all = before ? ([...before, certificate] as const) : ([certificate] as const);
    byNames.set(key, { site, names, certificates: all });
  }
  return [...byNames.values()];
}
