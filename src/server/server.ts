// One server's life: choose a transport, open the site, listen, count, stop.
import { promises as fs } from 'node:fs';
import { loadNative } from '../addon/load.ts';
import type { NativeAddon } from '../addon/types.ts';
import type { Admin } from '../admin/admin.ts';
import type { FilesPolicy } from '../files/policy.ts';
import type { TableStats } from '../files/table.ts';
import { createLog, type Log } from '../log/log.ts';
import { inHost } from '../options/hosts.ts';
import { areLocal, listenersOf, redirectHost } from '../options/listeners.ts';
import { hostsOf, type Options, type OptionsInput, resolveOptions } from '../options/options.ts';
import { takesDescriptors } from '../plan/strategy.ts';
import type { Listener } from '../rules/listeners.ts';
import { limitsOf, policiesOf } from '../site/policies.ts';
import type { SiteOptions } from '../site/site.ts';
import { openSites, type Sites } from '../site/sites.ts';
import type { Tls } from '../transport/tls.ts';
import type { Transport, TransportStats } from '../transport/transport.ts';
import type { Uws } from '../transport/uws/library.ts';
import type { AccessLog, AccessLogStats } from './access-log.ts';
import {
  type Chosen,
  chooseTransport,
  chooseWithoutEngine,
  createTransport,
  type TransportName,
  type Wanted,
  withTransfers,
} from './choose.ts';
import { isForked, type Listeners, openListeners, portOf, urlsOf } from './listeners.ts';
import { cannotServe } from './problems.ts';
import { type Spoken, spokenBy } from './spoken.ts';

export interface ServerStats extends TransportStats {
  readonly files: TableStats;
  /** Lines of the access log; undefined without one. */
  readonly accessLog: AccessLogStats | undefined;
}

/** A server that listens. */
export interface Server extends Spoken {
  /** Where it can be reached, without a slash at the end: `http://127.0.0.1:8080`, `unix:/run/zc.sock`. */
  readonly url: string;
  /** The same for every address of this machine that it listens on. */
  readonly urls: readonly string[];
  /** Of the first listener that has one; 0 where none has. */
  readonly port: number;
  /** Of the plain listener that redirects here, where there is one. */
  readonly redirectPort: number | undefined;
  /** Of the admin listener, where there is one, without a slash at the end: `http://127.0.0.1:9090`. */
  readonly admin: string | undefined;
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
  /** Opens the access log anew, after somebody has moved it away. Rejects where it cannot, and the old one goes on. */
  reopenLogs(): Promise<void>;
  stats(): ServerStats;
}

/**
 * Starts a server. Rejects with an OptionError for a wrong option, and with an Error where the root, the
 * certificate or the address cannot be used.
 */
export async function createServer(input: OptionsInput = {}): Promise<Server> {
  return startServer(resolveOptions(input));
}

