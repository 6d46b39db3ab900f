// Positions in a stream, as clients get them and bring them back. PROTOCOL.md §8.

/** Both numbers have so many digits: tokens are in the order of their positions, as texts too (§8, property 2). */
const DIGITS = 16;

const TOKEN = new RegExp(`^(\\d{${DIGITS}})_(\\d{${DIGITS}})$`);

/** The file that the position is in. A stream is one file, and nothing of it is ever dropped at its beginning. */
const FILE = '0'.repeat(DIGITS);

/** The token of a position: bytes from the start of the stream's file. */
export function formatOffset(position: number): string {
  return `${FILE}_${String(position).padStart(DIGITS, '0')}`;
}

/** The position of a token, bytes; undefined where it is none. One in another file is behind every tail. */
export function parseOffset(token: string): number | undefined {
  const [, file, position] = TOKEN.exec(token) ?? [];
  if (position === undefined) return undefined;
  return file === FILE ? Number(position) : Number.POSITIVE_INFINITY;
}

/** Where to read from: a position, or the tail of the moment. */
export type From = number | 'now';

/** The same of a request, with the words for the start and for the tail. */
export function parseFrom(text: string): From | undefined {
  switch (text) {
    case '-1':
      return 0;
    case 'now':
      return 'now';
    default:
      return parseOffset(text);
  }
}
