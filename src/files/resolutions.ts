// What paths name: remembered while it is fresh, looked for once for all who ask at the same time.
import { LRUCache } from 'lru-cache';
import type { FileCache } from './freshness.ts';
import { directoryOf } from './root.ts';
import type { Outcome } from './search.ts';

export interface Known {
  readonly resolution: Outcome;
  freshUntil: number;
}

/**
 * Characters that remembered resolutions keep, failures among them. Each counts as 256 at least, so that there are no
 * more than 16,384. (A bound by number is one that lru-cache allocates for beforehand: 7 ms of a start.)
 */
const MAX_CHARACTERS = 4 * 1024 * 1024;
const MIN_CHARACTERS = 256;

/** By `pathKey`. A file's resolution counts while its resource is kept open. */
export class Resolutions implements FileCache {
  readonly #known = new LRUCache<string, Known>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ resolution }, key) =>
      Math.max(key.length + sizeOf(resolution), MIN_CHARACTERS),
  });
  readonly #searches = new Map<string, Promise<Outcome>>();

  get size(): number {
    return this.#known.size;
  }

  get(key: string): Known | undefined {
    return this.#known.get(key);
  }

  set(key: string, known: Known): void {
    this.#known.set(key, known);
  }

  /** The search for this key that is under way, or this one; its outcome where it needs no waiting. */
  share(key: string, search: () => Outcome | Promise<Outcome>): Outcome | Promise<Outcome> {
    const shared = this.#searches.get(key);
    if (shared !== undefined) return shared;
    const found = search();
    if (!(found instanceof Promise)) return found;
    const own = found.finally(() => {
      if (this.#searches.get(key) === own) this.#searches.delete(key);
    });
    this.#searches.set(key, own);
    return own;
  }

  drop(path: string): void {
    for (const key of dependents(path)) this.#known.delete(key);
  }

  suspect(path: string): void {
    for (const key of dependents(path)) {
      const known = this.#known.peek(key);
      if (known !== undefined) known.freshUntil = 0;
    }
  }

  clear(): void {
    this.#searches.clear();
    this.#known.clear();
  }
}

/** Characters that a resolution keeps beside its key. */
function sizeOf(resolution: Outcome): number {
  switch (resolution.kind) {
    case 'file':
    case 'not-found':
      return (resolution.evidence ?? []).reduce((sum, { path }) => sum + path.length + 64, 64);
    case 'redirect':
      return resolution.location.length + 64;
    default:
      return 64;
  }
}

/** NUL is in no path (http/target.ts), so no two questions share a key. */
export function pathKey(path: string, slash: boolean, navigation: boolean): string {
  const name = slash && path !== '/' ? `${path}/` : path;
  return navigation ? `${name}\0` : name;
}

/**
 * The keys whose resolution most probably rests on this root-relative path: its own, the name without
 * its extension, and its directory's. The others (fallbacks, error pages) wait for their next check.
 */
export function dependents(path: string): string[] {
  const own = `/${path}`;
  const names = [own, own.replace(/\.[^./]+$/, ''), directoryOf(own) || '/'];
  return names.flatMap((name) => [
    pathKey(name, false, false),
    pathKey(name, true, false),
    pathKey(name, false, true),
    pathKey(name, true, true),
  ]);
}
