// Loads the native addon, or tells why there is none.
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { NativeAddon } from './types.ts';
import { differenceOf } from './wire.ts';

export type Native =
  | { readonly addon: NativeAddon; readonly file: string }
  | { readonly addon: undefined; readonly reason: string };

let loaded: Native | undefined;

/** The addon, or why there is none. Never throws. `ZCSERVE_NO_ADDON=1` leaves it out. */
export function loadNative(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  if (process.env.ZCSERVE_NO_ADDON === '1') {
    return { addon: undefined, reason: 'ZCSERVE_NO_ADDON=1' };
  }
  if (process.platform !== 'linux') {
    const system = `${process.platform}-${process.arch}`;
    return { addon: undefined, reason: `no native engine for ${system} (Linux only)` };
  }
  const system = systemOf(process.arch, headOf(process.execPath));
  const file =
    process.env.ZCSERVE_ADDON ??
    fileURLToPath(new URL(`../../native/prebuilt/${system}/zcserve.node`, import.meta.url));
  if (!existsSync(file)) {
    return {
      addon: undefined,
      reason: `the native addon is not built for ${system} (npm run build:native)`,
    };
  }
  try {
    const addon = createRequire(import.meta.url)(file) as NativeAddon;
    const difference = differenceOf(addon.layout?.());
    if (difference === undefined) return { addon, file };
    return {
      addon: undefined,
      reason: `addon and package are of different versions (${difference}): ${file}`,
    };
  } catch (error) {
    return {
      addon: undefined,
      reason: error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error),
    };
  }
}

/**
 * The system that a binary for this process is built for, as native/build.mjs names it. Two C libraries are two systems:
 * musl's loads a binary that was linked against glibc, and then lacks functions of it. Which one runs the program is
 * seen from the path of its loader, which stands in the first page of its executable.
 */
export function systemOf(arch: string, executable: Buffer): string {
  return `linux-${arch}${executable.includes('/ld-musl-') ? '-musl' : ''}`;
}

/** The first page of a file; empty where it cannot be read. */
function headOf(file: string): Buffer {
  const page = Buffer.alloc(4096);
  try {
    const fd = openSync(file, 'r');
    try {
      return page.subarray(0, readSync(fd, page));
    } finally {
      closeSync(fd);
    }
  } catch {
    return Buffer.of();
  }
}
