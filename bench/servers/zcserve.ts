// zcserve itself: the built command, one engine thread; and forced variants for measurement.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ServerKind, startAndRead } from './server.ts';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const PACKAGE = new URL('../../package.json', import.meta.url);

export const zcserve = zcserveWith('zcserve', []);

/** A zcserve with extra command-line flags, e.g. a forced strategy. */
export function zcserveWith(name: string, flags: readonly string[]): ServerKind {
  return {
    name,
    tags: ['zcserve', 'cold-disk'],
    lacks: [],
    missing: () => (existsSync(CLI) ? undefined : 'not built: npm run build'),
    version: () => `zcserve ${readVersion()}${flags.length > 0 ? ` ${flags.join(' ')}` : ''}`,
    start: ({ root, cores }) =>
      startAndRead(
        {
          program: process.execPath,
          args: [CLI, root, '--host=127.0.0.1', '--port=0', '--json', '--threads=1', ...flags],
          cores,
        },
        parseReadyLine,
      ),
  };
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
