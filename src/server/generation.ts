// What serves by one set of options, from the certificates to the listeners: a server has one, and while a reload lets the one
// before end, two.
import { promises as fs } from 'node:fs';
import type { Native } from '../addon/load.ts';
import type { NativeAddon } from '../addon/types.ts';
import { createLog, type Log } from '../log/log.ts';
import type { Progress } from '../log/progress.ts';
import { areLocal, listenersOf, redirectHost } from '../options/listeners.ts';
import { hostsOf, type Options } from '../options/options.ts';
import { type Listener, plainListener } from '../rules/listeners.ts';
import { limitsOf } from '../site/policies.ts';
import type { Sites } from '../site/sites.ts';
import type { Tls } from '../transport/tls.ts';
import type { Retirement, Transport, TransportStats } from '../transport/transport.ts';
import type { Uws } from '../transport/uws/library.ts';
import type { AccessLog } from './access-log.ts';
import {
  type Chosen,
  chooseTransport,
  chooseWithoutEngine,
  createTransport,
  type Means,
  type Wanted,
  withTransfers,
} from './choose.ts';
import {
  closeListeners,
  type Held,
  isForked,
  type ListeningSocket,
  openListeners,
  portOf,
  urlsOf,
} from './listeners.ts';
import { holdStreams, openSitesOf } from './sites.ts';
import { type Spoken, spokenBy } from './spoken.ts';
import type { StoreHolder } from './streams.ts';
import type { Warming } from './warming.ts';

export interface Generation {
  readonly options: Options;
  readonly log: Log;
  readonly chosen: Chosen;
  readonly spoken: Spoken;
  readonly transport: Transport;
  readonly sites: Sites;
  readonly sockets: readonly ListeningSocket[];
  /** Where clients find them. */
  readonly urls: readonly string[];
  /** The plain listener that sends clients to the others. */
  readonly redirect: ListeningSocket | undefined;
  readonly accessLog: AccessLog | undefined;
  /** Undefined where there are no streams. */
  readonly streams: StoreHolder | undefined;
  /** Undefined where nothing is to be warm. */
  readonly warming: Warming | undefined;
  /** Certificates of this moment for clients that come from now on. Rejects where they cannot be used. */
  renewTls(): Promise<void>;
  /** Undefined where others cannot take its sockets. It ends when its last client has left and all is closed. */
  readonly retire: (() => Retirement) | undefined;
  /** Ends its connections, within `graceMs`, and closes all but its sockets; they are the server's. */
  close(graceMs: number): Promise<void>;
}

/** What there is before. */
export interface Grounds {
  readonly native: Native;
  /** Those among them that are wished for are taken over. */
  readonly sockets: readonly Held[];
  /** The generation before, in this process. */
  readonly before: Pick<Generation, 'transport' | 'accessLog'> | undefined;
  /** Runs when the keys are read, and before anything that is served is opened. */
  beforeOpening(): void;
  /** Where it has failed: what was answered by it until then. */
  leftOver(stats: TransportStats): void;
  /** How far the page cache is warm, of so many bytes; nobody sees it where it is left out. */
  readonly showProgress?: ((bytes: number) => Progress) | undefined;
}

/** Rejects with an OptionError or a StartError; nothing of it is left then, or what it has yet to answer. */
export async function openGeneration(options: Options, grounds: Grounds): Promise<Generation> {
  const { native } = grounds;
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const tls = await tlsOf(options);
  grounds.beforeOpening();
  // libuv starts the threads of its pool with its first task, and aborts where it cannot: before ours take the room.
  // What comes of it is openSite's to say: a program may have been given this one directory.
  await fs.access(options.root).catch(() => {});
  const accessLog = await accessLogOf(options, grounds, log);
  return serve(options, grounds, { log, native, tls, accessLog });
}

/** What looks at a certificate is loaded where there is one: node:tls is not to be had for nothing. */
async function tlsOf(options: Options): Promise<Tls | undefined> {
  if (options.tlsCert === undefined) return undefined;
  return (await import('./tls.ts')).readTls(options);
}

