// Brings what is asked for by `warm` into the page cache while it is served already, and says what came of it.
import type { NativeAddon } from '../addon/types.ts';
import { availableMemory } from '../files/available-memory.ts';
import { openRoot } from '../files/open.ts';
import type { Root } from '../files/root.ts';
import { type WalkedFile, walkServed } from '../files/walk.ts';
import { type Warmed, type WarmOptions, warm } from '../files/warm.ts';
import type { Log } from '../log/log.ts';
import { NO_PROGRESS, type Progress } from '../log/progress.ts';
import { inHost } from '../options/hosts.ts';
import { hostsOf, type Options } from '../options/options.ts';
import { optionErrorOf } from '../options/table.ts';
import { formatSize } from '../plan/listing.ts';
import { compileGlob } from '../rules/glob.ts';

/** Of the memory that is available: the rest is for what comes later, and for others. */
const SHARE = 1 / 2;

/** What `warmMax` comes to, bytes. */
export function warmMaxOf({ warmMax }: Pick<Options, 'warmMax'>): number {
  return warmMax === 'auto' ? Math.floor(availableMemory() * SHARE) : warmMax;
}

export interface WarmingOptions {
  readonly addon: NativeAddon | undefined;
  readonly log: Log;
  /** Left out, nobody sees it. */
  readonly showProgress?: ((bytes: number) => Progress) | undefined;
}

/** How far it is. */
export interface WarmingStats {
  /** Bytes of the files that are wanted, as far as they fit; 0 until they are known. */
  readonly wanted: number;
  /** Bytes that are in the page cache. */
  readonly done: number;
  /** Has it ended, one way or another? */
  readonly over: boolean;
}

export interface Warming {
  stop(): void;
  stats(): WarmingStats;
}

/**
 * What begins it, one site after the other, and goes on until `stop`, after which it says nothing. Throws an OptionError for
 * a glob that is none.
 */
export function warmingOf(options: Options): (how: WarmingOptions) => Warming {
  const others = hostsOf(options).flatMap(({ key, options: own }) =>
    inHost(key, () => wishesOf(own)),
  );
  const wishes = [...wishesOf(options), ...others];
  return (how) => {
    const stopping = new AbortController();
    const { signal } = stopping;
    const state = { wanted: 0, done: 0, over: false };
    const showProgress = (bytes: number): Progress => {
      const { advance, clear } = how.showProgress?.(bytes) ?? NO_PROGRESS;
      state.wanted = bytes;
      return {
        advance(more) {
          state.done += more;
          advance(more);
        },
        clear,
      };
    };
    const about = { ...how, showProgress, max: warmMaxOf(options) };
    warmAll(wishes, about, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) how.log.warn(`warm: ${(error as Error).message}`);
      })
      .finally(() => {
        state.over = true;
      });
    return { stop: () => stopping.abort(), stats: () => ({ ...state }) };
  };
}

interface Shown {
  /** Bytes of all sites. */
  readonly max: number;
  readonly showProgress: (bytes: number) => Progress;
}

/** Of one site. */
interface Wish {
  readonly options: Pick<Options, 'root' | 'symlinks' | 'dotfiles' | 'siteRules'>;
  readonly matches: (path: string) => boolean;
}

/** None, or one. */
function wishesOf(options: Options): readonly Wish[] {
  const { warm: glob } = options;
  if (glob === 'none') return [];
  if (glob === '**') return [{ options, matches: () => true }];
  try {
    return [{ options, matches: compileGlob('warm', glob) }];
  } catch (error) {
    throw optionErrorOf(error);
  }
}

async function warmAll(
  wishes: readonly Wish[],
  { addon, max, log, showProgress }: Omit<WarmingOptions, 'showProgress'> & Shown,
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  const sites = wishes.map((wish) => ({ ...wish, root: rootOf(wish, addon) }));
  try {
    const wanted = await measure(sites, signal);
    const bar = showProgress(Math.min(max, wanted.bytes));
    const how = { addon, max, signal, onRead: bar.advance };
    const done = await warmEach(sites, how).finally(bar.clear);
    if (!signal.aborted) log.info(lineOf(done, wanted, max, performance.now() - began));
  } finally {
    for (const { root } of sites) root.close();
  }
}

interface OpenSite extends Wish {
  /** Its own: the one that is served may be replaced meanwhile. */
  readonly root: Root;
}

function rootOf({ options: { root, symlinks } }: Wish, addon: NativeAddon | undefined): Root {
  return openRoot(root, symlinks, addon);
}

interface Wanted {
  readonly files: number;
  /** When their directories were read. */
  readonly bytes: number;
}

async function measure(sites: readonly OpenSite[], signal: AbortSignal): Promise<Wanted> {
  const wanted = { files: 0, bytes: 0 };
  for (const site of sites) {
    for await (const { size } of filesIn(site, signal)) {
      wanted.files++;
      wanted.bytes += size;
    }
  }
  return wanted;
}

async function warmEach(sites: readonly OpenSite[], how: WarmOptions): Promise<Warmed> {
  let done: Warmed = { files: 0, bytes: 0, resident: 0, failed: 0 };
  for (const site of sites) {
    const files = filesIn(site, how.signal);
    done = sumOf(done, await warm(site.root, files, { ...how, max: how.max - done.bytes }));
  }
  return done;
}

async function* filesIn(
  { root, options, matches }: OpenSite,
  signal: AbortSignal,
): AsyncGenerator<WalkedFile, void> {
  for await (const file of walkServed(root, options)) {
    if (signal.aborted) return;
    if (matches(file.path)) yield file;
  }
}

function sumOf(a: Warmed, b: Warmed): Warmed {
  return {
    files: a.files + b.files,
    bytes: a.bytes + b.bytes,
    resident:
      a.resident === undefined || b.resident === undefined ? undefined : a.resident + b.resident,
    failed: a.failed + b.failed,
  };
}

/** `max`: bytes; `ms`: how long it took. */
export function lineOf(
  { files, bytes, resident, failed }: Warmed,
  wanted: Wanted,
  max: number,
  ms: number,
): string {
  const before =
    resident === undefined ? '' : `, of which ${formatSize(resident)} were there before`;
  const parts = [
    `warm: ${files} files, ${formatSize(bytes)} in the page cache after ${(ms / 1000).toFixed(1)} s${before}`,
    ...(wanted.bytes > max
      ? [`${wanted.files - files} files do not fit into warmMax, ${formatSize(max)}`]
      : []),
    ...(failed > 0 ? [`${failed} could not be opened`] : []),
  ];
  return parts.join('; ');
}
