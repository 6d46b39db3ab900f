// HTTP/1.1 on the engine's own threads: requests that the hot table does not answer come here.

import type { EngineKeeping, EngineLimits, NativeEngine } from '../../addon/engine.ts';
import type { NativeNames, NativeRoot, Symlinks } from '../../addon/files.ts';
import type { NativeLineWriter, NativeLogFormat } from '../../addon/lines.ts';
import type { NativeAddon } from '../../addon/types.ts';
import { WIRE } from '../../addon/wire.ts';
import type { PreparedAnswers, Standing } from '../../files/freshness.ts';
import { type FieldList, fieldLines } from '../../http/field-list.ts';
import type { Log } from '../../log/log.ts';
import { statusPage } from '../../plan/errors.ts';
import { REQUEST_FIELDS } from '../../plan/request.ts';
import type { Advice, Reach } from '../../plan/types.ts';
import type { Answer, Handler } from '../../site/answer.ts';
import type { Templates } from '../../site/templates.ts';
import { bindBy } from '../listening-sockets.ts';
import type { Tls } from '../tls.ts';
import { type Transport, type TransportStats, unproxied } from '../transport.ts';
import { Admission } from './admission.ts';
import { DirectoryIndex } from './directory-index.ts';
import { engineTls } from './engine-tls.ts';
import { type Asking, Exchanges, pathOf } from './exchanges.ts';
import { HotIndex } from './hot-index.ts';
import { type EngineRecord, readRecords, readStats } from './records.ts';
import { hotReply } from './reply.ts';

/** One of the sites that an engine answers for. */
export interface EngineSite {
  /** Of a virtual host, in lower case; none of the first site, which is for all others. */
  readonly names: readonly string[];
  readonly root: NativeRoot;
  /** Of the files in it that say how it is answered (`Standing`). */
  readonly rules: readonly string[];
  readonly symlinks: Symlinks;
  readonly revalidateMs: number;
  /** A query that asks for a download is always asked about. */
  readonly downloads: boolean;
  /** And one that asks for a live answer. */
  readonly live: boolean;
  readonly handler: Handler;
  readonly log: Log;
  /** The engine found that these root-relative files are no longer what they were. */
  readonly onStale: (files: readonly string[]) => void;
  /** This root-relative file was found changed, or could not be read, while it was sent. */
  readonly onFault: (file: string) => void;
  /** The kernel refused sendfile for this root-relative file. */
  readonly onRefused: (file: string) => void;
  /** The root's path may name another directory, or hold other rules. Resolves to what stands there. */
  readonly lookAtRoot: () => Promise<Standing>;
  readonly templates: Templates;
  /** Which names stand in each of these root-relative directories, where that can be told. */
  readonly readNames: (
    directories: readonly string[],
  ) => Promise<ReadonlyArray<NativeNames | undefined>>;
  readonly watch: (directory: string) => void;
  readonly unwatch: (directory: string) => void;
  /** This path was asked for before, perhaps answered by the engine. */
  readonly onMet: (path: string) => void;
}

export interface NativeTransportOptions {
  readonly addon: NativeAddon;
  readonly sites: readonly [EngineSite, ...EngineSite[]];
  /** 1 to 64. */
  readonly threads: number;
  /** How far bodies get by its connections at most. */
  readonly reach: Extract<Reach, 'engine' | 'engine-tls'>;
  /** Of the listeners that speak TLS. */
  readonly tls?: Tls | undefined;
  /** Offer HTTP/2 to clients with TLS. */
  readonly http2?: boolean;
  readonly limits: EngineLimits;
  readonly log: Log;
  /** Fields of every answer that is no file's, such as the engine's own errors. */
  readonly common: FieldList;
  /** Paths that the engine may answer by itself at the same time. */
  readonly maxHot: number;
  /** Small files that the engine keeps by itself; undefined where it keeps none. */
  readonly keeping: EngineKeeping | undefined;
  /** Where exchanges are told, and how. */
  readonly accessLog?:
    | { readonly writer: NativeLineWriter; readonly format: NativeLogFormat }
    | undefined;
}

export interface NativeTransport extends Transport {
  /** Of each site. */
  readonly prepared: ReadonlyArray<Required<PreparedAnswers>>;
}

/** What the engine answers without asking, each with the plan's own page. */
const ENGINE_ERRORS = [400, 403, 408, 413, 414, 421, 429, 431, 501, 503, 505];

interface Served extends EngineSite {
  readonly number: number;
  readonly directories: DirectoryIndex;
}

type SiteRecord = Extract<EngineRecord, { readonly site: number }>;
/** Longer than any answer takes, milliseconds: each state of a connection has a time of its own. */
const NO_DEADLINE_MS = 2 ** 40;

/** What an engine thread takes after the grace: a tick of its timers, and some load. */
const LATE_MS = 500;