async function accessLogOf(
  options: Options,
  { native, before }: Grounds,
  log: Log,
): Promise<AccessLog | undefined> {
  const { accessLog: path } = options;
  if (path === undefined) return undefined;
  const file = before?.accessLog?.file;
  if (file?.path === path) {
    await file.reopen();
    return file.logFor(options);
  }
  const { openAccessLog } = await import('./access-log.ts');
  return (await openAccessLog(path, native.addon, log)).logFor(options);
}

/** What there is before anything that is served is opened. */
interface Prepared {
  readonly log: Log;
  readonly native: Native;
  readonly tls: Tls | undefined;
  readonly accessLog: AccessLog | undefined;
}

async function serve(
  options: Options,
  grounds: Grounds,
  { log, native, tls, accessLog }: Prepared,
): Promise<Generation> {
  const { sockets: before, showProgress } = grounds;
  const warm = await warmingOf(options);
  const listeners = listenersOf(options);
  const wanted = {
    transport: options.transport,
    tls: tls !== undefined,
    plain: listeners.some((each) => !each.tls),
    h2c: options.h2c,
  };
  const carriers: Transport[] = [];
  let sites: Sites | undefined;
  let streams: StoreHolder | undefined;
  let over: Promise<void> | undefined;
  const end = async () => {
    sites?.close();
    await streams?.close();
    await accessLog?.close();
  };
  const ended = () => (over ??= end());
  try {
    const asked = await chooseTransport(wanted, native, loadUws);
    const best = await withTransfers(asked, native, limitsOf(options), log);
    const isFirst = before.length === 0;
    if (!isFirst && isCurtailed(asked, best, options)) throw new Error('no room for a thread');
    streams = await holdStreams(options, { addon: native.addon, log });
    sites = openSitesOf(options, best, { addon: native.addon, log, streams });
    await sites.read();
    const addon = await socketsOfNode(native);
    const means = {
      ...{ sites, options, tls, log, accessLog, addon },
      before: grounds.before?.transport,
    };
    const { chosen, transport } = await start(best, wanted, means, isFirst);
    carriers.push(transport);
    const opening = { chosen, transport, listeners, before, means };
    const { sockets, redirect } = await openAll(opening, (other) => carriers.push(other));
    const spoken = spokenBy(chosen.name, options, wanted);
    warnOf(chosen, spoken, options, listeners, log);
    const warming = warm?.({ addon: native.addon, log, showProgress });
    return {
      ...{ options, log, chosen, spoken, transport, sites, accessLog, streams, sockets, redirect },
      warming,
      urls: urlsOf(sockets),
      async renewTls() {
        const renewed = await tlsOf(options);
        if (renewed === undefined) return;
        if (transport.useTls === undefined) throw new Error('uWebSockets.js keeps its certificate');
        if (chosen.name === 'http1') (await import('./tls.ts')).agreeWithNode(renewed);
        transport.useTls(renewed);
      },
      retire:
        transport.retire &&
        (() => {
          sites?.endWaits();
          warming?.stop();
          return retireEach(carriers, ended);
        }),
      close(graceMs) {
        sites?.endWaits();
        warming?.stop();
        return closeEach(carriers, graceMs).then(ended);
      },
    };
  } catch (error) {
    // Whom it has taken in already gets an answer.
    const [transport] = carriers;
    const tell = () => transport && grounds.leftOver(transport.stats());
    if (before.length > 0) retireEach(carriers, ended).ended.then(tell);
    else await closeEach(carriers, 0).then(ended);
    throw error;
  }
}

/** What begins it, loaded where some site asks for it. Rejects with an OptionError for a glob that is none. */
async function warmingOf(options: Options) {
  const sites = [options, ...hostsOf(options).map((host) => host.options)];
  if (sites.every(({ warm }) => warm === 'none')) return undefined;
  return (await import('./warming.ts')).warmingOf(options);
}

function retireEach(carriers: readonly Transport[], atEnd: () => Promise<void>): Retirement {
  const retired = carriers.flatMap((each) => each.retire?.() ?? []);
  return {
    left: Promise.all(retired.map(({ left }) => left)).then(() => {}),
    ended: Promise.all(retired.map(({ ended }) => ended)).then(atEnd),
  };
}

