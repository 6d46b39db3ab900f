// A site: the root, the file table and the handler that options ask for; what a server and a middleware share.
import { resolve } from 'node:path';
import { openRoot } from './files/open.ts';
import type { Describe } from './files/open-files.ts';
import type { FilesPolicy } from './files/policy.ts';
import type { Root } from './files/root.ts';
import { FileTable } from './files/table.ts';
import { typeOf } from './files/type.ts';
import { createHandler } from './handler.ts';
import type { NativeAddon } from './native.ts';
import { OptionError } from './options/table.ts';
import type { Options } from './options.ts';
import { lastModifiedOf, representationFields } from './plan/fields.ts';
import type { PlanPolicy } from './plan/policy.ts';
import { compileRedirects, compileRewrites } from './plan/redirects.ts';
import { compileRules, type Rules } from './plan/rules.ts';
import type { StrategyLimits } from './plan/types.ts';
import type { Handler, Log } from './transport/transport.ts';

export interface Site {
  readonly root: Root;
  readonly table: FileTable;
  readonly handler: Handler;
  /** Closes every file that nobody is sending. */
  close(): void;
}

export interface SiteOptions {
  readonly options: Options;
  readonly addon: NativeAddon | undefined;
  /** What the transport of this site can carry. */
  readonly carrier: StrategyLimits['carrier'];
  readonly log: Log;
}

/** Throws an OptionError for a rule that does not hold, and an Error with `code` for a root that cannot be opened. */
export function openSite({ options, addon, carrier, log }: SiteOptions): Site {
  const { rules, redirects, rewrites } = compile(options);
  const policy = filesPolicy(options);
  const root = openRootOf(policy, addon);
  const describe = describeBy(rules, options);
  const table = new FileTable({ policy, root, addon, describe, log });
  const handler = createHandler({
    table,
    policy: planPolicy(options, rules, carrier),
    redirects,
    rewrites,
    spa: options.spa !== undefined,
    errorPages: options.errorPages,
    log,
  });
  const close = () => {
    table.close();
    root.close();
  };
  return { root, table, handler, close };
}

function compile(options: Options) {
  const { cacheControl, headers, immutableHashed, securityHeaders, cors } = options;
  const perGlob = typeof cacheControl === 'object';
  try {
    return {
      rules: compileRules({
        headers,
        cacheControl: perGlob ? cacheControl : {},
        defaultCacheControl: perGlob ? undefined : cacheControl,
        immutableHashed,
        securityHeaders,
        cors,
      }),
      redirects: compileRedirects(options.redirects),
      rewrites: compileRewrites(options.rewrites),
    };
  } catch (error) {
    throw new OptionError(`option ${error instanceof Error ? error.message : error}`);
  }
}

function filesPolicy(options: Options): FilesPolicy {
  const { strategy } = options;
  const maps = strategy === 'auto' || strategy === 'mmap';
  return {
    ...options,
    root: resolve(options.root),
    spa: options.spa?.replace(/^\/+/, ''),
    codings: options.precompressed,
    revalidateMs: options.revalidate,
    cacheSize: maps ? options.cacheSize : 0,
  };
}

function planPolicy(
  options: Options,
  rules: Rules,
  carrier: StrategyLimits['carrier'],
): PlanPolicy {
  const { strategy: forced, mmapMax, mmapMinUses, sendfileMin } = options;
  return {
    limits: { forced, mmapMax, mmapMinUses, sendfileMin, carrier },
    maxRanges: options.maxRanges,
    serverTiming: options.serverTiming,
    cors: options.cors,
    common: rules.common,
  };
}

/** What each open file says of itself, once per version. */
function describeBy(rules: Rules, options: Options): Describe {
  const acceptRanges = options.maxRanges > 0;
  return ({ path, coding, mtimeMs, etag, varies }) => {
    const lastModified = options.lastModified ? lastModifiedOf(mtimeMs, Date.now()) : undefined;
    const contentType = typeOf(path);
    const input = { path, contentType, coding, etag, lastModified, varies, acceptRanges };
    return { etag, lastModified, ...representationFields(input, rules) };
  };
}

const ROOT_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'no such directory',
  ENOTDIR: 'not a directory',
  EACCES: 'no permission to read it',
};

function openRootOf({ root, symlinks }: FilesPolicy, addon: NativeAddon | undefined): Root {
  try {
    return openRoot(root, symlinks, addon);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(`cannot serve ${root}: ${ROOT_PROBLEMS[code] ?? message}`), {
      code,
    });
  }
}
