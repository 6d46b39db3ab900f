// From options to policies: what the files, the plan and the transports go by. Fixed for one generation.
import { isAbsolute, relative, resolve } from 'node:path';
import type { EngineLimits } from '../addon/engine.ts';
import { FORMATS } from '../archive/formats.ts';
import { prefixCovers, prefixReaches } from '../auth/realms.ts';
import { isCompressible } from '../encode/compressible.ts';
import { ENCODERS } from '../encode/encoders.ts';
import type { CompressPolicy, FilesPolicy } from '../files/policy.ts';
import { MAX_TARGET } from '../http/target.ts';
import { areLocal, listenersOf } from '../options/listeners.ts';
import { mmapMaxOf } from '../options/mmap-max.ts';
import type { Options } from '../options/options.ts';
import { OptionError, optionErrorOf } from '../options/table.ts';
import type { PlanPolicy } from '../plan/policy.ts';
import { buildsAt } from '../rules/builds.ts';
import { type CarriedFields, compileRules, type Rules } from '../rules/fields.ts';
import { compileGlob } from '../rules/glob.ts';
import { placeOf } from '../rules/hashed-names.ts';
import type { Listener } from '../rules/listeners.ts';
import { compileMediaTypes, type MediaTypes, typesTellApart } from '../rules/media-types.ts';
import { compileRedirects, compileRewrites, reachesInto } from '../rules/redirects.ts';
import { typeOf } from './media-type.ts';
import type { SiteOptions } from './site.ts';
import type { SiteStreams } from './streams.ts';

/** A request body up to this is read away, so that its connection can stay. */
const MAX_DRAIN = 65_536;

/** Throws an OptionError that names the rule which does not hold. */
export function policiesOf(options: Options): Omit<SiteOptions, 'routed' | 'addon' | 'log'> {
  const { rules, ...others } = compile(options);
  return {
    ...others,
    auth: authOf(options),
    archives: archivesOf(options),
    live: liveOf(options),
    earlyHints: options.earlyHints,
    downloads: options.download,
    files: filesPolicy(options, others.mediaTypes),
    plan: planPolicy(options, rules),
  };
}

/** Throws an OptionError where this Node cannot write one of the formats. */
function archivesOf({ archive, listing, archiveMaxSize }: Options): SiteOptions['archives'] {
  if (archive.length === 0 || !listing) return undefined;
  const formats = archive === 'all' ? FORMATS : archive;
  const lacking = formats.find((format) => !FORMATS.includes(format));
  if (lacking !== undefined) {
    throw new OptionError(
      (call) => `${call('archive')}: "${lacking}" needs Zstandard, which Node has from 22.15 on`,
    );
  }
  return { formats, maxSize: archiveMaxSize };
}

/** Throws an OptionError where one is no glob. */
function liveOf({ live, liveTimeout: timeoutMs }: Options): SiteOptions['live'] {
  if (live.length === 0) return undefined;
  try {
    const globs = live.map((glob) => compileGlob('live', glob));
    return { offers: (path) => globs.some((matches) => matches(path)), timeoutMs };
  } catch (error) {
    throw optionErrorOf(error);
  }
}

/** What streams go by, but for their store. Throws an OptionError where nobody says who may write. */
export function streamsOf(options: Options): Omit<SiteStreams, 'store'> | undefined {
  const { streams: prefix, writeTokenFile: tokenFile, auth } = options;
  if (prefix === undefined) return undefined;
  const listeners = listenersOf(options);
  if (tokenFile !== undefined) refuseServed('writeTokenFile', resolve(tokenFile), options);
  const isGuarded = prefixCovers(Object.keys(auth), prefix);
  if (tokenFile === undefined && !isGuarded && !listeners.every(isOfThisMachine)) {
    throw new OptionError(
      (call) =>
        `${call('streams')}: who is not on this machine may connect: ${call('writeTokenFile')} says who may write, or ${call('auth')} of ${prefix}/`,
    );
  }
  return {
    prefix,
    tokenFile,
    scheme: schemeOf(listeners),
    maxAppend: options.maxAppend,
    longPollMs: options.longPollTimeout,
    eventsMs: options.sseTimeout,
  };
}

