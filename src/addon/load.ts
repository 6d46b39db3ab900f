// Loads the native addon, or tells why there is none.
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeAddon } from './types.ts';
import { differenceOf } from './wire.ts';

/** What to do with a bundler. */
const BUNDLERS = 'docs/bundlers.md';

export type Native =
  | { readonly addon: NativeAddon; readonly file: string }
  | {
      readonly addon: undefined;
      readonly reason: string;
      /** Nothing is wrong: it was left out on purpose, or there is none for this system. */
      readonly expected: boolean;
    };

let loaded: Native | undefined;

/** The addon, or why there is none. Never throws. `ZCSERVE_NO_ADDON=1` leaves it out. */
export function loadNative(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  if (process.env.ZCSERVE_NO_ADDON === '1') return none('ZCSERVE_NO_ADDON=1', true);
  if (process.platform !== 'linux') {
    const system = `${process.platform}-${process.arch}`;
    return none(`no native engine for ${system} (Linux only)`, true);
  }
  try {
    const file = process.env.ZCSERVE_ADDON ?? prebuilt();
    if (file === undefined) return none(`a bundle has no native addon beside it (${BUNDLERS})`);
    if (!existsSync(file)) return none(`no native addon at ${file} (in a bundle: ${BUNDLERS})`);
    // Not imported: webpack reads what createRequire() is given, and cannot know it.
    const { createRequire } = process.getBuiltinModule('node:module');
    const addon = createRequire(resolve(file))(file) as NativeAddon;
    const difference = differenceOf(addon.layout?.());
    if (difference !== undefined) {
      return none(`addon and package are of different versions (${difference}): ${file}`);
    }
    const refusal = tryDescriptor(addon, dirname(resolve(file)));
    if (refusal === undefined) return { addon, file };
    return none(`node:fs of this runtime does not take the addon's descriptors (${refusal})`);
  } catch (error) {
    return none(error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error));
  }
}

/**
 * Why node:fs takes no descriptor that the addon has opened: Deno's keeps a table of its own, so that every file would
 * fail later. Undefined where it does.
 */
function tryDescriptor(addon: NativeAddon, directory: string): string | undefined {
  const root = addon.openRoot(directory);
  try {
    return fstatSync(root.fd).isDirectory() ? undefined : 'another file';
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  } finally {
    root.close();
  }
}

function none(reason: string, expected = false): Native {
  return { addon: undefined, reason, expected };
}

/**
 * The package's binary for this process. The path is put together so that no bundler takes it for a file to copy;
 * undefined in a bundle of CommonJS, which does not know its place.
 */
function prebuilt(): string | undefined {
  if (import.meta.url === undefined) return undefined;
  const system = systemOf(process.arch, headOf(process.execPath));
  const here = dirname(fileURLToPath(import.meta.url));
  return join(here, '../../native/prebuilt', system, 'zcserve.node');
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
export function headOf(file: string): Buffer {
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
