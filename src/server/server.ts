// One server's life: choose a transport, open the site, listen, count, stop.
import { promises as fs } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { loadNative } from '../addon/load.ts';
import type { NativeAddon } from '../addon/types.ts';
import type { FilesPolicy } from '../files/policy.ts';
import type { TableStats } from '../files/table.ts';
import { createLog, type Log } from '../log/log.ts';
import { inHost } from '../options/hosts.ts';
import { hostsOf, type Options, type OptionsInput, resolveOptions } from '../options/options.ts';
import { takesDescriptors } from '../plan/strategy.ts';
import { limitsOf, policiesOf } from '../site/policies.ts';
import type { SiteOptions } from '../site/site.ts';
import { openSites, type Sites } from '../site/sites.ts';
import type { Tls } from '../transport/tls.ts';
import type { Transport, TransportStats } from '../transport/transport.ts';
import type { Uws } from '../transport/uws/library.ts';
import {
  type Chosen,
  chooseTransport,
  chooseWithoutEngine,
  createTransport,
  type TransportName,
  type Wanted,
  withTransfers,
} from './choose.ts';
import { cannotListen, cannotServe } from './problems.ts';
import { type Spoken, spokenBy } from './spoken.ts';
import type { Listening } from './workers.ts';

export interface ServerStats extends TransportStats {
  readonly files: TableStats;
}

/** A server that listens. */
export interface Server extends Spoken {
  /** Where it can be reached, without a slash at the end: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The same for every address of this machine that it listens on. */
  readonly urls: readonly string[];
  readonly port: number;
  /** Of the plain listener that redirects here, where there is one. */
  readonly redirectPort: number | undefined;
  readonly transport: TransportName;
  /** Do large bodies leave by sendfile(2)? */
  readonly sendfile: boolean;
  /** Why this transport. */
  readonly reason: string;
  /** Stops accepting, finishes what is in flight within `grace`, closes every file. */
  close(): Promise<void>;
  /**
   * Reads the certificates again: clients that come from now on get them, those that are here notice nothing. Rejects with
   * an Error that names the file and the reason, and all stays as it is, where they cannot be used.
   */
  reload(): Promise<void>;
  stats(): ServerStats;
}

/**
 * Starts a server. Rejects with an OptionError for a wrong option, and with an Error where the root, the
 * certificate or the address cannot be used.
 */
export async function createServer(input: OptionsInput = {}): Promise<Server> {
  const options = resolveOptions(input);
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const native = loadNative();
  const tls = await tlsOf(options);
  const wanted = { transport: options.transport, tls: tls !== undefined, h2c: options.h2c };
  // libuv starts the threads of its pool with its first task, and aborts where it cannot: before ours take the room.
  // What comes of it is openSite's to say: a program may have been given this one directory.
  await fs.access(options.root).catch(() => {});
  const limits = limitsOf(options);
  const asked = await chooseTransport(wanted, native, loadUws);
  const best = await withTransfers(asked, native, limits, log);
  const sites = openAll(options, best, native.addon, log);
  let started: Started;
  let listening: Listening;
  let redirect: Redirect | undefined;
  try {
    started = await start(best, wanted, sites, options, tls, log);
    if (started.chosen.fallback) {
      const node = tls ? 'node:https' : 'node:http';
      log.warn(`no better transport than ${node}: ${started.chosen.reason}`);
    }
    listening = await listen(started, options);
    redirect = await listenForPlain(options, started.transport, listening.port, log);
  } catch (error) {
    sites.close();
    throw error;
  }
  const { chosen, transport } = started;
  const { port, release } = listening;
  const urls = urlsOf(options.host, port, tls ? 'https' : 'http');
  let closed: Promise<void> | undefined;
  const end = () => {
    sites.close();
    release?.();
  };
  const close = () => (closed ??= closeAll().finally(end));
  const closeAll = async () => {
    await Promise.all([transport.close(options.grace), redirect?.transport.close(options.grace)]);
  };
  if (isForked()) (await import('./workers.ts')).onDisconnect(close);
  return {
    url: urls[0] ?? '',
    urls,
    port,
    redirectPort: redirect?.port,
    transport: chosen.name,
    sendfile: takesDescriptors(chosen.reach),
    ...spokenBy(chosen.name, options, tls !== undefined),
    reason: chosen.reason,
    close,
    async reload() {
      const renewed = await tlsOf(options);
      if (renewed === undefined) return;
      if (transport.useTls === undefined) throw new Error('uWebSockets.js keeps its certificate');
      if (chosen.name === 'http1') (await import('./tls.ts')).agreeWithNode(renewed);
      transport.useTls(renewed);
    },
    stats: () => ({ ...transport.stats(), files: sites.stats() }),
  };
}

