// What one append may consist of: any bytes, whole lines, or messages of JSON, one a line.

export interface Encoded {
  /** What is sent; empty where there is nothing to send. */
  readonly body: Uint8Array;
  /** Ends of lines. */
  readonly lines: number;
}

export interface Framing {
  /**
   * How many of these bytes one append takes, `most` if it can: of lines that are longer it takes one. 0 where they hold
   * no end of a line. `isAll`: nothing follows, and the last line needs no end.
   */
  cut(bytes: Buffer, most: number, isAll: boolean): number;
  /** Throws a SyntaxError; `line` is the number of the first. */
  encode(bytes: Buffer, line: number): Encoded;
}

const LINE_FEED = 0x0a;

const anyBytes: Framing = {
  cut: ({ length }, most) => Math.min(length, most),
  encode: (body) => ({ body, lines: 0 }),
};

const wholeLines: Framing = {
  cut(bytes, most, isAll) {
    if (isAll && bytes.length <= most) return bytes.length;
    const last = bytes.subarray(0, most).lastIndexOf(LINE_FEED);
    if (last !== -1) return last + 1;
    const first = bytes.indexOf(LINE_FEED, most);
    if (first !== -1) return first + 1;
    return isAll ? bytes.length : 0;
  },
  encode: (body) => ({ body, lines: 0 }),
};

/** Each line is checked here: a server refuses all of a batch for one that is no JSON, and cannot say which. */
const messages: Framing = {
  cut: wholeLines.cut,
  encode(bytes, line) {
    const texts = textOf(bytes, line).split('\n');
    const found: string[] = [];
    for (const [at, text] of texts.entries()) {
      const message = text.trim();
      if (message === '') continue;
      if (!isJson(message))
        throw new SyntaxError(`line ${line + at} is no JSON: one message a line`);
      found.push(message);
    }
    const body = Buffer.from(found.length === 0 ? '' : `[${found.join(',')}]`);
    return { body, lines: texts.length - 1 };
  },
};

function textOf(bytes: Buffer, line: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SyntaxError(`line ${line} or one of those behind it is no UTF-8`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function framingOf(isJsonStream: boolean, byLines: boolean): Framing {
  if (isJsonStream) return messages;
  return byLines ? wholeLines : anyBytes;
}
