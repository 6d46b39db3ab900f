// What is told on a terminal while an input is appended: a bar where its size is known, bytes and their rate anyhow.
import { barOf } from '../../log/progress.ts';

export interface Progress {
  /** So many bytes are with the server. */
  reached(bytes: number): void;
  /** Takes the line away. */
  clear(): void;
}

/** Between two drawings, milliseconds: what an eye can follow. */
const PAUSE_MS = 100;

const NONE: Progress = { reached() {}, clear() {} };

export function showProgress(
  stream: NodeJS.WriteStream,
  size: number | undefined,
  quiet: boolean,
): Progress {
  if (quiet || stream.isTTY !== true) return NONE;
  const began = performance.now();
  let drawn = Number.NEGATIVE_INFINITY;
  let first: number | undefined;
  return {
    reached(bytes) {
      // What a stream had already is no work of this run.
      first ??= bytes;
      const now = performance.now();
      if (now - drawn < PAUSE_MS) return;
      drawn = now;
      const rate = (bytes - first) / Math.max(1, now - began);
      stream.write(`\r\x1b[K${lineOf(bytes, size, rate * 1000)}`);
    },
    clear() {
      // CSI K (ECMA-48 §8.3.41): what stands behind the cursor.
      stream.write('\r\x1b[K');
    },
  };
}

/** `rate`: bytes in a second. */
export function lineOf(bytes: number, size: number | undefined, rate: number): string {
  const told = `${inMebibytes(bytes)}, ${inMebibytes(rate)}/s`;
  return size === undefined || size === 0 ? told : `${barOf(bytes / size)}  ${told}`;
}

function inMebibytes(bytes: number): string {
  return bytes < 2 ** 20
    ? `${(bytes / 2 ** 10).toFixed(1)} KiB`
    : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
