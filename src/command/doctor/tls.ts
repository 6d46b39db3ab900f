// What HTTPS is here: whose OpenSSL, and what its clients get; with a certificate that is tried, not read off the options.
import { once } from 'node:events';
import { connect } from 'node:tls';
import type { Native } from '../../addon/load.ts';
import type { Options } from '../../options/options.ts';
import { type Chosen, NO_OPENSSL, opensslOf } from '../../server/choose.ts';
import { createServer } from '../../server/server.ts';
import { spokenBy } from '../../server/spoken.ts';
import { type Finding, finding, messageOf } from './finding.ts';

/** Can the engine use the OpenSSL of the process? */
export function openssl({ addon }: Native): Finding {
  const subject = 'OpenSSL';
  const { openssl: version } = process.versions;
  if (addon === undefined) {
    return finding(subject, false, `needs the engine; node:https has ${version}, and no HTTP/2`);
  }
  const found = opensslOf(addon);
  return found === undefined
    ? finding(subject, false, `${NO_OPENSSL} (it says ${version}): node:https, and no HTTP/2`)
    : finding(subject, true, `${found.replace('OpenSSL ', '')} of this Node, called by the engine`);
}

/** What a server with a certificate would speak, as far as that can be told without one. */
export function untriedTls(options: Options, { name }: Chosen): Finding {
  const { protocols, tlsVersions } = spokenBy(name, options, { tls: true, plain: false });
  const text = `${tlsVersions.join(' and ')}, ${protocols.join(' and ')}`;
  return finding('TLS', undefined, `${text}: with a certificate, it is tried`);
}

/** Serves with these options to itself and tells what each version of TLS agrees on. */
export async function tryTls(options: Options): Promise<Finding[]> {
  const { root, symlinks, transport, http2 } = options;
  const { tlsCert, tlsKey, tlsPassphraseFile, tlsStaple, tlsMin, tlsCiphers, tlsCurves } = options;
  const server = await createServer({
    ...{ root, symlinks, transport, http2 },
    ...{ tlsCert, tlsKey, tlsPassphraseFile, tlsStaple, tlsMin, tlsCiphers, tlsCurves },
    port: 0,
    logLevel: 'silent',
  }).catch(messageOf);
  if (typeof server === 'string') return [finding('TLS', false, server)];
  try {
    return [await tryVersion('1.3', server.port), await tryVersion('1.2', server.port)];
  } finally {
    await server.close();
  }
}

async function tryVersion(version: '1.2' | '1.3', port: number): Promise<Finding> {
  const subject = `TLS ${version}`;
  const socket = connect({
    port,
    host: '127.0.0.1',
    minVersion: `TLSv${version}`,
    maxVersion: `TLSv${version}`,
    ALPNProtocols: ['h2', 'http/1.1'],
    // It is ours; whether others trust it is not the question.
    rejectUnauthorized: false,
  });
  try {
    await once(socket, 'secureConnect');
    const key = socket.getEphemeralKeyInfo();
    const curve = key !== null && 'name' in key ? key.name : undefined;
    const agreed = [socket.alpnProtocol || 'http/1.1', socket.getCipher().name, curve];
    return finding(subject, true, agreed.filter((each) => each !== undefined).join(', '));
  } catch (error) {
    const { reason = messageOf(error) } = error as { readonly reason?: string };
    // The older one may be left out, by its number or by the ciphers.
    return finding(subject, version === '1.3' ? false : undefined, `refused: ${reason}`);
  } finally {
    socket.destroy();
  }
}
