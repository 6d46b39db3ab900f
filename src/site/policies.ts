// From options to policies: what the files, the plan and the transports go by. Fixed for one generation.
import { isAbsolute, relative, resolve } from 'node:path';
import type { EngineLimits } from '../addon/engine.ts';
import { FORMATS } from '../archive/formats.ts';
import { prefixReaches } from '../auth/realms.ts';
import type { FilesPolicy } from '../files/policy.ts';
import { MAX_TARGET } from '../http/target.ts';
import { areLocal, listenersOf } from '../options/listeners.ts';
import { mmapMaxOf } from '../options/mmap-max.ts';
import type { Options } from '../options/options.ts';
import { OptionError } from '../options/table.ts';
import type { PlanPolicy } from '../plan/policy.ts';
import { buildsAt } from '../rules/builds.ts';
import { compileRules, type Rules } from '../rules/fields.ts';
import { placeOf } from '../rules/hashed-names.ts';
import { compileMediaTypes, typesTellApart } from '../rules/media-types.ts';
import { compileRedirects, compileRewrites, reachesInto } from '../rules/redirects.ts';
import type { SiteOptions } from './site.ts';

/** A request body up to this is read away, so that its connection can stay. */
const MAX_DRAIN = 65_536;

/** Throws an OptionError that names the rule which does not hold. */
export function policiesOf(options: Options): Omit<SiteOptions, 'routed' | 'addon' | 'log'> {
  const compiled = compile(options);
  return {
    ...compiled,
    auth: authOf(options),
    archives: archivesOf(options),
    files: filesPolicy(options),
    plan: planPolicy(options, compiled.rules),
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
    maxDrain: MAX_DRAIN,
    revalidateMs: options.revalidate,
    verifySendfile: options.sendfileVerify,
    h2c: options.h2c,
    serverTiming: options.serverTiming,
  };
}

/** Throws an OptionError where a file of users would be served itself. */
function authOf({ auth, root, dotfiles }: Options): Readonly<Record<string, string>> {
  const files = Object.entries(auth).map(([prefix, file]) => [prefix, resolve(file)] as const);
  for (const [, file] of files) {
    const path = relative(resolve(root), file);
    const isBelow = !path.startsWith('..') && !isAbsolute(path);
    const isHidden = dotfiles !== 'allow' && path.split('/').some((name) => name.startsWith('.'));
    if (isBelow && !isHidden) {
      throw new OptionError((call) => `${call('auth')}: ${file} would be served itself`);
    }
  }
  return Object.fromEntries(files);
}

function compile(options: Options) {
  const { cacheControl, headers, immutableHashed, cdn, securityHeaders, hsts, cors } = options;
  const perGlob = typeof cacheControl === 'object';
  try {
    return {
      rules: compileRules({
        root: resolve(options.root),
        headers,
        cacheControl: perGlob ? cacheControl : {},
        defaultCacheControl: perGlob ? undefined : cacheControl,
        immutableHashed,
        cdn: cdn && Math.floor(cdn / 1000),
        securityHeaders,
        hsts,
        cors,
      }),
      mediaTypes: compileMediaTypes(options.mimeTypes),
      redirects: compileRedirects(options.redirects),
      rewrites: compileRewrites(options.rewrites),
      goesByDirectory:
        options.redirects.length + options.rewrites.length > 0 ||
        Object.keys(options.auth).length > 0 ||
        Object.keys(options.mimeTypes).some((key) => key.includes('/')),
      tellsApart: (directory: string, extension: string) =>
        reachesInto([...options.redirects, ...options.rewrites], directory) ||
        prefixReaches(Object.keys(options.auth), directory) ||
        typesTellApart(options.mimeTypes, extension),
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // It begins with the option that the rule stands in.
    throw new OptionError((call) => message.replace(/^\w+/, call));
  }
}

function filesPolicy(options: Options): FilesPolicy {
  const { strategy } = options;
  const maps = strategy === 'auto' || strategy === 'mmap';
  return {
    ...options,
    root: resolve(options.root),
    advises: areLocal(listenersOf(options)),
    spa: options.spa?.replace(/^\/+/, ''),
    codings: options.precompressed,
    builds: options.immutableHashed ? buildsAt(placeOf(resolve(options.root))) : undefined,
    revalidateMs: options.revalidate,
    mmapMax: mmapMaxOf(options),
    cacheSize: maps ? options.cacheSize : 0,
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
    common: rules.common,
  };
}
