// zcserve itself: the built command, one engine thread; and forced variants for measurement.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Certificate } from '../certificate.ts';
import { firstCores } from '../process.ts';
import { PROTOCOLS } from '../scenario.ts';
import { type ServerKind, startAndRead } from './server.ts';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const UWS = new URL('../../node_modules/uWebSockets.js', import.meta.url);
const PACKAGE = new URL('../../package.json', import.meta.url);

export const zcserve: ServerKind = {
  ...zcserveWith('zcserve', []),
  tags: ['zcserve', 'cold-disk', 'log', 'threads'],
};

/** With an access log. */
export const zcserveLogged: ServerKind = {
  ...zcserveWith('zcserve-logged', (work) => [`--access-log=${work}/access.log`]),
  tags: ['log', 'log-only'],
};

const twoThreads = zcserveWith('zcserve-2-threads', [], 2);

/** On two cores: the load generator has to share the second one where there is no third. */
export const zcserveTwoThreads: ServerKind = {
  ...twoThreads,
  tags: ['threads', 'threads-only'],
  start: (place) => twoThreads.start({ ...place, cores: place.cores && firstCores(2) }),
};

/** Over uWebSockets.js, which has no HTTP/2. */
export const zcserveUws: ServerKind = {
  ...zcserveWith('zcserve-uws', ['--transport=uws']),
  tags: ['zcserve'],
  speaks: ['http', 'https'],
  missing: () =>
    zcserve.missing() ?? (existsSync(UWS) ? undefined : 'not installed: uWebSockets.js'),
};

/** A zcserve with extra command-line flags, e.g. a forced strategy; `work`: its directory. */
export function zcserveWith(
  name: string,
  flags: readonly string[] | ((work: string) => readonly string[]),
  threads = 1,
): ServerKind {
  const flagsIn = typeof flags === 'function' ? flags : () => flags;
  const told = flagsIn('.').map((flag) => ` ${flag}`);
  return {
    name,
    tags: ['zcserve', 'cold-disk'],
    speaks: PROTOCOLS,
    lacks: [],
    missing: () => (existsSync(CLI) ? undefined : 'not built: npm run build'),
    version: () => `zcserve ${readVersion()}${told.join('')}`,
    start: ({ root, work, cores, certificate, listing }) =>
      startAndRead(
        {
          program: process.execPath,
          args: [
            ...[CLI, root, '--host=127.0.0.1', '--port=0', '--json', `--threads=${threads}`],
            ...[...tlsFlags(certificate), ...(listing ? ['--listing'] : [])],
            ...flagsIn(work),
          ],
          cores,
        },
        parseReadyLine,
      ),
  };
}

function tlsFlags(certificate: Certificate | undefined): readonly string[] {
  if (certificate === undefined) return [];
  const { cert, key } = certificate;
  return [`--tls-cert=${cert}`, `--tls-key=${key}`];
}

interface ReadyLine {
  readonly url: string;
  readonly transport: string;
  readonly sendfile: boolean;
  readonly reason: string;
}

/** What `--json` prints once the server listens. */
export function parseReadyLine(
  stdout: string,
): { readonly url: URL; readonly note: string } | undefined {
  const line = stdout.split('\n').find((text) => text.startsWith('{') && text.endsWith('}'));
  if (line === undefined) return undefined;
  const { url, transport, sendfile, reason } = JSON.parse(line) as ReadyLine;
  const note = `transport ${transport}, sendfile ${sendfile ? 'on' : `off (${reason})`}`;
  return { url: new URL(url), note };
}

function readVersion(): string {
  return (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
}
