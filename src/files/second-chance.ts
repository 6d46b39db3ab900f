// Which entry a full cache lets go: the least recently used, unless others have used it since the last look.
import type { LRUCache } from 'lru-cache';

/** Entries that one newcomer may find in use and spare. */
const MAX_SPARED = 64;

/**
 * The key to let go; what is found in use on the way to it is young again (second chance). Undefined where nothing is
 * kept, or nothing but what is in use came up.
 */
export function idleKey<K extends object | string, V extends object>(
  cache: LRUCache<K, V>,
  isUsed: (key: K) => boolean,
): K | undefined {
  for (let spared = 0; spared < MAX_SPARED; spared++) {
    const oldest = oldestKey(cache);
    if (oldest === undefined || !isUsed(oldest)) return oldest;
    cache.get(oldest);
  }
  return undefined;
}

/** The least recently used key. */
export function oldestKey<K extends object | string, V extends object>(
  cache: LRUCache<K, V>,
): K | undefined {
  const [oldest] = cache.rkeys();
  return oldest;
}
