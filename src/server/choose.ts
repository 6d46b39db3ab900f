// Which transport serves, and why: from what was asked for and what loads on this machine; then makes it.
import { availableParallelism } from 'node:os';
import type { EngineLimits } from '../addon/engine.ts';
import type { Native } from '../addon/load.ts';
import type { NativeAddon } from '../addon/types.ts';
import type { Log } from '../log/log.ts';
import { MAX_THREADS } from '../options/listening.ts';
import type { Options } from '../options/options.ts';
import { StartError } from '../options/table.ts';
import type { Reach } from '../plan/types.ts';
import { limitsOf } from '../site/policies.ts';
import type { Site } from '../site/site.ts';
import type { Named, Sites } from '../site/sites.ts';
import type { EngineSite } from '../transport/engine/engine.ts';
import type { Transfers } from '../transport/node/transfers.ts';
import type { Tls } from '../transport/tls.ts';
import type { Transport } from '../transport/transport.ts';
import type { FoundUws, Uws, UwsLibrary } from '../transport/uws/library.ts';
import type { AccessLog } from './access-log.ts';

/** Who speaks HTTP. */
export type TransportName = Exclude<Options['transport'], 'auto'>;

export interface Wanted {
  readonly transport: Options['transport'];
  /** A listener speaks TLS. */
  readonly tls: boolean;
  /** One does not. */
  readonly plain: boolean;
  /** HTTP/2 without TLS, which only the engine speaks. */
  readonly h2c: boolean;
}

type Schemes = Pick<Wanted, 'tls' | 'plain'>;

/** A transport that can run here, with the library that it runs on. */
export type Chosen = {
  /** One line: why this one, or why not a better one. */
  readonly reason: string;
  /**
   * How far bodies get by its connections at most: where only some listeners speak TLS, by the others'. The engine prepares
   * one answer for both: a stream that takes no files has them read (native/http/body.h).
   */
  readonly reach: Reach;
  /** A better one was to be had and does not load: worth a line in the log. */
  readonly fallback: boolean;
} & (
  | {
      readonly name: 'native';
      readonly addon: NativeAddon;
      readonly reach: Extract<Reach, 'engine' | 'engine-tls'>;
    }
  | { readonly name: 'uws'; readonly library: UwsLibrary }
  | { readonly name: 'http1'; readonly transfers: Transfers | undefined }
);

/** Throws an Error where the transport that was asked for by name cannot run, or none that speaks what was asked for. */
export async function chooseTransport(
  wanted: Wanted,
  native: Native,
  loadUws: () => Promise<Uws>,
): Promise<Chosen> {
  const chosen = await choose(wanted, native, loadUws);
  if (wanted.h2c && chosen.name !== 'native') throw withoutH2c(chosen.reason);
  return chosen;
}

async function choose(
  wanted: Wanted,
  native: Native,
  loadUws: () => Promise<Uws>,
): Promise<Chosen> {
  switch (wanted.transport) {
    case 'auto':
      return chooseBest(wanted, native);
    case 'native': {
      if (native.addon === undefined) throw unavailable('native', native.reason);
      const chosen = onEngine(native.addon, wanted, 'asked for');
      if (chosen === undefined) throw unavailable('native', NO_OPENSSL);
      return chosen;
    }
    case 'uws': {
      const uws = await loadUws();
      if (uws.library === undefined) throw unavailable('uws', uws.reason);
      return onUws(uws, wanted, 'asked for');
    }
    case 'http1':
      return onNode(wanted, native, askedFor(native), false);
  }
}

/**
 * What serves instead, where the engine has loaded and cannot start. Throws an Error where it was asked for by
 * name, and the cause where that is something else than the system's lack of room.
 */
export function chooseWithoutEngine({ transport, plain, h2c }: Wanted, cause: unknown): Chosen {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (typeof code !== 'string') throw cause;
  const reason = `the system has no room for an engine thread (${code})`;
  if (transport === 'native') throw unavailable('native', reason);
  if (h2c) throw withoutH2c(reason);
  // Nor for one that takes descriptors from node:http.
  const reach = plain ? 'memory' : 'tls';
  return { name: 'http1', transfers: undefined, reach, reason, fallback: true };
}

/** Starts what node:http hands descriptors to, where it is to send by them; without it, bytes are all it can send. */
export async function withTransfers(
  chosen: Chosen,
  { addon }: Native,
  limits: EngineLimits,
  log: Log,
): Promise<Chosen> {
  if (chosen.name !== 'http1' || chosen.reach !== 'socket' || addon === undefined) return chosen;
  // An engine would take each part of a body for an answer of its own.
  if (limits.limitRate > 0) return { ...chosen, reach: 'memory' };
  const { startTransfers } = await import('../transport/node/transfers.ts');
  const transfers = startTransfers(addon, limits, log);
  return { ...chosen, transfers, reach: transfers ? 'socket' : 'memory' };
}

/** What a transport is made with. */
export interface Means {
  readonly sites: Sites;
  readonly options: Options;
  readonly tls: Tls | undefined;
  readonly log: Log;
  readonly accessLog: AccessLog | undefined;
  /** Makes the sockets of node's servers. */
  readonly addon: NativeAddon | undefined;
  /** Whose sockets it takes over. */
  readonly before: Transport | undefined;
}

