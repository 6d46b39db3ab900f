// Lists a directory: what could be served from it, each name opened by the same rules as a request.
import type { ListingEntry } from '../plan/types.ts';
import type { OpenFile } from './entry.ts';
import type { FilesPolicy } from './policy.ts';
import { closeAll, type Root } from './root.ts';

/**
 * Names per batch: descriptors that a listing holds at a time, and the work between two turns of the
 * event loop.
 */
const BATCH = 64;

/**
 * In the order of the directory. Links that leave the root, what may not be read and what is neither
 * file nor directory are absent: a request for them would be refused. Rejects with an Error that has
 * `code`.
 */
export async function list(
  root: Root,
  directory: OpenFile,
  path: string,
  policy: FilesPolicy,
): Promise<ListingEntry[]> {
  const entries: ListingEntry[] = [];
  let names: string[] = [];
  for await (const { name } of await root.read(directory, path)) {
    if (!isListed(name, policy)) continue;
    names.push(name);
    if (names.length < BATCH) continue;
    await describe(root, path, names, entries);
    names = [];
  }
  await describe(root, path, names, entries);
  return entries;
}

/** A backslash has no place in a request path (plan/target.ts), so a link to the name could not be followed. */
function isListed(name: string, policy: FilesPolicy): boolean {
  return !name.includes('\\') && (policy.dotfiles === 'allow' || !name.startsWith('.'));
}

async function describe(
  root: Root,
  path: string,
  names: readonly string[],
  entries: ListingEntry[],
): Promise<void> {
  if (names.length === 0) return;
  const found = await root.open(names.map((name) => (path === '' ? name : `${path}/${name}`)));
  closeAll(found);
  for (const [i, name] of names.entries()) {
    const one = found[i];
    if (one?.type === 'file') {
      entries.push({ name, directory: false, size: one.size, mtimeMs: one.mtimeMs });
    } else if (one?.type === 'directory') {
      entries.push({ name, directory: true, size: 0, mtimeMs: one.mtimeMs });
    }
  }
}
