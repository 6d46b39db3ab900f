// A file that is read whole, at one version; and whether it is still that one.
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
} from 'node:fs';

export interface Content {
  readonly place: string;
  readonly bytes: Buffer;
  readonly stat: BigIntStats;
}

/**
 * The largest file that is encoded, bytes: Brotli 11 takes ten minutes for it, and each thread has a copy. What is larger is
 * downloaded in ranges, or not at all.
 */
export const MAX_SIZE = 256 * 1024 * 1024;

/** Throws an Error that has `code`, or says why it is not read. */
export function readContent(place: string): Content {
  // A FIFO in the place of a file would be waited for.
  const file = openSync(place, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file, { bigint: true });
    if (!stat.isFile()) throw new Error('is no file');
    if (stat.size > MAX_SIZE) throw new Error(`is larger than ${MAX_SIZE / 2 ** 20} MiB`);
    const bytes = readFileSync(file);
    if (!isSame(stat, fstatSync(file, { bigint: true })) || bytes.length !== Number(stat.size)) {
      throw new Error('changed while it was read');
    }
    return { place, bytes, stat };
  } finally {
    closeSync(file);
  }
}

/** Throws where what stands there is another version: its siblings would be of the one before. */
export function refuseChanged({ place, stat }: Content): void {
  if (!isSame(stat, statSync(place, { bigint: true }))) {
    throw new Error('its file changed meanwhile');
  }
}

/** The time of its last change nobody can set back. */
function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.ctimeNs === b.ctimeNs;
}