/** A Unix socket's mode says who may come. */
function isOfThisMachine(listener: Listener): boolean {
  const isSocket = listener.at.kind === 'unix' && listener.proxyFrom === undefined;
  return isSocket || areLocal([listener]);
}

/** Undefined where they differ. */
function schemeOf(listeners: readonly Listener[]): 'http' | 'https' | undefined {
  if (listeners.every(({ tls }) => tls)) return 'https';
  return listeners.some(({ tls }) => tls) ? undefined : 'http';
}

export function limitsOf(options: Options): EngineLimits {
  return {
    maxHeaderSize: options.maxHeaderSize,
    maxTargetSize: Math.min(MAX_TARGET, options.maxHeaderSize),
    maxConnections: options.maxConnections,
    headerTimeoutMs: options.headerTimeout,
    keepAliveTimeoutMs: options.keepAliveTimeout,
    sendTimeoutMs: options.sendTimeout,
    keepAliveRequests: options.keepAliveRequests,
    keepAliveLifeMs: options.keepAliveLife,
    limitRate: options.limitRate,
    limitRateAfter: options.limitRateAfter,
    maxConnectionsPerAddress: options.maxConnectionsPerAddress,
    requestRate: options.maxRequestsPerAddress,
    allow: options.allow,
    deny: options.deny,
    sendfileMaxChunk: options.sendfileMaxChunk,
    sendfileMin: smallestSent(options),
    maxDrain: MAX_DRAIN,
    revalidateMs: options.revalidate,
    verifySendfile: options.sendfileVerify,
    h2c: options.h2c,
    serverTiming: options.serverTiming,
  };
}

/** Of pieces of files, as `chooseStrategy` has it for whole ones. */
function smallestSent({ strategy, sendfileMin }: Options): number {
  switch (strategy) {
    case 'auto':
      return sendfileMin;
    case 'sendfile':
      return 0;
    case 'mmap':
    case 'read':
      return Number.MAX_SAFE_INTEGER;
  }
}

/** Throws an OptionError where a file of users would be served itself. */
function authOf(options: Options): Readonly<Record<string, string>> {
  const files = Object.entries(options.auth).map(
    ([prefix, file]) => [prefix, resolve(file)] as const,
  );
  for (const [, file] of files) refuseServed('auth', file, options);
  return Object.fromEntries(files);
}

function refuseServed(name: string, file: string, { root, dotfiles }: Options): void {
  const path = relative(resolve(root), file);
  const isBelow = !path.startsWith('..') && !isAbsolute(path);
  const isHidden = dotfiles !== 'allow' && path.split('/').some((each) => each.startsWith('.'));
  if (!isBelow || isHidden) return;
  throw new OptionError((call) => `${call(name)}: ${file} would be served itself`);
}

/** Of what does not go by the file alone: below them stands a guard, or no file at all. */
function prefixesOf({ auth, streams }: Options): readonly string[] {
  return [...Object.keys(auth), ...(streams === undefined ? [] : [`${streams}/`])];
}

