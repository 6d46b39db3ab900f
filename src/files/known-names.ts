// Which names stand in directories of which many files are asked for: what is absent need not be looked for. A name that
// was never looked for before costs a wait for the disk, be it only to hear that nothing is there.
import { LRUCache } from 'lru-cache';
import type { FileCache, Freshness } from './freshness.ts';
import { directoryOf, type Found, type Names, type Root } from './root.ts';

interface Known {
  readonly root: Root;
  /** Undefined: to be read when it was searched `patience` times. */
  readonly names: Names | undefined;
  readonly patience: number;
  /** Milliseconds: not read again before. */
  readonly readAfter: number;
  searches: number;
  /** Milliseconds: until then what was looked at last is believed. */
  freshUntil: number;
}

/** Names of all directories, 8 to 16 bytes each. What is known of one beside them counts as many. */
const MAX_NAMES = 2 ** 20;
const DIRECTORY_NAMES = 64;
/** Searches in a directory before its names are read: that costs as much as to read some 500 of them. */
const PATIENCE = 4;
const MAX_PATIENCE = 2 ** 20;
/** Reading takes at most a part of the time, and of libuv's four threads. */
const READ_SHARE = 20;
const READERS = 2;

const ABSENT: Found = { type: 'error', errno: 'ENOENT' };

export class KnownNames implements FileCache {
  readonly #freshness: Freshness;
  readonly #known = new LRUCache<string, Known>({
    maxSize: MAX_NAMES,
    sizeCalculation: ({ names }, directory) =>
      DIRECTORY_NAMES + directory.length + (names?.native.count ?? 0),
  });
  #readers = 0;

  constructor(freshness: Freshness) {
    this.#freshness = freshness;
  }

  /**
   * Opens what may stand at these paths: nothing does at the others. `rests` is told until when that holds, milliseconds.
   */
  spare(
    root: Root,
    paths: readonly string[],
    rests: (until: number) => void,
    open: (likely: readonly string[]) => readonly Found[] | Promise<readonly Found[]>,
  ): readonly Found[] | Promise<readonly Found[]> {
    const [first = ''] = paths;
    const directory = directoryOf(first);
    const known = this.#fresh(root, directory);
    if (known?.names === undefined) return open(paths);
    const { names, freshUntil } = known;
    const isLikely = (path: string) =>
      path === '' ||
      directoryOf(path) !== directory ||
      names.native.mayHave(path.slice(path.lastIndexOf('/') + 1));
    const likely = paths.filter(isLikely);
    if (likely.length === paths.length) return open(paths);
    rests(freshUntil);
    const all = (found: readonly Found[]) => {
      let at = 0;
      return paths.map((path) => (path === likely[at] ? (found[at++] ?? ABSENT) : ABSENT));
    };
    if (likely.length === 0) return all([]);
    const found = open(likely);
    return found instanceof Promise ? found.then(all) : all(found);
  }

  /** Reads the names of these directories, and knows them from then on. */
  async read(
    root: Root,
    directories: readonly string[],
  ): Promise<ReadonlyArray<Names | undefined>> {
    const { now } = this.#freshness;
    const began = now();
    this.#readers++;
    const read = await root.names(directories);
    this.#readers--;
    const readAfter = now() + ((now() - began) * READ_SHARE) / directories.length;
    for (const [i, directory] of directories.entries()) {
      const names = read[i];
      const patience = names
        ? PATIENCE
        : Math.min(2 * (this.#known.peek(directory)?.patience ?? PATIENCE), MAX_PATIENCE);
      this.#set(directory, { ...unknown(root), names, patience, readAfter });
    }
    return read;
  }

  /** What is known there, if it holds. A search that would have liked to know counts. */
  #fresh(root: Root, directory: string): Known | undefined {
    const { revalidateMs, now } = this.#freshness;
    if (revalidateMs === 0) return undefined;
    const time = now();
    const found = this.#known.get(directory);
    const known = found?.root === root ? found : this.#set(directory, unknown(root));
    const { names, patience, readAfter } = known;
    if (names === undefined) {
      known.searches++;
      if (known.searches < patience || time < readAfter || this.#readers >= READERS)
        return undefined;
      known.searches = 0;
      void this.read(root, [directory]);
      return undefined;
    }
    if (time < known.freshUntil) return known;
    if (names.hold()) {
      known.freshUntil = time + revalidateMs;
      return known;
    }
    this.#set(directory, { ...unknown(root), readAfter });
    return undefined;
  }

  #set(slice: string, known: Known): Known {
    // A slice of the path would keep all of it in memory (V8).
    this.#known.set(Buffer.from(slice).toString(), known);
    return known;
  }

  drop(path: string): void {
    this.suspect(path);
  }

  suspect(path: string): void {
    const known = this.#known.peek(directoryOf(path));
    if (known !== undefined) known.freshUntil = 0;
  }

  clear(): void {
    this.#known.clear();
  }
}

function unknown(root: Root): Known {
  return { root, names: undefined, patience: PATIENCE, readAfter: 0, searches: 0, freshUntil: 0 };
}
