// A JSON array as it comes, in pieces, to its elements: one a line, each byte as it was, but for space between tokens.

/** Takes pieces of one array; returns what of its elements has come, each ended by a line feed. */
export interface Splitter {
  take(piece: Uint8Array): Uint8Array;
  /** Has the array ended? */
  readonly isWhole: boolean;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const LINE_FEED = 0x0a;
/** The largest of the four that are space between tokens, and what is less is nothing else there (RFC 8259 §2). */
const SPACE = 0x20;

/** Where in an array its bytes are. Of numbers only: each piece goes on where the last one ended. */
interface State {
  depth: number;
  inString: boolean;
  isEscaped: boolean;
  hasElements: boolean;
  isWhole: boolean;
}

/** It trusts the server that this is JSON, and holds nothing back: an element may be larger than memory. */
export function splitMessages(): Splitter {
  const state: State = {
    depth: 0,
    inString: false,
    isEscaped: false,
    hasElements: false,
    isWhole: false,
  };
  return {
    take: (piece) => split(piece, state),
    get isWhole() {
      return state.isWhole;
    },
  };
}

function split(piece: Uint8Array, state: State): Uint8Array {
  const out = new Uint8Array(piece.length);
  let { depth, inString, isEscaped, hasElements, isWhole } = state;
  let end = 0;
  for (let at = 0; at < piece.length; at++) {
    const byte = piece[at] as number;
    if (inString) {
      out[end++] = byte;
      if (isEscaped) isEscaped = false;
      else if (byte === BACKSLASH) isEscaped = true;
      else if (byte === QUOTE) inString = false;
      continue;
    }
    if (byte <= SPACE) continue;
    if (byte === COMMA && depth === 1) {
      out[end++] = LINE_FEED;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (depth++ > 0) out[end++] = byte;
      hasElements ||= depth > 1;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      if (--depth > 0) out[end++] = byte;
      else if (hasElements) out[end++] = LINE_FEED;
      isWhole = depth === 0;
    } else {
      out[end++] = byte;
      hasElements = true;
      inString = byte === QUOTE;
    }
  }
  Object.assign(state, { depth, inString, isEscaped, hasElements, isWhole });
  return out.subarray(0, end);
}
