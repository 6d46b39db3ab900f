// The certificate to serve with, looked at before anything is started: its libraries say little of what is wrong.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Options } from '../options/options.ts';
import { StartError } from '../options/table.ts';
import type { TlsFiles } from '../transport/tls.ts';

type TlsOption = 'tlsCert' | 'tlsKey';

const FILE: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'is a directory',
  EACCES: 'no permission to read it',
};

/** Undefined for plain HTTP. Throws a StartError that names the option, its file and what is wrong with it. */
export function readCertificate({ tlsCert, tlsKey }: Options): TlsFiles | undefined {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const cert = readPem('tlsCert', tlsCert);
  const key = readPem('tlsKey', tlsKey);
  const leaf = parse('tlsCert', tlsCert, 'is no certificate', () => new X509Certificate(cert));
  const secret = parse('tlsKey', tlsKey, 'is no private key', () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(secret)) {
    throw new StartError(
      (call) =>
        `${call('tlsKey')}: ${tlsKey} is not the key of the first certificate in ${tlsCert} (${call('tlsCert')})`,
    );
  }
  // What else OpenSSL may not like: a key that is too small, a chain that is broken.
  parse('tlsCert', tlsCert, 'cannot be used', () => createSecureContext({ cert, key }));
  return { certFile: tlsCert, keyFile: tlsKey, cert, key };
}

/** The file's contents, of which the labels say that they can be what the option is for. */
function readPem(option: TlsOption, file: string): Buffer {
  const bytes = read(option, file);
  const labels = [...bytes.toString('latin1').matchAll(/^-----BEGIN ([A-Z0-9 ]+)-----/gm)].map(
    ([, label = '']) => label,
  );
  const fault = faultOf(option, labels, bytes);
  if (fault !== undefined) throw wrong(option, file, fault);
  return bytes;
}

function faultOf(option: TlsOption, labels: readonly string[], bytes: Buffer): string | undefined {
  const isCert = (label: string) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(label);
  const isKey = (label: string) => label.endsWith('PRIVATE KEY');
  const [wanted, noun, other, otherNoun] =
    option === 'tlsCert'
      ? ([isCert, 'certificate', isKey, 'a private key'] as const)
      : ([isKey, 'private key', isCert, 'a certificate'] as const);
  if (!labels.some(wanted)) {
    if (labels.some(other)) return `holds ${otherNoun} and no ${noun}`;
    return `holds no ${noun} in PEM, "-----BEGIN …"`;
  }
  const isEncrypted = labels.includes('ENCRYPTED PRIVATE KEY') || /^DEK-Info:/m.test(`${bytes}`);
  if (option === 'tlsKey' && isEncrypted) {
    return 'is encrypted, and nobody is there to type its passphrase: openssl pkey -in … -out … decrypts it';
  }
  return undefined;
}

function read(option: TlsOption, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw wrong(option, file, FILE[code ?? ''] ?? message, error);
  }
}

function parse<T>(option: TlsOption, file: string, fault: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw wrong(option, file, `${fault} (${reason})`, error);
  }
}

function wrong(option: TlsOption, file: string, fault: string, cause?: unknown): StartError {
  return new StartError((call) => `${call(option)}: ${file}: ${fault}`, { cause });
}
