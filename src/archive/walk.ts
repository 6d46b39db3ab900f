// What is in a directory and below it, as far as anybody could find it who follows the links of its listing.
import type { FileTable } from '../files/table.ts';
import { unpackNow } from '../plan/listing-order.ts';
import type { Listing } from '../plan/types.ts';

/** What stands below, before it is opened. */
export interface Walked {
  /** Root-relative, without a slash at its end. */
  readonly path: string;
  readonly isDirectory: boolean;
  /** Bytes. */
  readonly size: number;
  readonly mtimeMs: number;
}

export interface WalkLimits {
  /** Files and directories. */
  readonly entries: number;
  /** Bytes of all files. */
  readonly size: number;
  /** Directories one in another. */
  readonly depth: number;
}

export interface WalkOptions {
  readonly table: Pick<FileTable, 'list' | 'lookup'>;
  readonly limits: WalkLimits;
  /** Is what stands at this path (`/`-separated, decoded) for whoever may see the directory? */
  readonly belongs: (path: string) => boolean;
}

/** Why a directory is not walked to its end. */
export type Excess = 'too many entries' | 'too large' | 'too deep';

/** A directory with those that it is in, by version: whoever comes back to one of them goes in a circle. */
interface Place {
  readonly listing: Listing;
  readonly above: readonly string[];
}

/** Work between two turns of the event loop, ms. */
const TURN_MS = 1;

/**
 * Everything below a listing, each directory before what is in it. Of a directory with an index page that page alone: what else
 * is there is listed nowhere. What vanishes meanwhile is left out.
 */
export async function walk(listing: Listing, options: WalkOptions): Promise<Walked[] | Excess> {
  const { table, limits, belongs } = options;
  const found: Walked[] = [];
  const places: Place[] = [{ listing, above: [] }];
  let size = 0;
  let turned = performance.now();

  const add = (one: Walked): Excess | undefined => {
    found.push(one);
    size += one.size;
    if (size > limits.size) return 'too large';
    return found.length > limits.entries ? 'too many entries' : undefined;
  };

  /** The entries of one directory; those of its own that are directories are places from now on. */
  async function visit({ listing, above }: Place): Promise<Excess | undefined> {
    const listed = await table.list(listing);
    if (listed.kind !== 'contents') return undefined;
    if (found.length + listed.count > limits.entries) return 'too many entries';
    // No more than the limit: at once.
    const { names, sizes, times } = unpackNow(listed);
    const inside: Place[] = [];
    const circle = [...above, listing.version];
    for (const [i, name] of names.entries()) {
      const path = listing.path + name;
      if (!belongs(path)) continue;
      const mtimeMs = times[i] ?? 0;
      const bytes = sizes[i] ?? 0;
      if (bytes >= 0) {
        const excess = add({ path: path.slice(1), isDirectory: false, size: bytes, mtimeMs });
        if (excess !== undefined) return excess;
        continue;
      }
      if (performance.now() - turned > TURN_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        turned = performance.now();
      }
      const below = await table.lookup(path, true, false);
      if (below.kind !== 'listing' && below.kind !== 'file') continue;
      if (below.kind === 'listing' && circle.includes(below.version)) continue;
      const excess = add({ path: path.slice(1), isDirectory: true, size: 0, mtimeMs });
      if (excess !== undefined) return excess;
      if (below.kind === 'file') {
        const { path: page, size, mtimeMs } = below.resource.identity;
        const excess = add({ path: page, isDirectory: false, size, mtimeMs });
        if (excess !== undefined) return excess;
      } else {
        if (circle.length >= limits.depth) return 'too deep';
        inside.push({ listing: below, above: circle });
      }
    }
    // The first one is next.
    places.push(...inside.reverse());
    return undefined;
  }

  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const excess = await visit(place);
    if (excess !== undefined) return excess;
  }
  return found;
}
