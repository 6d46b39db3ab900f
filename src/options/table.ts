// A table of options: what a row is, how its values are read from text or code, and what is said when one is wrong.
import { closestMatch } from 'leven';
import type { Kind } from './kinds.ts';

/** One row of the table. Flag and variable follow from the name: mmapMax, --mmap-max, ZCSERVE_MMAP_MAX. */
export interface Option<T = NonNullable<unknown> | undefined, Input = unknown> {
  readonly kind: Kind<NonNullable<T>, Input>;
  readonly default: T;
  readonly help: string;
  /** The same thing in other servers. */
  readonly peers: string | undefined;
}

export function option<T extends NonNullable<unknown>, Input>(
  kind: Kind<T, Input>,
  initial: NoInfer<T>,
  help: string,
  peers?: string,
): Option<T, Input> {
  return { kind, default: initial, help, peers };
}

/** An option that is undefined unless it is given. */
export function optional<T extends NonNullable<unknown>, Input>(
  kind: Kind<T, Input>,
  help: string,
  peers?: string,
): Option<T | undefined, Input> {
  return { kind, default: undefined, help, peers };
}

export type Table = Readonly<Record<string, Option>>;

/** What an option is called where it was given: `option mmapMax`, `--mmap-max`, `ZCSERVE_MMAP_MAX`. */
export type Call = (name: string) => string;

const callInCode: Call = (name) => `option ${name}`;

/** A server that cannot start. Its message calls options as code does; `toldBy` as whoever started it typed them. */
export class StartError extends Error {
  readonly toldBy: (call: Call) => string;

  constructor(words: string | ((call: Call) => string), options?: ErrorOptions) {
    const toldBy = typeof words === 'string' ? () => words : words;
    super(toldBy(callInCode), options);
    this.toldBy = toldBy;
  }
}

/** A wrong or unknown option: a mistake of whoever starts the server. */
export class OptionError extends StartError {
  override readonly name = 'OptionError';
}

/** Of a message that begins with the option's name. */
export function optionErrorOf(error: unknown): OptionError {
  const message = error instanceof Error ? error.message : String(error);
  return new OptionError((call) => message.replace(/^\w+/, call), { cause: error });
}

/** Reads the given ones of a table's options. `call` and `where` name an option as the user wrote it. */
export function readOptions(
  table: Table,
  input: Readonly<Record<string, unknown>>,
  call: Call = (name) => name,
  where = 'option ',
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(input)) {
    if (given === undefined) continue;
    const called = `${where}${call(name)}`;
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    if (row === undefined) {
      const near = nearest(name, Object.keys(table));
      throw new OptionError(unknown(called, near && call(near)));
    }
    const value = row.kind.parse(given);
    if (value === undefined) {
      throw new OptionError(
        `${called}: ${quote(given)} is not allowed; expected ${row.kind.expected}`,
      );
    }
    values[name] = value;
  }
  return values;
}

export function defaultsOf(table: Table): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([name, row]) => [name, row.default]));
}

/** What is said of a name that is no option: what else it may be, where something comes near. */
export function unknown(name: string, near: string | undefined): string {
  return near === undefined ? `${name} is unknown` : `${name} is unknown; did you mean ${near}?`;
}

/** The name that was meant: a third of the letters may be wrong. Farther off, a guess only misleads. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  return closestMatch(name, names, { maxDistance: Math.max(1, Math.floor(name.length / 3)) });
}

/** `mmapMax` → `--mmap-max`. Structured rules have none: they are for code and config files. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `mmapMax` → `ZCSERVE_MMAP_MAX`. */
export function variableOf(name: string): string {
  return `ZCSERVE_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/** Can the option be written as text, that is as a flag or a variable? */
export function isWritable(row: Option): boolean {
  return row.kind.shape !== 'rules';
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
