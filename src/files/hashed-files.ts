// The hashes of files of one directory, for whoever lists it: those that are known, and as many more as one answer may cost.
import { codingOfName } from './codings.ts';
import type { ContentHashes } from './content-hashes.ts';
import { closeAll, type Found } from './root.ts';

/** Bytes that are hashed for one answer: a tenth of a second of one core. Whoever asks again goes on from there. */
const MAX_HASHED = 64 * 1024 * 1024;

/** Descriptors that it takes at a time. */
const OPENED = 16;

/**
 * SHA-256 by name, in base64. `directory`: root-relative, with a slash at its end, or empty. Left out is whatever cannot be
 * read, what is beyond the limit, and what is encoded by itself: to whoever decodes it it is another text.
 */
export async function hashFiles(
  names: readonly string[],
  directory: string,
  hashes: ContentHashes,
  open: (paths: readonly string[]) => readonly Found[] | Promise<readonly Found[]>,
): Promise<Map<string, string>> {
  const told = new Map<string, string>();
  const some = names.filter((name) => codingOfName(name) === undefined);
  let left = MAX_HASHED;
  for (let at = 0; at < some.length; at += OPENED) {
    const batch = some.slice(at, at + OPENED);
    const found = await open(batch.map((name) => directory + name));
    for (const [i, one] of found.entries()) {
      if (one.type !== 'file') continue;
      if (hashes.get(one.version) === undefined && one.size <= left) {
        left -= one.size;
        if (!hashes.learnNow(one)) await hashes.learn(one);
      }
      const hash = hashes.get(one.version);
      if (hash !== undefined) told.set(batch[i] ?? '', hash);
    }
    closeAll(found);
  }
  return told;
}
