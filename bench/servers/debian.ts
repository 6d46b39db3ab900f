// The servers that Debian packages: each with its configuration in this directory.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../certificate.ts';
import { firstLine, isInstalled } from '../process.ts';
import { PROTOCOLS } from '../scenario.ts';
import { freePort, type Place, type ServerKind, startOnPort, type Tag } from './server.ts';
import { writeConfig } from './template.ts';

const APACHE_MODULES = '/usr/lib/apache2/modules';
const TOMCAT = '/usr/share/tomcat10';

const asRoot = process.getuid?.() === 0;

export const apache: ServerKind = {
  name: 'apache',
  tags: ['server'],
  speaks: ['http'],
  lacks: ['gzip'],
  missing: () => unlessInstalled('apache2', 'apache2'),
  version: () => firstLine('apache2', ['-v']).replace('Server version: ', ''),
  async start(place) {
    const port = await freePort();
    const config = configure('apache.conf', place, port, {
      MODULES: APACHE_MODULES,
      USER: asRoot ? 'User www-data\nGroup www-data' : '',
      LISTING: place.listing ? 'Indexes' : '',
    });
    return startOnPort(port, {
      program: 'apache2',
      args: ['-D', 'FOREGROUND', '-f', config],
      cores: place.cores,
    });
  },
};

export const lighttpd: ServerKind = {
  name: 'lighttpd',
  tags: ['server'],
  speaks: ['http'],
  lacks: ['gzip'],
  missing: () => unlessInstalled('lighttpd', 'lighttpd'),
  version: () => firstLine('lighttpd', ['-v']).replace(/ \(.*/, ''),
  async start(place) {
    const port = await freePort();
    const config = configure('lighttpd.conf', place, port, {
      LISTING: place.listing
        ? 'server.modules += ("mod_dirlisting")\ndir-listing.activate = "enable"'
        : '',
    });
    return startOnPort(port, {
      program: 'lighttpd',
      args: ['-D', '-f', config],
      cores: place.cores,
    });
  },
};

/** Ready forms are sent, or made for each request. */
type Forms = 'ready' | 'made';

export const h2o = h2oWith('h2o', ['server'], 'ready');
export const h2oCompress = h2oWith('h2o-compress', ['encoded-only'], 'made');

function h2oWith(name: string, tags: readonly Tag[], forms: Forms): ServerKind {
  return {
    name,
    tags,
    speaks: PROTOCOLS,
    lacks: [],
    missing: () => unlessInstalled('h2o', 'h2o'),
    version: () => firstLine('h2o', ['--version']),
    async start(place) {
      const port = await freePort();
      const config = configure('h2o.conf', place, port, {
        USER: asRoot ? 'user: root' : '',
        TLS: h2oTls(place.certificate),
        LISTING: place.listing ? 'ON' : 'OFF',
        FORMS: forms === 'ready' ? 'file.send-compressed: ON' : 'compress: ON',
      });
      const command = { program: 'h2o', args: ['-c', config], cores: place.cores };
      return startOnPort(port, command, place.certificate);
    },
  };
}

export const caddy = caddyWith('caddy', ['server'], 'ready');
export const caddyEncode = caddyWith('caddy-encode', ['encoded-only'], 'made');

function caddyWith(name: string, tags: readonly Tag[], forms: Forms): ServerKind {
  return {
    name,
    tags,
    speaks: PROTOCOLS,
    lacks: [],
    missing: () => unlessInstalled('caddy', 'caddy'),
    version: () => `Caddy ${firstLine('caddy', ['version'])}`,
    async start(place) {
      const port = await freePort();
      const config = configure('caddy.conf', place, port, {
        SCHEME: place.certificate === undefined ? 'http' : 'https',
        TLS: caddyTls(place.certificate),
        LISTING: place.listing ? 'browse' : '',
        ENCODE: forms === 'made' ? 'encode zstd gzip' : '',
        PRECOMPRESSED: forms === 'ready' ? 'precompressed br gzip' : '',
      });
      return startOnPort(
        port,
        {
          program: 'caddy',
          args: ['run', '--config', config, '--adapter', 'caddyfile'],
          env: { HOME: place.work },
          cores: place.cores,
        },
        place.certificate,
      );
    },
  };
}

export const tomcat: ServerKind = {
  name: 'tomcat',
  tags: ['server'],
  speaks: ['http'],
  lacks: [],
  missing: () =>
    existsSync(`${TOMCAT}/lib/catalina.jar`) && isInstalled('java')
      ? undefined
      : 'needs Tomcat: apt-get install tomcat10 default-jre-headless',
  version: () => `Tomcat ${tomcatVersion()}, ${firstLine('java', ['-version'])}`,
  async start(place) {
    const port = await freePort();
    for (const name of ['conf', 'webapps', 'temp', 'logs', 'work']) {
      mkdirSync(join(place.work, name), { recursive: true });
    }
    writeConfig(
      new URL('tomcat-server.xml', import.meta.url),
      join(place.work, 'conf/server.xml'),
      { ROOT: place.root, WORK: place.work, PORT: port },
    );
    writeConfig(new URL('tomcat-web.xml', import.meta.url), join(place.work, 'conf/web.xml'), {
      LISTING: `${place.listing ?? false}`,
    });
    return startOnPort(port, {
      program: 'java',
      args: [
        ...['-Xms256m', '-Xmx512m', `-Dcatalina.home=${TOMCAT}`],
        ...[`-Dcatalina.base=${place.work}`, `-Djava.io.tmpdir=${place.work}/temp`],
        ...['-cp', `${TOMCAT}/bin/bootstrap.jar:${TOMCAT}/bin/tomcat-juli.jar`],
        ...['org.apache.catalina.startup.Bootstrap', 'start'],
      ],
      cores: place.cores,
    });
  },
};

/** Its keys stay in its own process: asking another one for each signature costs more. */
function h2oTls(certificate: Certificate | undefined): string {
  if (certificate === undefined) return '';
  const { cert, key } = certificate;
  return `ssl: { certificate-file: ${cert}, key-file: ${key}, neverbleed: OFF }`;
}

function caddyTls(certificate: Certificate | undefined): string {
  return certificate === undefined ? '' : `tls ${certificate.cert} ${certificate.key}`;
}

function configure(
  template: string,
  { root, work }: Place,
  port: number,
  more: Readonly<Record<string, string>> = {},
): string {
  const values = { ROOT: root, WORK: work, PORT: port, ...more };
  return writeConfig(new URL(template, import.meta.url), join(work, template), values);
}

function unlessInstalled(program: string, packageName: string): string | undefined {
  return isInstalled(program) ? undefined : `not installed: apt-get install ${packageName}`;
}

function tomcatVersion(): string {
  const jar = `${TOMCAT}/lib/catalina.jar`;
  const line = firstLine('java', ['-cp', jar, 'org.apache.catalina.util.ServerInfo']);
  return line.replace('Server version: Apache Tomcat/', '');
}
