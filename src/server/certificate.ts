// A certificate to serve with, looked at before anything is started: its libraries say little of what is wrong.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isPem } from '../options/kinds.ts';
import { StartError } from '../options/table.ts';
import type { Certificate } from '../transport/tls.ts';

/** The options that a file of a certificate stands in. */
export type TlsOption = 'tlsCert' | 'tlsKey' | 'tlsPassphraseFile' | 'tlsStaple';

/** What one certificate is made of: paths, or PEM text for the first two. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  readonly passphrase: string | undefined;
  readonly staple: string | undefined;
}

const FILE: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'is a directory',
  EACCES: 'no permission to read it',
};

/** Throws a StartError that names the option, its file and what is wrong with it. */
export function readCertificate(files: CertificateFiles): Certificate {
  const cert = readPem('tlsCert', files.cert);
  const key = readPem('tlsKey', files.key);
  const [certName, keyName] = [nameOf(files.cert), nameOf(files.key)];
  const leaf = parse('tlsCert', certName, 'is no certificate', () => new X509Certificate(cert));
  const secret = readKey(keyName, key, files.passphrase);
  if (!leaf.checkPrivateKey(secret)) {
    throw new StartError(
      (call) =>
        `${call('tlsKey')}: ${keyName} is not the key of the first certificate in ${certName} (${call('tlsCert')})`,
    );
  }
  return {
    certFile: isPem(files.cert) ? undefined : files.cert,
    keyFile: isPem(files.key) ? undefined : files.key,
    cert,
    key: secret.export({ type: 'pkcs8', format: 'pem' }).toString(),
    names: namesOf(leaf),
    keyType: secret.asymmetricKeyType ?? 'unknown',
    staple: files.staple === undefined ? undefined : readStaple(files.staple),
  };
}

function nameOf(value: string): string {
  return isPem(value) ? 'the text' : value;
}

/** RFC 6125 §6.4.4: the subject's common name counts only where there are no alternative names. */
function namesOf(leaf: X509Certificate): string[] {
  const alternatives = [
    ...(leaf.subjectAltName ?? '').matchAll(/(?:DNS|IP Address):("[^"]*"|[^,]*)/g),
  ].map(([, name = '']) => name.replaceAll('"', '').toLowerCase());
  const common = /^CN=(.+)$/m.exec(leaf.subject)?.[1];
  return alternatives.length > 0 || common === undefined ? alternatives : [common.toLowerCase()];
}

function readKey(name: string, pem: string, passphraseFile: string | undefined): KeyObject {
  if (!/ENCRYPTED PRIVATE KEY|^DEK-Info:/m.test(pem)) {
    return parse('tlsKey', name, 'is no private key', () => createPrivateKey(pem));
  }
  if (passphraseFile === undefined) {
    throw new StartError(
      (call) =>
        `${call('tlsKey')}: ${name}: is encrypted, and nobody is there to type its passphrase: ${call('tlsPassphraseFile')} names a file with it, openssl pkey -in … -out … decrypts it`,
    );
  }
  // Editors end a file with a line break.
  const passphrase = read('tlsPassphraseFile', passphraseFile)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  return parse('tlsKey', name, `does not open with the passphrase in ${passphraseFile}`, () =>
    createPrivateKey({ key: pem, passphrase }),
  );
}

function readStaple(file: string): Uint8Array {
  const bytes = read('tlsStaple', file);
  // OCSPResponse is a SEQUENCE (RFC 6960 §4.2.1).
  if (bytes[0] === 0x30) return bytes;
  throw wrong('tlsStaple', file, 'is no OCSP response in DER');
}

/** The contents, of which the labels say that they can be what the option is for. */
function readPem(option: 'tlsCert' | 'tlsKey', value: string): string {
  const pem = isPem(value) ? value : read(option, value).toString('latin1');
  const labels = [...pem.matchAll(/^-----BEGIN ([A-Z0-9 ]+)-----/gm)].map(
    ([, label = '']) => label,
  );
  const fault = faultOf(option, labels);
  if (fault !== undefined) throw wrong(option, nameOf(value), fault);
  return pem;
}

function faultOf(option: 'tlsCert' | 'tlsKey', labels: readonly string[]): string | undefined {
  const isCert = (label: string) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(label);
  const isKey = (label: string) => label.endsWith('PRIVATE KEY');
  const [wanted, noun, other, otherNoun] =
    option === 'tlsCert'
      ? ([isCert, 'certificate', isKey, 'a private key'] as const)
      : ([isKey, 'private key', isCert, 'a certificate'] as const);
  if (labels.some(wanted)) return undefined;
  return labels.some(other)
    ? `holds ${otherNoun} and no ${noun}`
    : `holds no ${noun} in PEM, "-----BEGIN …"`;
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