function compile(options: Options) {
  const { cacheControl, headers, immutableHashed, cdn, securityHeaders, hsts, cors } = options;
  const perGlob = typeof cacheControl === 'object';
  try {
    const mediaTypes = compileMediaTypes(options.mimeTypes);
    const compileWith = (blocks: CarriedFields['blocks']) =>
      compileRules({
        root: resolve(options.root),
        headers,
        cacheControl: perGlob ? cacheControl : {},
        defaultCacheControl: perGlob ? undefined : cacheControl,
        immutableHashed,
        dictionaries: options.dictionaries || undefined,
        cdn: cdn && Math.floor(cdn / 1000),
        securityHeaders,
        hsts,
        cors,
        carried: {
          blocks,
          pathsOf: (path) => pathsOf(path, options),
          isTyped: (path) => mediaTypes(path) !== undefined,
          isGuarded: (path) => prefixReaches(Object.keys(options.auth), `/${path}`),
        },
      });
    return {
      compileWith,
      rules: compileWith([]),
      mediaTypes,
      redirects: compileRedirects(options.redirects),
      rewrites: compileRewrites(options.rewrites),
      goesByDirectory:
        options.streams !== undefined ||
        options.redirects.length + options.rewrites.length > 0 ||
        Object.keys(options.auth).length > 0 ||
        Object.keys(options.mimeTypes).some((key) => key.includes('/')),
      tellsApart: (directory: string, extension: string) =>
        reachesInto([...options.redirects, ...options.rewrites], directory) ||
        prefixReaches(prefixesOf(options), directory) ||
        typesTellApart(options.mimeTypes, extension),
    };
  } catch (error) {
    throw optionErrorOf(error);
  }
}

/** By which paths a file is asked for: its own, that of the directory whose index it is, and a page's clean one. */
function pathsOf(path: string, { index, cleanUrls }: Options): readonly string[] {
  const own = `/${path}`;
  const cut = own.lastIndexOf('/');
  const paths = [own];
  if (index.includes(own.slice(cut + 1))) paths.push(own.slice(0, cut) || '/');
  if (cleanUrls && own.endsWith('.html')) paths.push(own.slice(0, -'.html'.length));
  return paths;
}

function filesPolicy(options: Options, mediaTypes: MediaTypes): FilesPolicy {
  const { strategy } = options;
  const maps = strategy === 'auto' || strategy === 'mmap';
  return {
    ...options,
    root: resolve(options.root),
    advises: areLocal(listenersOf(options)),
    spa: options.spa?.replace(/^\/+/, ''),
    codings: options.precompressed,
    compress: compressPolicy(options),
    dictionaries: dictionariesOf(options, mediaTypes),
    digest: options.digest !== 'off',
    builds: options.immutableHashed ? buildsAt(placeOf(resolve(options.root))) : undefined,
    revalidateMs: options.revalidate,
    mmapMax: mmapMaxOf(options),
    cacheSize: maps ? options.cacheSize : 0,
  };
}

/** What is compressed already has no form by a dictionary. */
function dictionariesOf(
  { dictionaries }: Options,
  mediaTypes: MediaTypes,
): FilesPolicy['dictionaries'] {
  if (dictionaries === false) return undefined;
  return (path) => isCompressible(mediaTypes(path) ?? typeOf(path));
}

/** By measurement (docs/performance.md): what leaves the machine, or is encrypted, is worth more than what it takes to encode it. */
function compressPolicy(options: Options): CompressPolicy | undefined {
  const { compress, tlsCert, compressCpu, compressSize, compressCache } = options;
  const leaves = tlsCert !== undefined || !areLocal(listenersOf(options));
  if (compress === 'off' || (compress === 'auto' && !leaves)) return undefined;
  const directory = compressCache && resolve(compressCache);
  if (directory !== undefined) refuseServed('compressCache', directory, options);
  return {
    codings: ENCODERS,
    percent: compressCpu,
    capacity: compressSize,
    directory,
  };
}

function planPolicy(options: Options, rules: Rules): PlanPolicy {
  const { strategy: forced, sendfileMin } = options;
  return {
    limits: { forced, mmapMax: mmapMaxOf(options), sendfileMin },
    maxRanges: options.maxRanges,
    acceptRanges: options.maxRanges > 0 ? 'bytes' : 'none',
    serverTiming: options.serverTiming,
    cors: options.cors,
    digest: options.digest !== 'off',
    common: rules.common,
  };
}
