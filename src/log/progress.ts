// The bar on a terminal: one line on standard error, in its place until it is taken away.

export interface Progress {
  /** So many bytes of the whole are done. */
  advance(bytes: number): void;
  /** Takes the line away. */
  clear(): void;
}

/** Cells of the bar. */
const WIDTH = 30;
/** Between two drawings, milliseconds: what an eye can follow. */
const PAUSE_MS = 100;

export const NO_PROGRESS: Progress = { advance() {}, clear() {} };

/** `bytes`: the whole. Nothing is drawn where nobody sees it. */
export function showProgress(stream: NodeJS.WriteStream, bytes: number, quiet: boolean): Progress {
  if (quiet || stream.isTTY !== true || bytes === 0) return NO_PROGRESS;
  let done = 0;
  let drawn = performance.now();
  stream.write(`${barOf(0)}\r`);
  return {
    advance(more) {
      done += more;
      const now = performance.now();
      if (now - drawn < PAUSE_MS) return;
      drawn = now;
      // What others say meanwhile goes over it.
      stream.write(`\r${barOf(done / bytes)}\r`);
    },
    clear() {
      // CSI K (ECMA-48 §8.3.41): what stands behind the cursor.
      stream.write('\r\x1b[K');
    },
  };
}

/** `part`: from 0 to 1. */
export function barOf(part: number): string {
  const full = Math.round(Math.min(1, part) * WIDTH);
  const percent = `${Math.floor(Math.min(1, part) * 100)}`.padStart(3);
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${percent} %`;
}
