// The kinds of values that options take: how each is read from text or code, shown, and described.
import { parseNetwork } from '../rules/networks.ts';

/** A kind of value. `T` is what the program gets, `Input` what code may pass besides text. */
export interface Kind<T, Input = T> {
  /** Stands for the value in help, e.g. "size"; empty for a switch. */
  readonly shape: string;
  /** Completes "expected …". */
  readonly expected: string;
  /** What the flag means when it stands alone (`--spa`), where that is allowed. */
  readonly bare?: string;
  /** The value, or undefined when the input is not allowed. Flags and variables pass text. */
  parse(input: unknown): T | undefined;
  /** The value as a user would write it. */
  show(value: T): string;
  /** Never set; carries the type. */
  readonly input?: Input;
}

export const text: Kind<string> = {
  shape: 'text',
  expected: 'a text that is not empty',
  parse: (input) => (typeof input === 'string' && input !== '' ? input : undefined),
  show: (value) => value,
};

/** A file or directory; in a config file relative to that file, elsewhere to the working directory. */
export const path: Kind<string> = { ...text, shape: 'path', expected: 'a path' };

/** A file that is written to, as of `path`, or `-`: standard output. */
export const output: Kind<string> = { ...text, shape: 'path|-', expected: 'a path, or -' };

/** A file that is read, as of `path`, or `-`: standard input. */
export const input: Kind<string> = { ...text, shape: 'path|-', expected: 'a path, or -' };

/** Is it the contents, in PEM, where a path could stand too? */
export function isPem(value: string): boolean {
  return value.trimStart().startsWith('-----BEGIN ');
}

/** One file or several, or their contents in PEM; a flag may be given several times. Paths as of `path`. */
export const paths: Kind<readonly string[], string | readonly string[]> = {
  shape: 'path',
  expected: 'a path, or several',
  parse(input) {
    const values = typeof input === 'string' ? [input] : input;
    if (!Array.isArray(values) || values.length === 0) return undefined;
    return values.every((each) => text.parse(each) !== undefined) ? values : undefined;
  },
  show: (values) => values.join(', '),
};

/** Files by the path prefix that they are for: "/prefix=file", several of them, or an object. Paths as of `path`. */
export const filesByPrefix: Kind<
  Readonly<Record<string, string>>,
  Readonly<Record<string, string>> | string | readonly string[]
> = {
  shape: 'prefix=path',
  expected: 'a path prefix and a file, such as "/private=/etc/htpasswd", or several; or none',
  parse(input) {
    if (input === 'none') return {};
    const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
    const pairs: ReadonlyArray<readonly unknown[]> = isObject
      ? Object.entries(input)
      : [input].flat().map((each) => /^([^=]*)=(.*)$/s.exec(String(each))?.slice(1) ?? []);
    const isPair = ([prefix, file]: readonly unknown[]) =>
      typeof prefix === 'string' && prefix.startsWith('/') && text.parse(file) !== undefined;
    const prefixes = new Set(pairs.map(([prefix]) => prefix));
    if (!pairs.every(isPair) || prefixes.size < pairs.length) return undefined;
    return Object.fromEntries(pairs);
  },
  show: (value) =>
    Object.entries(value)
      .map((pair) => pair.join('='))
      .join(', ') || 'none',
};

export const toggle: Kind<boolean, boolean | 'true' | 'false'> = {
  shape: '',
  expected: 'true or false',
  bare: 'true',
  parse(input) {
    if (input === true || input === 'true' || input === '1') return true;
    if (input === false || input === 'false' || input === '0') return false;
    return undefined;
  },
  show: (value) => (value ? 'on' : 'off'),
};

/** A switch, or a file beneath the root, or anywhere by its absolute path, that says more. */
export const switchOrFile: Kind<boolean | string> = {
  shape: 'path',
  expected: 'true, false, or a path (relative to the root, or absolute)',
  bare: 'true',
  parse: (input) => toggle.parse(input) ?? text.parse(input),
  show: String,
};

export function choice<const T extends string>(...allowed: readonly T[]): Kind<T> {
  return {
    shape: allowed.join('|'),
    expected: `one of ${allowed.join(', ')}`,
    parse: (input) => allowed.find((value) => value === input),
    show: (value) => value,
  };
}

