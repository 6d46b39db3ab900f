// The sites of one server: what stands beside `hosts`, and a site for each virtual host. One handler and one budget for all.
import { FilePool } from '../files/file-pool.ts';
import type { TableStats } from '../files/table.ts';
import { HostNames } from '../http/host-names.ts';
import { splitAbsolute } from '../http/target.ts';
import type { RequestHead } from '../plan/request.ts';
import type { Handler } from './answer.ts';
import { createSite, type Site, type SiteOptions } from './site.ts';

/** A site for these names; of all that have none, for none. */
export interface Named<T> {
  readonly names: readonly string[];
  readonly site: T;
}

export interface Sites {
  /** The first is for all names that are no other's; the others are counted from 1. */
  readonly all: readonly [Named<Site>, ...Named<Site>[]];
  /** Of the site that a request is for. */
  readonly handler: Handler;
  readonly pool: FilePool;
  /** Reads what they carry: nothing is answered before. Never rejects. */
  read(): Promise<void>;
  stats(): TableStats;
  /** Who waits for what comes to a stream gets an answer now, and so does whoever asks from now on. */
  endWaits(): void;
  /** Closes every file that nobody is sending, and the roots. */
  close(): void;
}

/** `failed` makes an error of what keeps a root from being opened. */
export function openSites(
  first: SiteOptions,
  hosts: ReadonlyArray<Named<SiteOptions>>,
  failed: (root: string, error: unknown) => Error,
): Sites {
  const { addon, log } = first;
  // Where a site maps nothing, it may yet be another one's.
  const cacheSize = Math.max(...[first, ...hosts.map(({ site }) => site)].map(cacheSizeOf));
  const pool = new FilePool({ policy: { ...first.files, cacheSize }, addon, log });
  const opened: Named<Site>[] = [];
  const close = () => {
    for (const { site } of opened) site.close();
    pool.close();
  };
  const open = ({ names, site }: Named<SiteOptions>): Named<Site> => {
    try {
      const named = { names, site: createSite({ ...site, pool }) };
      opened.push(named);
      return named;
    } catch (error) {
      close();
      throw failed(site.files.root, error);
    }
  };
  const all = [open({ names: [], site: first }), ...hosts.map(open)] as const;
  return {
    all,
    handler: handlerOf(all),
    pool,
    async read() {
      const carrying = all.filter(({ site }) => site.files.siteRules);
      await Promise.all(carrying.map(({ site }) => site.table.lookAtRoot()));
    },
    stats: () => {
      const stats = all.map(({ site }) => site.table.stats());
      return { ...pool.stats(), paths: stats.reduce((sum, { paths }) => sum + paths, 0) };
    },
    endWaits() {
      for (const { site } of all) site.endWaits();
    },
    close,
  };
}

function cacheSizeOf({ files }: SiteOptions): number {
  return files.cacheSize;
}

function handlerOf([{ site: first }, ...hosts]: Sites['all']): Handler {
  if (hosts.length === 0) return first.handler;
  const names = new HostNames(hosts.map((host) => host.names));
  return (request, reach) => {
    const { site } = hosts[names.find(authorityOf(request)) - 1] ?? { site: first };
    return site.handler(request, reach);
  };
}

/** RFC 9112 §3.2.2: an absolute-form's own, whatever Host says. Empty where an old client names none. */
function authorityOf({ target, fields }: RequestHead): string {
  const absolute = target.startsWith('/') ? undefined : splitAbsolute(target);
  return absolute?.authority ?? fields.host ?? '';
}
