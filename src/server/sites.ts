// The sites of one server: that of its root, and one for each of its hosts.
import type { NativeAddon } from '../addon/types.ts';
import type { FilesPolicy } from '../files/policy.ts';
import type { Log } from '../log/log.ts';
import { inHost } from '../options/hosts.ts';
import { hostsOf, type Options } from '../options/options.ts';
import { policiesOf, streamsOf } from '../site/policies.ts';
import type { SiteOptions } from '../site/site.ts';
import { openSites, type Sites } from '../site/sites.ts';
import type { Chosen } from './choose.ts';
import { lockCache } from './lock-cache.ts';
import { cannotServe } from './problems.ts';
import type { StoreHolder } from './streams.ts';

export interface Surroundings {
  readonly addon: NativeAddon | undefined;
  readonly log: Log;
  /** Of the root alone: no host has streams. */
  readonly streams: StoreHolder | undefined;
}

/** What keeps streams is loaded where there are some. Rejects with a StartError where it cannot. */
export async function holdStreams(
  options: Options,
  { addon, log }: Pick<Surroundings, 'addon' | 'log'>,
): Promise<StoreHolder | undefined> {
  if (options.streams === undefined) return undefined;
  return (await import('./streams.ts')).holdStore(options, addon, log);
}

/** Throws a StartError where a root cannot be used; what `chosen` has started then ends. */
export function openSitesOf(
  options: Options,
  chosen: Chosen,
  { addon, log, streams: holder }: Surroundings,
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
  let sites: Sites | undefined;
  try {
    const policy = streamsOf(options);
    const streams = policy &&
      holder && { ...policy, store: () => holder.store, mount: holder.mount };
    const first = { ...siteOf(options), streams };
    const hosts = hostsOf(options).map(({ key, names, options: own }) => ({
      names,
      site: inHost(key, () => siteOf({ ...own, streams: undefined }, names[0])),
    }));
    sites = openSites(first, hosts, cannotServe);
    lockCache(sites.pool.memory, options, log);
    return sites;
  } catch (error) {
    sites?.close();
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