/** Throws an Error with `code` where the system has no room for even one engine thread. */
export function createNativeTransport(options: NativeTransportOptions): NativeTransport {
  const { addon, log, reach, http2 = false } = options;
  const [first, ...hosts] = options.sites;
  const pageOf = (status: number, advice?: Advice) => {
    const page = statusPage(status, advice);
    return [fieldLines([...page.fields, ...options.common]), page.body] as const;
  };
  let stopped = () => {};
  const allStopped = new Promise<void>((resolve) => {
    stopped = resolve;
  });

  let retired = () => {};
  const allRetired = new Promise<void>((resolve) => {
    retired = resolve;
  });

  const engine: NativeEngine = addon.createEngine(
    first.root,
    first.symlinks,
    options.threads,
    {
      ...options.limits,
      ...{ revalidateMs: first.revalidateMs, downloads: first.downloads, live: first.live },
    },
    REQUEST_FIELDS,
    [
      ...ENGINE_ERRORS.map((status) => [status, status, ...pageOf(status)] as const),
      [WIRE.plainHttp, 400, ...pageOf(400, 'https')],
    ],
    (batch) => readRecords(batch, receive),
    options.keeping,
    hosts,
  );
  let running = engine.threads;
  let accepting = running;
  if (running < options.threads) {
    log.warn(`${running} of ${options.threads} engine threads: the system has no room for more`);
  }
  const admission = new Admission(engine);
  const index = new HotIndex(engine, options.maxHot, () => admission.crowded());
  const exchanges = new Exchanges<Served>(engine, { reach, log, common: options.common, learn });
  if (options.accessLog) engine.logAccess(options.accessLog.writer, options.accessLog.format);
  const taken = { directories: 0, names: 0 };
  const sites = options.sites.map((site, number) => ({
    ...site,
    number,
    directories: new DirectoryIndex({
      engine: {
        putDirectory: (...[path, names, group, tried, likeAbove, patience]) =>
          engine.putDirectory(path, names, group, tried, likeAbove, patience, number),
        removeDirectory: (path) => engine.removeDirectory(path, number),
        putTemplate: (...[group, extension, template]) =>
          engine.putTemplate(group, extension, template, number),
      },
      templates: site.templates,
      reach,
      names: site.readNames,
      watch: site.watch,
      unwatch: site.unwatch,
      now: () => performance.now(),
      taken,
    }),
  }));
  for (const { root, rules, number } of sites) {
    if (rules.length > 0) engine.setRoot(root, number, rules);
  }
  try {
    if (options.tls !== undefined) engine.useTls(engineTls(options.tls, http2));
  } catch (error) {
    engine.close();
    throw error;
  }

  function receive(record: EngineRecord): void {
    switch (record.kind) {
      case 'accept-paused':
        log.error(`cannot accept connections: ${record.errno}`, 'accept');
        break;
      case 'unproxied':
        log.warn(unproxied(record.why), `unproxied:${record.why}`);
        break;
      case 'retired':
        accepting--;
        if (accepting === 0) retired();
        break;
      case 'stopped':
        running--;
        if (running === 0) stopped();
        break;
      case 'drained':
      case 'feed-end':
      case 'received':
      case 'gone':
        exchanges.receive(record);
        break;
      case 'transfer-end':
        // Only node:http's engine has transfers.
        break;
      default: {
        const site = sites[record.site];
        if (site !== undefined) receiveFor(site, record);
      }
    }
  }

  function receiveFor(site: Served, record: SiteRecord): void {
    const { directories } = site;
    switch (record.kind) {
      case 'request':
        if (record.met) site.onMet(pathOf(record.request));
        exchanges.ask(site, record);
        break;
      case 'stale':
        site.onStale(index.stale(record.path, site.number));
        break;
      case 'file-fault': {
        const what = record.fault === 'failed' ? record.errno : `${record.fault} while it was sent`;
        site.log.warn(`${record.file}: ${what}; closed the connection`, `fault:${record.file}`);
        site.onFault(record.file);
        break;
      }
      case 'refused':
        site.log.warn(`${record.file}: sendfile refused, read instead`, `refused:${record.file}`);
        site.onRefused(record.file);
        directories.stop();
        break;
      case 'directory':
        directories.look(record.path, record.changed);
        break;
      case 'kept':
        directories.watch(record.path);
        break;
      case 'root':
        site.lookAtRoot().then(({ root, rules }) => engine.setRoot(root, site.number, rules));
        break;
    }
  }

  function learn({ number, directories }: Served, { path, met }: Asking, plan: Answer): void {
    if (!path.startsWith('/')) return;
    directories.learn(path, plan);
    const { memo } = plan;
    if (memo === undefined) return;
    index.offer(path, memo, () => hotReply(plan, memo), met, number);
    const missing = plan.status === 404 ? directories.lacking(path) : undefined;
    if (missing !== undefined) index.offerMiss(missing, memo, () => hotReply(plan, memo), number);
  }

  let last: TransportStats | undefined;
  function end(): void {
    last ??= readStats(engine.stats());
    engine.close();
    exchanges.close();
  }

  return {
    listen(listener, shared = false) {
      const { tls, proxyFrom } = listener;
      return bindBy(addon, listener, { count: engine.threads, shared }, (descriptors) =>
        engine.listen(descriptors, tls, proxyFrom),
      );
    },
    retire() {
      admission.close();
      exchanges.endAll();
      engine.retire(NO_DEADLINE_MS);
      return { left: Promise.race([allRetired, lateAfter(0)]), ended: allStopped.then(end) };
    },
    async close(graceMs) {
      admission.close();
      exchanges.endAll();
      engine.stop(graceMs);
      await Promise.race([allStopped, lateAfter(graceMs)]);
      end();
    },
    stats: () => last ?? readStats(engine.stats()),
    useTls: (tls) => engine.useTls(engineTls(tls, http2)),
    prepared: sites.map(({ number, directories }) => ({
      forget: (files) => index.forget(files, number),
      used: (file) => index.used(file, number),
      changed: (path) => directories.suspect(path),
      crowded: () => admission.crowded(),
      setRoot({ root, rules }) {
        index.clear(number);
        directories.clear();
        engine.setRoot(root, number, rules);
      },
    })),
  };
}

/** A thread that hangs in a system call reports nothing. */
function lateAfter(graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, graceMs + LATE_MS).unref();
  });
}
