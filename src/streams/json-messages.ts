// JSON mode: a body becomes messages, byte for byte as they came but for the white space between their tokens.
// PROTOCOL.md §9.1, RFC 8259.
import { isUtf8 } from 'node:buffer';

/** What is in a body: messages as a stream keeps them, each followed by `,\n`; or no JSON text. */
export type JsonMessages =
  | { readonly kind: 'messages'; readonly bytes: Uint8Array; readonly count: number }
  | { readonly kind: 'invalid' };

const INVALID: JsonMessages = { kind: 'invalid' };

/**
 * Reads a JSON text in UTF-8 without a byte order mark (RFC 8259 §8.1). The elements of an array are messages of their own,
 * one level deep; anything else is one message. Takes time and memory by the length of the body, however deep it nests.
 */
export function readJsonMessages(body: Uint8Array): JsonMessages {
  return isUtf8(body) ? new Scanner(body).messages() : INVALID;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const E = 0x65;
const U = 0x75;
const OBJECT = 0x7b;

/** From what opens an array or an object to what ends it. */
const TO_END = 2;
/** From a capital letter to the small one. */
const TO_SMALL = 0x20;

/** What may follow a backslash, beside `u`. */
const ESCAPED = new Set(Buffer.from('"\\/bfnrt'));
const LITERALS = new Map(
  ['true', 'false', 'null'].map((text) => [text.charCodeAt(0), Buffer.from(text)]),
);

/** Takes tokens of the body and copies them. Each `take…` says whether what it is named for stood there. */
class Scanner {
  readonly #body: Uint8Array;
  #at = 0;
  readonly #out: Buffer;
  #to = 0;
  /** What is open around this place, outermost first: ARRAY or OBJECT. */
  #open = Buffer.allocUnsafe(64);
  #depth = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
    // At worst `[1,1,…]`: three bytes for two.
    this.#out = Buffer.allocUnsafe(body.length + (body.length >> 1) + 2);
  }

  messages(): JsonMessages {
    this.#skipSpace();
    const count = this.#body[this.#at] === ARRAY ? this.#takeElements() : this.#takeMessage();
    this.#skipSpace();
    if (count === undefined || this.#at < this.#body.length) return INVALID;
    return { kind: 'messages', bytes: this.#out.subarray(0, this.#to), count };
  }

  #takeMessage(): 1 | undefined {
    if (!this.#takeValue()) return undefined;
    this.#put(COMMA);
    this.#put(LF);
    return 1;
  }

  /** Their number. */
  #takeElements(): number | undefined {
    this.#at++;
    this.#skipSpace();
    if (this.#skip(ARRAY + TO_END)) return 0;
    for (let count = 1; this.#takeMessage() !== undefined; count++) {
      this.#skipSpace();
      if (this.#skip(ARRAY + TO_END)) return count;
      if (!this.#skip(COMMA)) return undefined;
    }
    return undefined;
  }

  /** With all that is in it: values in values are no calls in calls. */
  #takeValue(): boolean {
    for (;;) {
      this.#skipSpace();
      const first = this.#body[this.#at];
      if (first === OBJECT || first === ARRAY) {
        this.#take(first);
        this.#push(first);
        if (!this.#takeEnd()) {
          if (first === OBJECT && !this.#takeKey()) return false;
          continue;
        }
      } else if (!this.#takeScalar(first)) return false;
      while (this.#depth > 0 && !this.#takeNext()) {
        if (!this.#takeEnd()) return false;
      }
      if (this.#depth === 0) return true;
      if (this.#open[this.#depth - 1] === OBJECT && !this.#takeKey()) return false;
    }
  }

  #takeNext(): boolean {
    this.#skipSpace();
    return this.#take(COMMA);
  }

  /** Of what is open innermost. */
  #takeEnd(): boolean {
    this.#skipSpace();
    if (!this.#take((this.#open[this.#depth - 1] ?? 0) + TO_END)) return false;
    this.#depth--;
    return true;
  }

  #takeKey(): boolean {
    this.#skipSpace();
    if (this.#body[this.#at] !== QUOTE || !this.#takeString()) return false;
    this.#skipSpace();
    return this.#take(COLON);
  }

  #takeScalar(first: number | undefined): boolean {
    if (first === undefined) return false;
    if (first === QUOTE) return this.#takeString();
    const literal = LITERALS.get(first);
    if (literal !== undefined) return literal.every((byte) => this.#take(byte));
    return this.#takeNumber();
  }

  /** RFC 8259 §7. */
  #takeString(): boolean {
    const body = this.#body;
    const start = this.#at;
    let at = start + 1;
    for (; ; at++) {
      const byte = body[at];
      if (byte === QUOTE) break;
      if (byte === undefined || byte < SPACE) return false;
      if (byte !== BACKSLASH) continue;
      at++;
      const escaped = body[at] ?? 0;
      if (escaped === U) {
        for (let digit = 0; digit < 4; digit++) if (!isHex(body[++at])) return false;
      } else if (!ESCAPED.has(escaped)) return false;
    }
    this.#copy(start, at + 1);
    return true;
  }

  /** RFC 8259 §6. */
  #takeNumber(): boolean {
    const body = this.#body;
    const start = this.#at;
    const integer = body[start] === MINUS ? start + 1 : start;
    let at = body[integer] === ZERO ? integer + 1 : afterDigits(body, integer);
    if (at === integer) return false;
    if (body[at] === DOT) {
      const fraction = at + 1;
      at = afterDigits(body, fraction);
      if (at === fraction) return false;
    }
    if (body[at] === E || body[at] === E - TO_SMALL) {
      const sign = body[at + 1];
      const exponent = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
      at = afterDigits(body, exponent);
      if (at === exponent) return false;
    }
    this.#copy(start, at);
    return true;
  }

  /** RFC 8259 §2. */
  #skipSpace(): void {
    for (;;) {
      const byte = this.#body[this.#at] ?? NINE;
      if (byte > SPACE || (byte !== SPACE && byte !== LF && byte !== CR && byte !== TAB)) return;
      this.#at++;
    }
  }

  #skip(byte: number): boolean {
    if (this.#body[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #take(byte: number): boolean {
    if (!this.#skip(byte)) return false;
    this.#put(byte);
    return true;
  }

  #put(byte: number): void {
    this.#out[this.#to++] = byte;
  }

  #copy(start: number, end: number): void {
    const [body, out, shift] = [this.#body, this.#out, this.#to - start];
    // A call costs as much as so many bytes.
    if (end - start > 1024) out.set(body.subarray(start, end), this.#to);
    else for (let from = start; from < end; from++) out[from + shift] = body[from] ?? 0;
    this.#to += end - start;
    this.#at = end;
  }

  #push(kind: number): void {
    if (this.#depth === this.#open.length) {
      this.#open = Buffer.concat([this.#open], this.#open.length * 2);
    }
    this.#open[this.#depth++] = kind;
  }
}

function afterDigits(body: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(body[at])) at++;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function isHex(byte: number | undefined): boolean {
  if (isDigit(byte)) return true;
  const small = (byte ?? 0) | TO_SMALL;
  return small >= 0x61 && small <= 0x66;
}
