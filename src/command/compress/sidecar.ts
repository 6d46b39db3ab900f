// The names of siblings: those that are encoded by themselves, and by a dictionary, which the name tells by its SHA-256.
import { BY_DICTIONARY, SUFFIXES } from '../../files/codings.ts';
import type { DictionaryCoding, FileCoding } from '../../plan/types.ts';

/** A file that is by its name another form of the file `base`. */
export type Sidecar =
  | { readonly base: string; readonly path: string; readonly coding: FileCoding }
  | {
      readonly base: string;
      readonly path: string;
      readonly coding: DictionaryCoding;
      /** Hexadecimal, in lower case. */
      readonly hash: string;
    };

/** Undefined for a name of any other form. */
export function sidecarOf(path: string): Sidecar | undefined {
  const { owner: base, hash, coding } = BY_DICTIONARY.exec(path)?.groups ?? {};
  if (base !== undefined && hash !== undefined) {
    return { base, path, coding: coding === 'dcb' ? 'dcb' : 'dcz', hash };
  }
  for (const plain of Object.keys(SUFFIXES) as FileCoding[]) {
    const own = path.slice(0, -SUFFIXES[plain].length);
    if (path.endsWith(SUFFIXES[plain]) && /[^/]$/.test(own)) {
      return { base: own, path, coding: plain };
    }
  }
  return undefined;
}

export function plainSidecar(base: string, coding: FileCoding): Sidecar {
  return { base, path: base + SUFFIXES[coding], coding };
}

export function dictionarySidecar(
  base: string,
  coding: DictionaryCoding,
  sha256: Uint8Array,
): Sidecar {
  const hash = Buffer.from(sha256).toString('hex');
  return { base, path: `${base}.${hash}.${coding}`, coding, hash };
}
