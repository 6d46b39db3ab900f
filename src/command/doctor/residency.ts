// What is in memory, and could be: how much of the root the page cache has, and whether the memory cache can be locked.
import type { Native } from '../../addon/load.ts';
import { lockLimit } from '../../files/lock-limit.ts';
import { closeAll, type Root } from '../../files/root.ts';
import { walkServed } from '../../files/walk.ts';
import type { Options } from '../../options/options.ts';
import { formatSize } from '../../plan/listing.ts';
import { reasonOf } from '../../server/lock-cache.ts';
import { warmMaxOf } from '../../server/warming.ts';
import { type Finding, finding, messageOf } from './finding.ts';

/** What is looked at of a large tree: files, and milliseconds. */
const MAX_FILES = 10_000;
const MAX_MS = 3000;

interface Residency {
  files: number;
  bytes: number;
  /** Files that are there to their end, and bytes of all. */
  whole: number;
  resident: number;
  /** Files of which the kernel tells nothing. */
  untold: number;
  /** Is there more, that was not looked at? */
  more: boolean;
}

/** How many of the files that would be served are in the page cache. Reads none of them. */
export async function pageCache(root: Root, options: Options, native: Native): Promise<Finding> {
  const subject = 'page cache';
  if (native.addon === undefined) return finding(subject, undefined, 'needs the engine');
  try {
    const seen = await residencyOf(root, options, native.addon);
    const warms = `--warm reads at most ${formatSize(warmMaxOf(options))}`;
    return finding(subject, undefined, `${textOf(seen)}; ${warms}`);
  } catch (error) {
    return finding(subject, undefined, messageOf(error));
  }
}

async function residencyOf(
  root: Root,
  options: Options,
  addon: NonNullable<Native['addon']>,
): Promise<Residency> {
  const seen = { files: 0, bytes: 0, whole: 0, resident: 0, untold: 0, more: false };
  const end = performance.now() + MAX_MS;
  for await (const { path } of walkServed(root, options)) {
    if (seen.files === MAX_FILES || performance.now() > end) {
      seen.more = true;
      break;
    }
    const opened = await root.open([path]);
    const [found] = opened;
    try {
      if (found?.type !== 'file' || found.file.native === undefined) continue;
      seen.files++;
      seen.bytes += found.size;
      const resident = await addon.residentBytes(found.file.native, 0, found.size);
      seen.resident += resident ?? 0;
      if (resident === undefined) seen.untold++;
      else if (resident === found.size) seen.whole++;
    } finally {
      closeAll(opened);
    }
  }
  return seen;
}

function textOf({ files, bytes, whole, resident, untold, more }: Residency): string {
  const parts = [
    `${whole} of ${files} files, ${formatSize(resident)} of ${formatSize(bytes)}`,
    ...(untold > 0 ? [`of ${untold} files only who may write them is told`] : []),
    ...(more ? ['there are more, not looked at'] : []),
  ];
  return parts.join('; ');
}

/** Would `lockCache` be had? It is tried. */
export function lockedMemory(options: Options, { addon }: Native): Finding {
  const subject = 'locked memory';
  const { lockCache, cacheSize } = options;
  const bad = lockCache === 'on' ? false : undefined;
  if (addon === undefined) return finding(subject, bad, 'needs the engine');
  const refusal = cacheSize === 0 ? 'no-cache' : tryLock(addon, cacheSize);
  if (refusal !== undefined) return finding(subject, bad, reasonOf(refusal, cacheSize));
  const { hard = 0 } = lockLimit() ?? {};
  const most = Number.isFinite(hard) ? formatSize(hard) : 'no end';
  const rights = hard < cacheSize ? ', and more by CAP_IPC_LOCK' : '';
  const text = `--lock-cache can keep the memory cache, ${formatSize(cacheSize)} (limit: ${most}${rights})`;
  return finding(subject, lockCache === 'off' ? undefined : true, text);
}

function tryLock(addon: NonNullable<Native['addon']>, capacity: number): string | undefined {
  try {
    const arena = addon.createArena(capacity);
    try {
      return arena.lock();
    } finally {
      arena.close();
    }
  } catch (error) {
    return messageOf(error);
  }
}
