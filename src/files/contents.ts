// What was read of a directory, as names.
import type { Contents } from '../plan/types.ts';

/** Of what is no directory. */
export function namesOf({ runs }: Contents): string[] {
  return runs.flatMap(({ names, numbers }) =>
    Buffer.from(names.buffer, names.byteOffset, names.byteLength)
      .toString()
      .split('\0')
      .slice(0, -1)
      .filter((_, i) => (numbers[2 * i] ?? -1) >= 0),
  );
}
