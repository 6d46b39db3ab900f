// Directory contents as the plan gets them, from objects, and back.
import type { Contents } from '../../src/plan/types.ts';

export interface Item {
  readonly name: string;
  readonly directory: boolean;
  /** Bytes; of no meaning for a directory. */
  readonly size: number;
  readonly mtimeMs: number;
}

/** In runs of a few, as a large directory has them. */
export function contentsOf(items: readonly Item[], perRun = 1000): Contents {
  const runs = [];
  for (let at = 0; at < items.length; at += perRun) {
    const some = items.slice(at, at + perRun);
    runs.push({
      names: new TextEncoder().encode(some.map(({ name }) => `${name}\0`).join('')),
      numbers: Float64Array.from(
        some.flatMap(({ directory, size, mtimeMs }) => [directory ? -1 : size, mtimeMs]),
      ),
    });
  }
  return { kind: 'contents', count: items.length, runs, sorted: false };
}

export function itemsOf({ runs }: Contents): Item[] {
  return runs.flatMap(({ names, numbers }) =>
    new TextDecoder()
      .decode(names)
      .split('\0')
      .slice(0, -1)
      .map((name, i) => {
        const [size = 0, mtimeMs = 0] = numbers.subarray(2 * i);
        return { name, directory: size < 0, size: Math.max(0, size), mtimeMs };
      }),
  );
}