/** What looks at a certificate is loaded where there is one: node:tls is not to be had for nothing. */
async function tlsOf(options: Options): Promise<Tls | undefined> {
  if (options.tlsCert === undefined) return undefined;
  return (await import('./tls.ts')).readTls(options);
}

interface Started {
  readonly chosen: Chosen;
  readonly transport: Transport;
}

/** On the chosen transport, or on the other where its engine does not start. */
async function start(
  chosen: Chosen,
  wanted: Wanted,
  sites: Sites,
  options: Options,
  tls: Tls | undefined,
  log: Log,
): Promise<Started> {
  try {
    return { chosen, transport: await createTransport(chosen, sites, options, tls, log) };
  } catch (error) {
    if (chosen.name !== 'native') throw error;
    return start(chooseWithoutEngine(wanted, error), wanted, sites, options, tls, log);
  }
}

function openAll(
  options: Options,
  chosen: Chosen,
  addon: NativeAddon | undefined,
  log: Log,
): Sites {
  const siteOf = (own: Options, name?: string): SiteOptions => {
    const policies = policiesOf(own);
    const files = filesOf(chosen, policies.files, log);
    return {
      ...policies,
      files,
      routed: false,
      addon,
      log: name === undefined ? log : logOf(name, log),
    };
  };
  try {
    const first = siteOf(options);
    const hosts = hostsOf(options).map(({ key, names, options: own }) => ({
      names,
      site: inHost(key, () => siteOf(own, names[0])),
    }));
    return openSites(first, hosts, cannotServe);
  } catch (error) {
    if (chosen.name === 'http1') chosen.transfers?.close();
    throw error;
  }
}

/** Its lines say of which host they are. */
function logOf(host: string, log: Log): Log {
  const say = (level: 'error' | 'warn' | 'info') => (text: string, key?: string) =>
    log[level](`${host}: ${text}`, key === undefined ? undefined : `${host}: ${key}`);
  return { error: say('error'), warn: say('warn'), info: say('info') };
}

/** To encrypt is to read in this process, where a mapping of the file itself would be a fault after a truncation. */
function filesOf(chosen: Chosen, policy: FilesPolicy, log: Log): FilesPolicy {
  if (chosen.reach !== 'engine-tls' || policy.mmapSource === 'snapshot') return policy;
  log.warn(
    'mmapSource file: with TLS there is no memory cache of the files themselves, they are read',
    'mmapSource',
  );
  return { ...policy, cacheSize: 0 };
}

async function loadUws(): Promise<Uws> {
  return (await import('../transport/uws/library.ts')).loadUws();
}

/** Has it a parent to talk to, as every worker of node:cluster has? */
function isForked(): boolean {
  return process.channel !== undefined;
}

/** Ports that `portFallback` tries after the first. */
const FALLBACK_PORTS = 100;

async function listen({ chosen, transport }: Started, options: Options): Promise<Listening> {
  const { host, port, portFallback } = options;
  const last = portFallback && port > 0 ? Math.min(port + FALLBACK_PORTS, 65_535) : port;
  const { listenAsWorker } =
    isForked() && chosen.name !== 'http1' ? await import('./workers.ts') : {};
  for (let candidate = port; ; candidate++) {
    try {
      return listenAsWorker
        ? await listenAsWorker(transport, host, candidate)
        : { port: await transport.listen(host, candidate) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE' && candidate < last) continue;
      await transport.close(0);
      throw cannotListen(host, port, error);
    }
  }
}

interface Redirect {
  readonly transport: Transport;
  readonly port: number;
}

/** Where one is asked for; `secure`, which listens already, ends with it where it cannot. */
async function listenForPlain(
  options: Options,
  secure: Transport,
  securePort: number,
  log: Log,
): Promise<Redirect | undefined> {
  const { host, httpsRedirect: port } = options;
  if (port === undefined) return undefined;
  const { createHttpsRedirect } = await import('./https-redirect.ts');
  const transport = createHttpsRedirect(limitsOf(options), securePort, log);
  try {
    return { transport, port: await transport.listen(host, port) };
  } catch (error) {
    await secure.close(0);
    throw cannotListen(host, port, error);
  }
}

/** One URL for each address that a host stands for; loopback first. */
function urlsOf(host: string, port: number, scheme: 'http' | 'https'): string[] {
  const url = (address: string) =>
    `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`;
  if (host !== '0.0.0.0' && host !== '::') return [url(host)];
  const addresses = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, scopeid }) => (family === 'IPv4' || host === '::') && !scopeid)
    .toSorted((a, b) => Number(b.internal) - Number(a.internal));
  return addresses.map(({ address }) => url(address));
}
