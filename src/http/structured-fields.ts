// Structured fields: dictionaries. What breaks the grammar anywhere is no dictionary at all. RFC 9651 §4.2.

/** The value of a member; parameters, and what is in inner lists, nobody here reads. */
export type Value =
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'other' };

const OTHER: Value = { kind: 'other' };
const TRUE: Value = { kind: 'boolean', value: true };

/** §3.1.2 */
const KEY = /[a-z*][a-z0-9_\-.*]*/y;
/** §3.3.1: at most 15 digits. */
const INTEGER = /-?\d{1,15}(?![\d.])/y;
const BOOLEAN = /\?[01]/y;

/** §3.3: the others, each with a first character of its own. */
const OTHERS = [
  // Decimal, §3.3.2
  /-?\d{1,12}\.\d{1,3}(?!\d)/y,
  // String, §3.3.3
  /"(?:[ !#-[\]-~]|\\["\\])*"/y,
  // Token, §3.3.4
  /[A-Za-z*][!#$%&'*+\-.^_`|~\w:/]*/y,
  // Byte Sequence, §3.3.5
  /:[A-Za-z0-9+/]*={0,2}:/y,
  // Date, §3.3.7
  /@-?\d{1,15}(?![\d.])/y,
];
/** §3.3.8 */
const DISPLAY_STRING = /%"((?:[ !#$&-~]|%[0-9a-f]{2})*)"/y;

/** The members of a dictionary, the last of each name (§3.2); undefined where the value is none. */
export function parseDictionary(text: string): ReadonlyMap<string, Value> | undefined {
  return new Reader(text).dictionary();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** §4.2.2 */
  dictionary(): ReadonlyMap<string, Value> | undefined {
    const members = new Map<string, Value>();
    this.#take(/ */y);
    if (this.#isOver) return members;
    for (;;) {
      const name = this.#take(KEY);
      if (name === undefined) return undefined;
      const value = this.#takes('=') ? this.#member() : TRUE;
      if (value === undefined || !this.#parameters()) return undefined;
      members.set(name, value);
      this.#take(/[ \t]*/y);
      if (this.#isOver) return members;
      if (!this.#takes(',')) return undefined;
      this.#take(/[ \t]*/y);
    }
  }

  /** §4.2.1.1 */
  #member(): Value | undefined {
    if (!this.#takes('(')) return this.#bareItem();
    for (;;) {
      const spaces = this.#take(/ */y) ?? '';
      if (this.#takes(')')) return OTHER;
      const isApart = spaces !== '' || this.#text[this.#at - 1] === '(';
      if (!isApart || this.#bareItem() === undefined || !this.#parameters()) return undefined;
    }
  }

  /** §4.2.3.1 */
  #bareItem(): Value | undefined {
    const integer = this.#take(INTEGER);
    if (integer !== undefined) return { kind: 'integer', value: Number(integer) };
    const boolean = this.#take(BOOLEAN);
    if (boolean !== undefined) return { kind: 'boolean', value: boolean === '?1' };
    if (OTHERS.some((form) => this.#take(form) !== undefined)) return OTHER;
    const display = this.#take(DISPLAY_STRING);
    return display !== undefined && isUtf8(display.slice(2, -1)) ? OTHER : undefined;
  }

  /** §4.2.3.2 */
  #parameters(): boolean {
    while (this.#takes(';')) {
      this.#take(/ */y);
      if (this.#take(KEY) === undefined) return false;
      if (this.#takes('=') && this.#bareItem() === undefined) return false;
    }
    return true;
  }

  get #isOver(): boolean {
    return this.#at === this.#text.length;
  }

  #takes(character: string): boolean {
    const is = this.#text[this.#at] === character;
    if (is) this.#at++;
    return is;
  }

  /** What stands here in this form. */
  #take(form: RegExp): string | undefined {
    form.lastIndex = this.#at;
    const [found] = form.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }
}

function isUtf8(encoded: string): boolean {
  try {
    decodeURIComponent(encoded);
    return true;
  } catch {
    return false;
  }
}
