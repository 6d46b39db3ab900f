// One server's life: choose a transport, open the site, listen, count, stop.
import { promises as fs } from 'node:fs';
import { loadNative, type Native } from '../addon/load.ts';
import type { NativeAddon } from '../addon/types.ts';
import type { Admin } from '../admin/admin.ts';
import type { TableStats } from '../files/table.ts';
import { createLog, type Log } from '../log/log.ts';
import { areLocal, listenersOf, redirectHost } from '../options/listeners.ts';
import { type Options, type OptionsInput, resolveOptions } from '../options/options.ts';
import { takesDescriptors } from '../plan/strategy.ts';
import type { Listener } from '../rules/listeners.ts';
import { limitsOf } from '../site/policies.ts';
import type { Sites } from '../site/sites.ts';
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
import { openSitesOf } from './sites.ts';
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
  // libuv starts the threads of its pool with its first task, and aborts where it cannot: before ours take the room.
  // What comes of it is openSite's to say: a program may have been given this one directory.
  await fs.access(options.root).catch(() => {});
  const accessLog = await accessLogOf(options, native.addon, log);
  try {
    return await serve(options, { log, native, tls, accessLog });
  } catch (error) {
    await accessLog?.close();
    throw error;
  }
}

/** What there is before anything that is served is opened. */
interface Prepared {
  readonly log: Log;
  readonly native: Native;
  readonly tls: Tls | undefined;
  readonly accessLog: AccessLog | undefined;
}

async function serve(options: Options, { log, native, tls, accessLog }: Prepared): Promise<Server> {
  const listeners = listenersOf(options);
  const wanted = {
    transport: options.transport,
    tls: tls !== undefined,
    plain: listeners.some((each) => !each.tls),
    h2c: options.h2c,
  };
  const asked = await chooseTransport(wanted, native, loadUws);
  const best = await withTransfers(asked, native, limitsOf(options), log);
  const sites = openSitesOf(options, best, native.addon, log);
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