/** The chosen one; its code is loaded here. Throws where it cannot start. */
export async function createTransport(
  chosen: Chosen,
  { sites, options, tls, log, accessLog, addon, before }: Means,
): Promise<Transport> {
  const { all, handler, pool } = sites;
  const { common } = all[0].site;
  const limits = limitsOf(options);
  /** Of the carriers whose requests come through JavaScript. */
  const tellEnded = accessLog?.tell;
  const received = { handler, reach: chosen.reach, limits, log, common, tls, tellEnded };
  switch (chosen.name) {
    case 'native': {
      const { createNativeTransport } = await import('../transport/engine/engine.ts');
      const [first, ...others] = all;
      const transport = createNativeTransport({
        addon: chosen.addon,
        sites: [engineSite(first), ...others.map(engineSite)],
        reach: chosen.reach,
        tls,
        http2: options.http2,
        threads:
          options.threads === 'auto'
            ? Math.min(availableParallelism(), MAX_THREADS)
            : options.threads,
        limits,
        log,
        common,
        maxHot: pool.maxOpen,
        keeping: pool.share(),
        accessLog: accessLog?.native,
      });
      for (const [i, prepared] of transport.prepared.entries()) all[i]?.site.table.attach(prepared);
      return transport;
    }
    case 'uws': {
      const { createUwsTransport } = await import('../transport/uws/uws.ts');
      const own = { ...received, library: chosen.library };
      return orRefusing(tls, () => createUwsTransport(own, before));
    }
    case 'http1': {
      if (tls !== undefined) (await import('./tls.ts')).agreeWithNode(tls);
      const { createHttp1Transport } = await import('../transport/node/http1.ts');
      return createHttp1Transport({ ...received, transfers: chosen.transfers, addon });
    }
  }
}

function engineSite({ names, site }: Named<Site>): EngineSite {
  const { table, files, downloads, live, handler, templates, log } = site;
  const { root, rules } = table.standing;
  if (root === undefined) throw new Error('the root was opened without the addon');
  return {
    names,
    root,
    rules,
    symlinks: files.symlinks,
    revalidateMs: files.revalidateMs,
    downloads,
    live,
    handler,
    log,
    onStale: (paths) => table.suspect(paths),
    onFault: (file) => table.drop(file),
    onRefused: (file) => table.markRefused(file),
    lookAtRoot: () => table.lookAtRoot(),
    templates,
    readNames: (directories) => table.names(directories),
    watch: (directory) => table.watch(directory),
    unwatch: (directory) => table.unwatch(directory),
    onMet: (path) => table.met(path),
  };
}

/** The certificate is good for node:tls: what uWebSockets.js does not take of it, it does not say. */
function orRefusing<T>(tls: Tls | undefined, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (tls === undefined) throw error;
    throw new StartError(
      (call) =>
        `${call('tlsCert')}: ${tls.certificates[0].certFile}: uWebSockets.js cannot use it; node:https may, with ${call('transport')} http1`,
      { cause: error },
    );
  }
}

/** Why the engine has no TLS. */
export const NO_OPENSSL = 'this Node has no OpenSSL 3 that an addon could call';

function chooseBest(wanted: Schemes, native: Native): Chosen {
  if (native.addon === undefined) return onNode(wanted, native, native.reason, true);
  const chosen = onEngine(native.addon, wanted, 'native engine');
  return chosen ?? onNode(wanted, native, NO_OPENSSL, true);
}

/** Of this process, such as "OpenSSL 3.0.15"; undefined where the engine cannot use it. */
export function opensslOf(addon: NativeAddon): string | undefined {
  return /^\S+ [^\s+]+/.exec(addon.features().openssl)?.[0];
}

/** Undefined where it cannot speak TLS, and is to. */
function onEngine(addon: NativeAddon, { tls, plain }: Schemes, why: string): Chosen | undefined {
  if (!tls) return { name: 'native', addon, reach: 'engine', reason: why, fallback: false };
  const openssl = opensslOf(addon);
  if (openssl === undefined) return undefined;
  const reason = `${why}, ${openssl}`;
  return { name: 'native', addon, reach: plain ? 'engine' : 'engine-tls', reason, fallback: false };
}

function onUws({ library, version }: FoundUws, { plain }: Schemes, why: string): Chosen {
  const reason = `${why}, uWebSockets.js ${version}`;
  return { name: 'uws', library, reach: plain ? 'memory' : 'tls', reason, fallback: false };
}

function onNode({ plain }: Schemes, native: Native, reason: string, fallback: boolean): Chosen {
  const without = native.addon === undefined ? 'none' : 'socket';
  return { name: 'http1', reach: plain ? without : 'tls', transfers: undefined, reason, fallback };
}

/** Without an addon that should be there, what was asked for is slower than it looks. */
function askedFor(native: Native): string {
  return native.addon || native.expected
    ? 'asked for'
    : `asked for; files by read: ${native.reason}`;
}

function withoutH2c(reason: string): Error {
  return new StartError((call) => `${call('h2c')} needs the engine: ${reason}`);
}

function unavailable(name: TransportName, reason: string): Error {
  return new Error(`transport ${name} is not available here: ${reason}`);
}
