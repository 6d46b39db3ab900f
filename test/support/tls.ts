// The certificate of the tests, for localhost.
import { fileURLToPath } from 'node:url';
import { resolveOptions } from '../../src/options/options.ts';
import { readTls } from '../../src/server/tls.ts';
import type { Tls } from '../../src/transport/tls.ts';

const file = (name: string) => fileURLToPath(new URL(`tls/${name}.pem`, import.meta.url));

export const TLS_OPTIONS = { tlsCert: file('cert'), tlsKey: file('key') };

export const TEST_TLS = readTls(resolveOptions(TLS_OPTIONS)) as Tls;