export function integer(min: number, max: number): Kind<number, number | string> {
  return {
    shape: 'n',
    expected: `a whole number from ${min} to ${max}`,
    parse: (input) => within(wholeNumber(input), min, max),
    show: String,
  };
}

/** Another kind, or a word in its place, e.g. `auto`. */
export function wordOr<const W extends string, T, Input>(
  word: W,
  kind: Kind<T, Input>,
): Kind<T | W, Input | W> {
  return {
    shape: `${kind.shape}|${word}`,
    expected: `${kind.expected} or ${word}`,
    parse: (input) => (input === word ? word : kind.parse(input)),
    show: (value) => (value === word ? word : kind.show(value as T)),
  };
}

const SIZE_UNITS = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 } as const;

/** Bytes: a number, or a text with the suffix k, m or g (powers of 1024, as in nginx). */
export function size(min: number, max: number): Kind<number, number | string> {
  return {
    shape: 'size',
    expected: `a size from ${showSize(min)} to ${showSize(max)} in bytes, such as 65536, "64k" or "2m"`,
    parse: (input) => within(quantity(input, SIZE_UNITS), min, max),
    show: showSize,
  };
}

const DURATION_UNITS = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds: a number, or a text with the suffix ms, s, m or h. A number without a suffix is milliseconds. */
export function duration(min: number, max: number): Kind<number, number | string> {
  return {
    shape: 'time',
    expected: `a time from ${showDuration(min)} to ${showDuration(max)}, such as "10s", "500ms" or milliseconds`,
    parse: (input) => within(quantity(input, DURATION_UNITS), min, max),
    show: showDuration,
  };
}

/** Several of one kind: an array, or a text with commas, or the word none. */
export function list<T>(item: Kind<T>, bare?: string): Kind<readonly T[], readonly T[] | string> {
  return {
    shape: `${item.shape},…`,
    expected: `a list with commas, each ${item.expected}, or none`,
    ...(bare === undefined ? {} : { bare }),
    parse(input) {
      if (input === 'none') return [];
      const items = typeof input === 'string' ? input.split(',') : input;
      if (!Array.isArray(items)) return undefined;
      const values = items.map((part) => item.parse(typeof part === 'string' ? part.trim() : part));
      return values.every((value) => value !== undefined) ? (values as T[]) : undefined;
    },
    show: (values) => values.map(item.show).join(',') || 'none',
  };
}

/** An IP address, or a network of them. */
export const network: Kind<string> = {
  ...text,
  shape: 'network',
  expected: 'an address or a network, such as 10.0.0.0/8 or 2001:db8::/32',
  parse: (input) => (typeof input === 'string' && parseNetwork(input) ? input : undefined),
};

/** The same kind, with a meaning for the flag that stands alone. */
export function bareMeans<T, I>(bare: string, kind: Kind<T, I>): Kind<T, I> {
  return { ...kind, bare };
}

/** A text of one form. */
export function formed(shape: string, expected: string, form: RegExp): Kind<string> {
  return {
    ...text,
    shape,
    expected,
    parse: (input) => (typeof input === 'string' && form.test(input) ? input : undefined),
  };
}

/** Structured rules: only from code or a config file. `holds` says whether the shape is right. */
export function rules<T>(expected: string, holds: (input: unknown) => input is T): Kind<T> {
  return {
    shape: 'rules',
    expected,
    parse: (input) => (holds(input) ? input : undefined),
    show: () => 'none',
  };
}

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

function wholeNumber(input: unknown): number | undefined {
  const value = typeof input === 'string' && /^\d+$/.test(input) ? Number(input) : input;
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

function quantity(input: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof input !== 'string') return wholeNumber(input);
  const parts = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(input);
  const unit = units[parts?.[2]?.toLowerCase() ?? '-'];
  return parts && unit ? wholeNumber(Number(parts[1]) * unit) : undefined;
}

/** In the largest unit that divides it. */
function showSize(bytes: number): string {
  const units = Object.entries(SIZE_UNITS).filter(([, n]) => bytes >= n && bytes % n === 0);
  const [unit, n] = units.at(-1) ?? ['', 1];
  return `${bytes / n}${unit}`;
}

function showDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
