// The servers from npm: small programs in bench/peers, or the packages' own commands.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Feature, PROTOCOLS, type Protocol } from '../scenario.ts';
import { freePort, type ServerKind, startOnPort, type Tag } from './server.ts';

const PEERS = new URL('../peers/', import.meta.url);
const BUN = peerFile('node_modules/bun/bin/bun.exe');
const HOW = 'npm run bench:peers';

export const middlewares: readonly ServerKind[] = [
  program('sirv', 'sirv.mjs', ['multi-range', 'If-Modified-Since', 'listing']),
  program('serve-static', 'serve-static.mjs', ['multi-range', 'gzip', 'listing']),
  program('@fastify/static', 'fastify-static.mjs', ['multi-range', 'listing']),
];

/** Express's, before serve-static: encoded for each request. */
export const compression = program('compression', 'compression.mjs', []);

export const npmServers: readonly ServerKind[] = [
  command('http-server', 'bin/http-server', ['multi-range', 'gzip'], (root, port) => [
    ...[root, '-a', '127.0.0.1', '-p', `${port}`],
    ...['--silent', '--gzip', '-c', '0', '-t', '0'],
  ]),
  command('serve', 'build/main.js', ['multi-range', 'gzip', 'If-Modified-Since'], (root, port) => [
    ...[root, '-l', `tcp://127.0.0.1:${port}`],
    ...['--no-request-logging', '--no-clipboard', '--no-compression'],
    ...['-c', peerFile('serve.json')],
  ]),
];

export const bunServers: readonly ServerKind[] = [
  bun('bun', 'bun-file.mjs', [
    ...(['conditional', 'If-Modified-Since', 'multi-range', 'gzip', 'listing'] as const),
  ]),
  bun('bun-directory', 'bun-directory.mjs', ['multi-range', 'gzip', 'listing']),
  bun('bun-routes', 'bun-routes.mjs', [
    ...([
      'range',
      'multi-range',
      'gzip',
      'large',
      'many files',
      'If-Modified-Since',
      'listing',
    ] as const),
  ]),
];

/** node:http or node:http2 alone: what every middleware pays before it starts. */
export const nodeBuffer: ServerKind = {
  ...own('node-buffer', 'node-buffer.mjs', [
    ...(['conditional', 'If-Modified-Since', 'range', 'multi-range', 'gzip', 'listing'] as const),
  ]),
  missing: () => undefined,
  version: () => `node:http and node:http2, ${process.version}`,
};

export const zcserveMiddleware: ServerKind = {
  ...own('zcserve-middleware', 'zcserve-middleware.mjs', []),
  missing: () =>
    existsSync(fileURLToPath(new URL('../../dist/index.js', import.meta.url)))
      ? undefined
      : 'not built: npm run build',
  version: () => `zcserve over node:http and node:http2, ${process.version}`,
};

function own(
  name: string,
  script: string,
  lacks: readonly Feature[],
): Pick<ServerKind, 'name' | 'tags' | 'speaks' | 'lacks' | 'start'> {
  return {
    name,
    tags: ['middleware'],
    speaks: PROTOCOLS,
    lacks,
    start: starter(process.execPath, [peerFile(script)]),
  };
}

/** A package that is used as middleware, in its program under bench/peers. */
function program(name: string, script: string, lacks: readonly Feature[]): ServerKind {
  return packaged(
    name,
    ['node', 'middleware'],
    PROTOCOLS,
    lacks,
    starter(process.execPath, [peerFile(script)]),
  );
}

/** A package that is a command itself. */
function command(
  name: string,
  bin: string,
  lacks: readonly Feature[],
  args: (root: string, port: number) => readonly string[],
): ServerKind {
  const path = peerFile(`node_modules/${name}/${bin}`);
  return packaged(name, ['node'], ['http'], lacks, async ({ root, cores }) => {
    const port = await freePort();
    return startOnPort(port, {
      program: process.execPath,
      args: [path, ...args(root, port)],
      cores,
    });
  });
}

function bun(name: string, script: string, lacks: readonly Feature[]): ServerKind {
  return {
    name,
    tags: ['node'],
    speaks: PROTOCOLS,
    lacks,
    missing: () => (existsSync(BUN) ? undefined : `not installed: ${HOW}`),
    version: () => `bun ${packageVersion('bun')}`,
    start: starter(BUN, [peerFile(script)]),
  };
}

function packaged(
  name: string,
  tags: readonly Tag[],
  speaks: readonly Protocol[],
  lacks: readonly Feature[],
  start: ServerKind['start'],
): ServerKind {
  return {
    name,
    tags,
    speaks,
    lacks,
    missing: () =>
      existsSync(peerFile(`node_modules/${name}`)) ? undefined : `not installed: ${HOW}`,
    version: () => `${name} ${packageVersion(name)}`,
    start,
  };
}

/** Runs `program ...args ROOT PORT [CERT KEY]`, with LISTING in the environment where directories are listed. */
function starter(executable: string, args: readonly string[]): ServerKind['start'] {
  return async ({ root, cores, certificate, listing }) => {
    const port = await freePort();
    const tls = certificate === undefined ? [] : [certificate.cert, certificate.key];
    return startOnPort(
      port,
      {
        program: executable,
        args: [...args, root, `${port}`, ...tls],
        cores,
        env: { NODE_ENV: 'production', ...(listing ? { LISTING: 'on' } : {}) },
      },
      certificate,
    );
  };
}

function peerFile(path: string): string {
  return fileURLToPath(new URL(path, PEERS));
}

function packageVersion(name: string): string {
  const text = readFileSync(peerFile(`node_modules/${name}/package.json`), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
