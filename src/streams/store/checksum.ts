// CRC-32 (ISO 3309), of bytes and of the UTF-8 of a text.
import { loadZlib } from '../../packages/packages.ts';

/** `before`: the checksum of what stands before it. */
export type Checksum = (bytes: Uint8Array | string, before?: number) => number;

/** Node's own. It loads node:zlib. */
export function loadChecksum(): Checksum {
  return loadZlib().crc32;
}

/** Eight digits. */
export function hexOf(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
