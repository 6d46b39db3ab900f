// Strong entity-tags: from what identifies a version, or from its content.
import { loadEtag } from '../packages/packages.ts';
import type { Coding } from '../plan/types.ts';
import { HASHED_FIRST } from './content-hashes.ts';
import type { EtagPolicy } from './policy.ts';
import { contentVersion } from './root.ts';

/** How a version comes to its tag. */
export type TagSource =
  | { readonly kind: 'known'; readonly tag: string | undefined }
  /** Its content is hashed: before the first answer (`first`), or in the background while answers go without a tag. */
  | { readonly kind: 'hash'; readonly first: boolean };

/**
 * `auto`: a time with nanoseconds identifies a version, and a copy that keeps it has the same tag on another disk or
 * machine. A time in whole seconds proves little (archives, image layers and reproducible builds write the same one
 * into every version): there the content decides, or, where that is large, also ctime, which nobody can set. Size and
 * times are no secret (Content-Length and Last-Modified tell them), so they are the tag as they are, in hex.
 */
export function tagSource(
  policy: EtagPolicy,
  version: string,
  size: number,
  coding: Coding,
): TagSource {
  switch (policy) {
    case 'off':
      return { kind: 'known', tag: undefined };
    case 'stat':
      return { kind: 'known', tag: statEtag(version, coding) };
    case 'content':
      return { kind: 'hash', first: false };
    case 'auto': {
      const { length, time, change } = partsOf(version);
      const suffix = coding === 'identity' ? '' : `-${coding}`;
      if (hasFraction(time)) return { kind: 'known', tag: `"${length}-${time}${suffix}"` };
      if (size <= HASHED_FIRST) return { kind: 'hash', first: true };
      return { kind: 'known', tag: `"${length}-${time}-${change}${suffix}"` };
    }
  }
}

/** Size, mtime and ctime of a version, in hex. */
function partsOf(version: string) {
  const [, , length = '', time = '', change = ''] = version.split('-');
  return { length, time, change };
}

function hasFraction(time: string): boolean {
  return BigInt.asIntN(64, BigInt(`0x${time}`)) % 1_000_000_000n !== 0n;
}

/**
 * From "dev-ino-size-mtimens", hashed because an inode is nobody's business, and the coding, so two versions never share
 * a tag unless they were written within one tick of the file system's clock and have one size.
 */
export function statEtag(version: string, coding: Coding): string {
  // Loaded with the first: it brings OpenSSL's part of Node, a megabyte and 6 ms, and most trees need none.
  return loadEtag()(`${contentVersion(version)}-${coding}`);
}

/** 132 bits of SHA-256. */
const TAG_CHARACTERS = 22;

/**
 * Of content with this SHA-256 (in base64): the same wherever the bytes are. Two codings of a resource never share a tag,
 * whatever their bytes (RFC 9110 §8.8.3.3). native/http/content_hash.cc makes the same of an identity's.
 */
export function contentEtag(hash: string, coding: Coding = 'identity'): string {
  const start = hash.slice(0, TAG_CHARACTERS).replaceAll('+', '-').replaceAll('/', '_');
  return coding === 'identity' ? `"${start}"` : `"${start}-${coding}"`;
}