/** The same. `beforeOpening` runs when the keys are read, and before anything that is served is opened. */
export async function startServer(
  options: Options,
  beforeOpening: () => void = () => {},
): Promise<Server> {
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const native = loadNative();
  const tls = await tlsOf(options);
  beforeOpening();
  const listeners = listenersOf(options);
  const wanted = {
    transport: options.transport,
    tls: tls !== undefined,
    plain: listeners.some((each) => !each.tls),
    h2c: options.h2c,
  };
  // libuv starts the threads of its pool with its first task, and aborts where it cannot: before ours take the room.
  // What comes of it is openSite's to say: a program may have been given this one directory.
  await fs.access(options.root).catch(() => {});
  const limits = limitsOf(options);
  const asked = await chooseTransport(wanted, native, loadUws);
  const best = await withTransfers(asked, native, limits, log);
  const accessLog = await accessLogOf(options, native.addon, log);
  const sites = openAll(options, best, native.addon, log);
  let started: Started;
  let listening: Listeners;
  let redirect: Redirect | undefined;
  try {
    started = await start(best, wanted, sites, options, tls, log, accessLog);
    if (started.chosen.fallback) {
      const node = tls ? 'node:https' : 'node:http';
      log.warn(`no better transport than ${node}: ${started.chosen.reason}`);
    }
    listening = await listen(started, listeners, options);
    redirect = await listenForPlain(options, started.transport, listening, log, accessLog);
  } catch (error) {
    sites.close();
    await accessLog?.close();
    throw error;
  }
  const { chosen, transport } = started;
  const urls = urlsOf(listening.sockets);
  const isProtected = Object.keys(options.auth).length > 0;
  if (isProtected && !areLocal(listeners.filter((each) => !each.tls))) {
    log.warn('auth: without TLS, whoever is on the way to a client can read its password');
  }
  let closed: Promise<void> | undefined;
  const stats = () => ({
    ...transport.stats(),
    files: sites.stats(),
    accessLog: accessLog?.stats(),
  });
  const spoken = spokenBy(chosen.name, options, wanted);
  let admin: Admin | undefined;
  const close = () => (closed ??= closeAll().finally(() => sites.close()));
  const closeAll = async () => {
    const ended = Promise.all([
      ...[transport.close(options.grace), redirect?.transport.close(options.grace)],
      redirect?.listeners.close(),
    ]);
    // At once: nobody is to wait in a queue from which no more is taken.
    listening.close();
    await ended;
    await accessLog?.close();
    await admin?.close();
  };
  if (options.admin !== undefined) {
    const { listenForAdmin } = await import('./admin.ts');
    const { maxConnections: connections, cacheSize: cacheBytes, root } = options;
    const most = { connections, cacheBytes, openFiles: sites.pool.maxOpen };
    const { name, reason } = chosen;
    const about = { url: urls[0] ?? '', transport: name, reason, ...spoken, limits: most };
    const isDraining = () => closed !== undefined;
    try {
      admin = await listenForAdmin(options.admin, { about, root, log, stats, isDraining });
    } catch (error) {
      await close();
      throw error;
    }
  }
  if (isForked()) (await import('./workers.ts')).onDisconnect(close);
  return {
    url: urls[0] ?? '',
    urls,
    port: portOf(listening.sockets),
    redirectPort: redirect && portOf(redirect.listeners.sockets),
    admin: admin?.url,
    transport: chosen.name,
    sendfile: takesDescriptors(chosen.reach),
    ...spoken,
    reason: chosen.reason,
    close,
    async reload() {
      const renewed = await tlsOf(options);
      if (renewed === undefined) return;
      if (transport.useTls === undefined) throw new Error('uWebSockets.js keeps its certificate');
      if (chosen.name === 'http1') (await import('./tls.ts')).agreeWithNode(renewed);
      transport.useTls(renewed);
    },
    reopenLogs: async () => accessLog?.reopen(),
    stats,
  };
}

/** What looks at a certificate is loaded where there is one: node:tls is not to be had for nothing. */
async function tlsOf(options: Options): Promise<Tls | undefined> {
  if (options.tlsCert === undefined) return undefined;
  return (await import('./tls.ts')).readTls(options);
}

async function accessLogOf(
  options: Options,
  addon: NativeAddon | undefined,
  log: Log,
): Promise<AccessLog | undefined> {
  const { accessLog: path } = options;
  if (path === undefined) return undefined;
  return (await import('./access-log.ts')).openAccessLog(path, options, addon, log);
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
  accessLog: AccessLog | undefined,
): Promise<Started> {
  try {
    const transport = await createTransport(chosen, sites, options, tls, log, accessLog);
    return { chosen, transport };
  } catch (error) {
    if (chosen.name !== 'native') throw error;
    const other = chooseWithoutEngine(wanted, error);
    return start(other, wanted, sites, options, tls, log, accessLog);
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

async function listen(
  { chosen, transport }: Started,
  listeners: readonly Listener[],
  options: Options,
): Promise<Listeners> {
  const portFallback = options.listen ? undefined : options.portFallback;
  try {
    return await openListeners({ listeners, portFallback }, transport, chosen.name);
  } catch (error) {
    await transport.close(0);
    throw error;
  }
}

interface Redirect {
  readonly transport: Transport;
  readonly listeners: Listeners;
}

/** Where one is asked for; `secure`, which listens already, ends with it where it cannot. */
async function listenForPlain(
  options: Options,
  secure: Transport,
  listening: Listeners,
  log: Log,
  accessLog: AccessLog | undefined,
): Promise<Redirect | undefined> {
  const { httpsRedirect: port } = options;
  const sockets = listening.sockets.filter(({ listener: { at, tls } }) => tls && at.kind === 'tcp');
  const host = redirectHost(sockets.map(({ listener }) => listener));
  if (port === undefined || host === undefined) return undefined;
  const { createHttpsRedirect } = await import('./https-redirect.ts');
  const transport = createHttpsRedirect(limitsOf(options), portOf(sockets), log, accessLog?.tell);
  const at = { kind: 'tcp', host, port } as const;
  const listeners = [{ at, tls: false, proxyFrom: undefined, ipv6Only: false }];
  try {
    const opened = await openListeners({ listeners, portFallback: undefined }, transport, 'http1');
    return { transport, listeners: opened };
  } catch (error) {
    listening.close();
    await secure.close(0);
    throw error;
  }
}