async function closeEach(carriers: readonly Transport[], graceMs: number): Promise<void> {
  await Promise.all(carriers.map((each) => each.close(graceMs)));
}

function warnOf(
  chosen: Chosen,
  { protocols }: Spoken,
  options: Options,
  listeners: readonly Listener[],
  log: Log,
): void {
  if (chosen.fallback) {
    const node = options.tlsCert === undefined ? 'node:http' : 'node:https';
    log.warn(`no better transport than ${node}: ${chosen.reason}`);
  }
  if (options.earlyHints !== false && !protocols.includes('h2')) {
    log.warn('earlyHints: nobody speaks HTTP/2 here, so none are sent; the pages have their links');
  }
  const isProtected = Object.keys(options.auth).length > 0;
  if (isProtected && !areLocal(listeners.filter((each) => !each.tls))) {
    log.warn('auth: without TLS, whoever is on the way to a client can read its password');
  }
}

/** Makes the listening sockets of node's servers, where they can be had from outside: another generation takes them over. */
export async function socketsOfNode({ addon }: Native): Promise<NativeAddon | undefined> {
  // Of node:cluster's workers the primary has them.
  const isWorker = isForked() && (await import('./workers.ts')).isWorker();
  return isWorker || process.versions.bun !== undefined ? undefined : addon;
}

interface Started {
  readonly chosen: Chosen;
  readonly transport: Transport;
}

/** Has the system no room for what sends its files? */
function isCurtailed(asked: Chosen, best: Chosen, { limitRate }: Options): boolean {
  return asked.reach === 'socket' && best.reach !== 'socket' && limitRate === 0;
}

/** On the chosen transport; or, if nobody serves yet who does it better, on the other where its engine does not start. */
async function start(
  chosen: Chosen,
  wanted: Wanted,
  means: Means,
  isFirst: boolean,
): Promise<Started> {
  try {
    return { chosen, transport: await createTransport(chosen, means) };
  } catch (error) {
    if (chosen.name !== 'native' || !isFirst) throw error;
    return start(chooseWithoutEngine(wanted, error), wanted, means, isFirst);
  }
}

async function loadUws(): Promise<Uws> {
  return (await import('../transport/uws/library.ts')).loadUws();
}

interface Opening extends Started {
  readonly listeners: readonly Listener[];
  readonly before: readonly Held[];
  readonly means: Means;
}

/** Rejects, and has let go of what was not there before. `made` gets each carrier that is made here. */
async function openAll(
  { chosen, transport, listeners, before, means }: Opening,
  made: (carrier: Transport) => void,
) {
  const { options } = means;
  const portFallback = options.listen ? undefined : options.portFallback;
  const wishes = { listeners, portFallback, before };
  const sockets = await openListeners(wishes, transport, chosen.name);
  // Both may ask for any free port.
  const left = before.filter((held) => !sockets.some((socket) => socket.held === held));
  try {
    return { sockets, redirect: await listenForPlain(sockets, left, means, made) };
  } catch (error) {
    closeListeners(sockets, before);
    throw error;
  }
}

/** Where one is asked for. */
async function listenForPlain(
  secure: readonly ListeningSocket[],
  before: readonly Held[],
  { options, log, accessLog, addon }: Means,
  made: (carrier: Transport) => void,
): Promise<ListeningSocket | undefined> {
  const { httpsRedirect: port } = options;
  const sockets = secure.filter(({ listener: { at, tls } }) => tls && at.kind === 'tcp');
  const host = redirectHost(sockets.map(({ listener }) => listener));
  if (port === undefined || host === undefined) return undefined;
  const { createHttpsRedirect } = await import('./https-redirect.ts');
  const transport = createHttpsRedirect({
    limits: limitsOf(options),
    port: portOf(sockets),
    log,
    tellEnded: accessLog?.tell,
    addon,
  });
  made(transport);
  const listeners = [plainListener({ host, port })];
  const wishes = { listeners, portFallback: undefined, before };
  const [socket] = await openListeners(wishes, transport, 'http1');
  return socket;
}
