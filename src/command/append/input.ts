// The bytes to append: files, one after the other, or standard input.
import { createReadStream, fstatSync, type Stats, statSync } from 'node:fs';

export interface Input {
  readonly bytes: AsyncIterable<Buffer>;
  /** Of files; undefined where it cannot be known. */
  readonly size: number | undefined;
}

const STDIN = 0;

/** `-` is standard input, as none is. Throws for a file that is not there. */
export function inputOf(files: readonly string[]): Input {
  const names = files.length === 0 ? ['-'] : files;
  const stats = names.map((name) => (name === '-' ? fstatSync(STDIN) : statSync(name)));
  return { bytes: read(names), size: sizeOf(stats) };
}

async function* read(names: readonly string[]): AsyncGenerator<Buffer> {
  for (const name of names) yield* name === '-' ? process.stdin : createReadStream(name);
}

function sizeOf(stats: readonly Stats[]): number | undefined {
  if (!stats.every((each) => each.isFile())) return undefined;
  return stats.reduce((sum, { size }) => sum + size, 0);
}
