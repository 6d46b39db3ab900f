// Files whose contents come into being as they are read: their sizes are 0, or a page, and true of nothing.
import { promises as fs } from 'node:fs';

/** statfs(2) f_type of proc, sysfs and their kin; native/files/volume.cc has them too. */
const TYPES: ReadonlySet<number> = new Set([
  ...[0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x73636673, 0x62656570, 0x27e0eb, 0x63677270],
]);

/** By device, asked once: file systems are few. */
const known = new Map<bigint, boolean>();

/** Is the file at this path, on this device, one of those? Never rejects. */
export async function isMadeUp(path: string, device: bigint): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const answer = known.get(device);
  if (answer !== undefined) return answer;
  try {
    const is = TYPES.has((await fs.statfs(path)).type);
    known.set(device, is);
    return is;
  } catch {
    return false;
  }
}
