// Where what is read of a stream may begin and end: anywhere in bytes, in JSON between messages only. There each message is
// followed by `,\n`, and no other line ends are in it.
import type { FileEntry } from '../files/entry.ts';
import { bytesOf } from './bytes.ts';

const LF = 0x0a;

/** Bytes that are looked through at a time. */
const WINDOW = 64 * 1024;

/** Does a message end right before this place in a stream of JSON? */
export function isBoundary(file: FileEntry, at: number): boolean | Promise<boolean> {
  if (at === 0) return true;
  const byte = bytesOf(file, at - 1, at);
  return byte instanceof Promise ? byte.then(([one]) => one === LF) : byte[0] === LF;
}

/**
 * The last place up to `limit` where a message ends in a stream of JSON, and otherwise (one message is longer) the first
 * behind it. `start`: where one begins; `tail`: where the last ends.
 */
export async function boundaryNear(
  file: FileEntry,
  start: number,
  limit: number,
  tail: number,
): Promise<number> {
  for (let end = limit; end > start; end -= WINDOW) {
    const from = Math.max(start, end - WINDOW);
    const bytes = await bytesOf(file, from, end);
    const last = bytes.lastIndexOf(LF);
    if (last >= 0) return from + last + 1;
  }
  for (let from = limit; from < tail; from += WINDOW) {
    const bytes = await bytesOf(file, from, Math.min(tail, from + WINDOW));
    const first = bytes.indexOf(LF);
    if (first >= 0) return from + first + 1;
  }
  return tail;
}
