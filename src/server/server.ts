// One server's life: it serves by one set of options until it ends, or gets others.
import { isDeepStrictEqual } from 'node:util';
import { loadNative } from '../addon/load.ts';
import type { TableStats } from '../files/table.ts';
import type { Progress } from '../log/progress.ts';
import { type Options, type OptionsInput, resolveOptions } from '../options/options.ts';
import { takesDescriptors } from '../plan/strategy.ts';
import { currentStreams, type ProcessStreams } from '../streams/process-streams.ts';
import type { StoreStats } from '../streams/store/types.ts';
import type { TransportStats } from '../transport/transport.ts';
import type { AccessLogStats } from './access-log.ts';
import type { AdminListening } from './admin.ts';
import type { TransportName } from './choose.ts';
import { type Generation, socketsOfNode } from './generation.ts';
import { firstGeneration } from './generations.ts';
import { type Held, isForked, portOf } from './listeners.ts';
import type { Spoken } from './spoken.ts';
import type { WarmingStats } from './warming.ts';

export interface ServerStats extends TransportStats {
  readonly files: TableStats;
  /** Lines of the access log; undefined without one. */
  readonly accessLog: AccessLogStats | undefined;
  /** Undefined where there are none, or another process has them. */
  readonly streams: StoreStats | undefined;
  /** How far the page cache is warm; undefined where that is not asked for. */
  readonly warming: WarmingStats | undefined;
}

/** A server that listens. What it says of itself is as of its last reload. */
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
   * Reads the certificates again, opens the access log anew, and with `options`, where they are others than
   * now, serves by these from now on: listeners that stay lose nobody, and whoever is connected gets what he has asked for and
   * comes anew. Rejects with an OptionError for a wrong option, and with an Error where something cannot be used; all stays
   * as it was then.
   */
  reload(options?: OptionsInput): Promise<void>;
  /** Opens the access log anew, after somebody has moved it away. Rejects where it cannot, and the old one goes on. */
  reopenLogs(): Promise<void>;
  /** The streams of option `streams`, for the process itself. */
  readonly streams: ProcessStreams;
  stats(): ServerStats;
}

/**
 * Starts a server. Rejects with an OptionError for a wrong option, and with an Error where the root, the
 * certificate or the address cannot be used.
 */
export async function createServer(input: OptionsInput = {}): Promise<Server> {
  return startServer(resolveOptions(input));
}

/** Of the command: its process may give its sockets away. */
export interface OwnServer extends Server {
  /** What it listens on, the admin listener too. */
  readonly held: readonly Held[];
  /** Another process has these sockets, and listens: this one lets go of them. Resolves when the last client has left. */
  leave(): Promise<void>;
}

export interface Start {
  /** Runs when the keys are read, and before anything that is served is opened. */
  readonly beforeOpening?: (() => void) | undefined;
  /** Those of another process that are wished for are taken over; the caller closes the others. */
  readonly sockets?: readonly Held[];
  /** How far the page cache is warm, of so many bytes. */
  readonly showProgress?: ((bytes: number) => Progress) | undefined;
}

/** The same, for options that are resolved. */
export async function startServer(options: Options, begin: Start = {}): Promise<OwnServer> {
  const native = loadNative();
  const { sockets = [], beforeOpening = () => {}, showProgress } = begin;
  const grounds = { native, sockets, beforeOpening, showProgress };
  const generations = await firstGeneration(options, grounds);
  let leaving = false;
  let closing: Promise<void> | undefined;
  const isEnding = () => leaving || closing !== undefined;
  let admin: AdminListening | undefined;

  const stats = () => {
    const { sites, accessLog, streams, warming } = generations.current;
    return {
      ...generations.stats(),
      files: sites.stats(),
      accessLog: accessLog?.file.stats(),
      streams: streams?.store?.stats(),
      warming: warming?.stats(),
    };
  };

  /** The one that is there, where it is at the same address; or on one of these sockets. */
  async function adminFor(
    { options, log }: Generation,
    sockets: readonly Held[],
  ): Promise<AdminListening | undefined> {
    if (options.admin === undefined) return undefined;
    const { adminKey, listenForAdmin } = await import('./admin.ts');
    if (admin?.held.keys.includes(adminKey(options.admin))) return admin;
    return listenForAdmin(options.admin, {
      addon: await socketsOfNode(native),
      sockets,
      log,
      about: () => aboutOf(generations.current),
      root: () => generations.current.options.root,
      stats,
      isDraining: isEnding,
    });
  }

  async function closeAdmin(one: AdminListening | undefined): Promise<void> {
    one?.held.release();
    await one?.close();
  }

  async function replace(wanted: Options): Promise<void> {
    const before = admin;
    await generations.replace(wanted, async (next) => {
      const opened = await adminFor(next, []);
      if (!isEnding()) {
        admin = opened;
        return;
      }
      if (opened !== before) await closeAdmin(opened);
      throw closed();
    });
    if (admin !== before) await closeAdmin(before);
  }

  /** One after the other. */
  let reloading: Promise<unknown> = Promise.resolve();
  function reload(wanted: Options | undefined): Promise<void> {
    const done = reloading.then(async () => {
      const { current } = generations;
      if (isEnding()) throw closed();
      if (wanted !== undefined && !isDeepStrictEqual(wanted, current.options)) {
        return replace(wanted);
      }
      await current.renewTls();
      await current.accessLog?.file.reopen();
    });
    reloading = done.catch(() => {});
    return done;
  }

  const close = () => (closing ??= closeAll());
  const closeAll = async () => {
    await generations.close(generations.current.options.grace);
    await closeAdmin(admin);
  };
  try {
    admin = await adminFor(generations.current, sockets);
  } catch (error) {
    await close();
    throw error;
  }
  if (isForked()) (await import('./workers.ts')).onDisconnect(close);
  return {
    get url() {
      return generations.current.urls[0] ?? '';
    },
    get urls() {
      return generations.current.urls;
    },
    get port() {
      return portOf(generations.current.sockets);
    },
    get redirectPort() {
      const { redirect } = generations.current;
      return redirect && portOf([redirect]);
    },
    get admin() {
      return admin?.url;
    },
    get transport() {
      return generations.current.chosen.name;
    },
    get sendfile() {
      return takesDescriptors(generations.current.chosen.reach);
    },
    get protocols() {
      return generations.current.spoken.protocols;
    },
    get tlsVersions() {
      return generations.current.spoken.tlsVersions;
    },
    get reason() {
      return generations.current.chosen.reason;
    },
    get held() {
      return [...generations.held, ...(admin === undefined ? [] : [admin.held])];
    },
    close,
    async leave() {
      leaving = true;
      const left = generations.leave();
      admin?.held.leave();
      await admin?.close();
      await left;
      await close();
    },
    reload: async (input) => reload(input && resolveOptions(input)),
    reopenLogs: async () => generations.current.accessLog?.file.reopen(),
    streams: currentStreams(() => generations.current.streams?.own),
    stats,
  };
}

function closed(): Error {
  return new Error('the server has been closed');
}

/** For the admin listener. */
function aboutOf({ chosen, options, sites, urls, spoken }: Generation) {
  const { maxConnections: connections, cacheSize: cacheBytes } = options;
  return {
    url: urls[0] ?? '',
    transport: chosen.name,
    reason: chosen.reason,
    ...spoken,
    limits: { connections, cacheBytes, openFiles: sites.pool.maxOpen },
  };
}
