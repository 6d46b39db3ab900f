// How large a file the memory cache takes where nobody has said so.
import type { Options } from './options.ts';

/**
 * The largest file that the memory cache takes, bytes. From 32 KiB on, sendfile costs less than a copy in memory; but what is
 * encrypted has to be read by the process, and from memory no call is needed for that.
 */
export function mmapMaxOf({ mmapMax, cacheSize, tlsCert }: Options): number {
  if (mmapMax !== 'auto') return mmapMax;
  return tlsCert !== undefined ? Math.min(2 ** 20, Math.floor(cacheSize / 64)) : 32_768;
}
