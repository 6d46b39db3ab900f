// The native addon in somebody else's process.
import { loadNative } from '../addon/load.ts';
import type { NativeAddon } from '../addon/types.ts';
import type { Log } from '../log/log.ts';

let told = false;

/** The addon. Where it should be there and is not, as in a bundle, the first mount of the process says so. */
export function addonFor(log: Log): NativeAddon | undefined {
  const native = loadNative();
  if (native.addon === undefined && !native.expected && !told) {
    told = true;
    log.warn(`files go the slow way, by read: ${native.reason}`);
  }
  return native.addon;
}
