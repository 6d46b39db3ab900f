// The lines of a file as events, each with the offset behind it as its id. Texts are bytes, a character each (latin1).
import { eventOf } from '../http/event-stream.ts';

/** Bytes of a line that are one event: a longer one comes in pieces, of which the last has the id. */
export const MAX_LINE = 64 * 1024;

export interface Events {
  readonly text: string;
  /** How many bytes they were made of. */
  readonly used: number;
}

/**
 * Those of all lines that have ended in these bytes, which begin at this offset of the file. `isLast`: nothing follows them,
 * so the last line has ended too. Where more than MAX_LINE bytes are there and none has ended, a piece of it.
 */
export function eventsIn(bytes: string, at: number, isLast: boolean): Events {
  let text = '';
  let used = 0;
  for (;;) {
    const end = bytes.indexOf('\n', used);
    if (end < 0) break;
    const isCrLf = end > used && bytes[end - 1] === '\r';
    const line = bytes.slice(used, isCrLf ? end - 1 : end);
    used = end + 1;
    text += eventOf(line, { id: at + used });
  }
  if (used > 0 && !isLast) return { text, used };
  const rest = bytes.slice(used);
  if (rest.length > MAX_LINE) {
    const piece = rest.slice(0, cutOf(rest));
    return { text: text + eventOf(piece), used: used + piece.length };
  }
  if (!isLast || rest === '') return { text, used };
  return { text: text + eventOf(rest, { id: at + bytes.length }), used: bytes.length };
}

/** Where the piece ends: within no character of UTF-8, nor between CR and LF. */
function cutOf(rest: string): number {
  let cut = MAX_LINE;
  const isWithin = (byte: number) => (byte & 0xc0) === 0x80;
  while (cut > MAX_LINE - 3 && isWithin(rest.charCodeAt(cut))) cut--;
  // What continues for longer than a character can is none.
  if (isWithin(rest.charCodeAt(cut))) cut = MAX_LINE;
  return rest[cut - 1] === '\r' ? cut - 1 : cut;
}
