// nginx as a server of the benchmark: started from nginx.conf in a directory of its own.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../bench/certificate.ts';
import { firstCores, firstLine, isInstalled } from '../bench/process.ts';
import { PROTOCOLS } from '../bench/scenario.ts';
import { freePort, type ServerKind, startOnPort, type Tag } from '../bench/servers/server.ts';
import { writeConfig } from '../bench/servers/template.ts';

const TEMPLATE = new URL('nginx.conf', import.meta.url);

export const nginx = nginxWith('nginx', ['server', 'cold-disk', 'log', 'threads'], {});

/** With an access log: a write(2) for each line, as it comes, and through a buffer. */
export const nginxLogged: readonly ServerKind[] = [
  nginxWith('nginx-logged', ['log', 'log-only'], { log: 'access.log combined' }),
  nginxWith('nginx-logged-buffer', ['log', 'log-only'], {
    log: 'access.log combined buffer=64k flush=1s',
  }),
];

const twoWorkers = nginxWith('nginx-2-workers', ['threads', 'threads-only'], { workers: 2 });

/** On two cores. */
export const nginxTwoWorkers: ServerKind = {
  ...twoWorkers,
  start: (place) => twoWorkers.start({ ...place, cores: place.cores && firstCores(2) }),
};

/** Blocking reads go to a thread pool instead of the worker. */
export const nginxAioThreads = nginxWith('nginx-aio', ['cold-disk'], { aio: 'aio threads;' });

const OPEN_FILES = openFilesAllowed();

/** For many files: without the cache of open files, as nginx comes, and with one for as many as it may open. */
export const nginxByCache: readonly ServerKind[] = [
  nginxWith('nginx-no-cache', ['server', 'many-only'], { cached: 'off' }),
  nginxWith('nginx-large-cache', ['server', 'many-only'], {
    // Its connections need some as well.
    cached: `max=${Math.min(100_000, OPEN_FILES - 5000)} inactive=60s`,
  }),
];

/** Encoded for each request, at nginx's own level. */
export const nginxGzip = nginxWith('nginx-gzip', ['encoded-only'], {
  gzip: 'gzip on; gzip_types application/javascript;',
});

interface Variant {
  readonly aio?: string;
  /** open_file_cache. */
  readonly cached?: string;
  /** access_log, in the directory of its own. */
  readonly log?: string;
  readonly workers?: number;
  /** Instead of the ready .gz. */
  readonly gzip?: string;
}

export const NGINX_MISSING = 'needs nginx: apt-get install nginx';

function nginxWith(
  name: string,
  tags: readonly Tag[],
  {
    aio = '',
    cached = 'max=10000 inactive=60s',
    log,
    workers = 1,
    gzip = 'gzip_static on;',
  }: Variant,
): ServerKind {
  return {
    name,
    tags,
    speaks: PROTOCOLS,
    lacks: [],
    missing: () => (isInstalled('nginx') ? undefined : NGINX_MISSING),
    version: () =>
      `${nginxVersion()}, open_file_cache ${cached}${log === undefined ? '' : `, ${log}`}`,
    async start({ root, work, cores, certificate, listing }) {
      const port = await freePort();
      mkdirSync(work, { recursive: true });
      const config = writeConfig(TEMPLATE, join(work, 'nginx.conf'), {
        ROOT: root,
        WORK: work,
        PORT: port,
        WORKERS: workers,
        AIO: aio,
        GZIP: gzip,
        CACHED: cached,
        LOG: log === undefined ? 'off' : `${work}/${log}`,
        OPEN_FILES,
        LISTING: listing ? 'autoindex on;' : '',
        PROTOCOLS: certificate === undefined ? '' : ' ssl http2',
        TLS: tlsLines(certificate),
        // Started by root, the worker would lose the right to read a root that only root may read.
        USER: process.getuid?.() === 0 ? 'user root;' : '',
      });
      const command = { program: 'nginx', args: ['-p', work, '-c', config], cores };
      return startOnPort(port, command, certificate);
    },
  };
}

/** The hard limit of this process, which nginx inherits; 0 where the system is not Linux. */
function openFilesAllowed(): number {
  const path = '/proc/self/limits';
  const limits = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return Number(/^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? 0);
}

function tlsLines(certificate: Certificate | undefined): string {
  if (certificate === undefined) return '';
  const { cert, key } = certificate;
  return [
    ...[
      `ssl_certificate ${cert};`,
      `ssl_certificate_key ${key};`,
      'ssl_protocols TLSv1.2 TLSv1.3;',
    ],
    // Nothing goes by sendfile here. These are what it reads files into, larger than by default.
    'output_buffers 2 128k;',
  ].join(' ');
}

/** E.g. "nginx/1.22.1". */
export function nginxVersion(): string {
  return firstLine('nginx', ['-v']).replace(/^nginx version: /, '');
}
