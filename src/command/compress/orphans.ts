// Siblings whose file is gone. Many a file that ends so is no sibling: an archive, a table to be downloaded, the only form of a
// game's data. Nothing is taken for one that could be such.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { canDecode, decode } from '../../encode/decoders.ts';
import { MAX_SIZE, readContent } from './content.ts';
import type { Sidecar } from './sidecar.ts';
import type { Orphans } from './tree.ts';

type Plain = Extract<Sidecar, { readonly coding: 'br' | 'zstd' | 'gzip' }>;

/**
 * Those that are surely siblings: by a dictionary, which their names tell; or Brotli, which nobody downloads, together with
 * another coding of the very same content. Throws where one cannot be read.
 */
export function siblingsIn(root: string, { base, sidecars }: Orphans): readonly Sidecar[] {
  // There may be something else of that name: a directory, a link that is not followed.
  if (existsSync(join(root, base))) return [];
  const byDictionary = sidecars.filter((sidecar) => 'hash' in sidecar);
  const plain = sidecars.filter((sidecar): sidecar is Plain => !('hash' in sidecar));
  return [...byDictionary, ...ofOneContent(root, plain)];
}

function ofOneContent(root: string, plain: readonly Plain[]): readonly Plain[] {
  const brotli = plain.find(({ coding }) => coding === 'br');
  if (brotli === undefined || plain.length < 2) return [];
  const content = decode('br', readContent(join(root, brotli.path)).bytes, MAX_SIZE);
  const others = plain.filter(
    ({ path, coding }) =>
      coding !== 'br' &&
      canDecode(coding) &&
      isContent(content, decode(coding, readContent(join(root, path)).bytes, MAX_SIZE)),
  );
  return others.length === 0 ? [] : [brotli, ...others];
}

function isContent(content: Buffer | undefined, decoded: Buffer | undefined): boolean {
  return content !== undefined && decoded?.equals(content) === true;
}
