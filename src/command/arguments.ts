// The command line taken apart: what the words and flags mean is the option table's.
import { parseArgs } from 'node:util';
import { COMMAND_OPTIONS } from '../options/options.ts';
import { flagOf, isWritable, type Table } from '../options/table.ts';

export interface Arguments {
  readonly words: readonly string[];
  /** By flag without its dashes; whatever the parser made of its value. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** Names of the options that can be written as text: by flags, but for the root, and by variables. */
export const WRITABLE: readonly string[] = Object.entries(COMMAND_OPTIONS)
  .filter(([, row]) => isWritable(row))
  .map(([name]) => name);

/** The flags of a line that begins with these words. */
export interface Flags {
  readonly line: string;
  readonly table: Table;
  /** By flag without its dashes: `mmap-max` → mmapMax. The root is an argument, rules have no flag. */
  readonly nameOf: ReadonlyMap<string, string>;
}

export function flagsOf(line: string, table: Table): Flags {
  const names = Object.entries(table)
    .filter(([name, row]) => isWritable(row) && name !== 'root')
    .map(([name]) => [flagOf(name).slice(2), name] as const);
  return { line, table, nameOf: new Map(names) };
}

export const SERVER = flagsOf('zcserve', COMMAND_OPTIONS);

/** Flags of one letter, and what they stand for. */
export const SHORT: Readonly<Record<string, string>> = { p: 'port', h: 'help', v: 'version' };

const PLAIN = Object.fromEntries(
  [...SERVER.nameOf.keys()].map((flag) => {
    const short = Object.keys(SHORT).find((letter) => SHORT[letter] === flag);
    return [flag, { type: 'string', ...(short ? { short } : {}) } as const];
  }),
);

/**
 * A command line on which Node's own parser and yargs agree: words, and known flags with one value each. Undefined for
 * any other, which is yargs's to read, to explain or to refuse; to load it takes as long as to start a server.
 */
export function readPlainArguments(args: readonly string[]): Arguments | undefined {
  try {
    const { values, positionals, tokens } = parseArgs({
      args: args.map((argument) => withValue(argument)),
      options: PLAIN,
      allowPositionals: true,
      tokens: true,
    });
    const given = tokens.filter((token) => token.kind === 'option');
    const isPlain =
      tokens.every(({ kind }) => kind !== 'option-terminator') &&
      given.length === Object.keys(values).length &&
      given.every(({ rawName, inlineValue, value = '' }) =>
        inlineValue ? rawName !== '-p' && !/^['"]/.test(value) : !/^[-'"]/.test(value),
      );
    return isPlain ? { words: positionals, flags: { ...values } } : undefined;
  } catch {
    return undefined;
  }
}

/** Gives a flag that may stand alone its value, so that it never takes the word behind it: --listing ./dir. */
export function withValue(argument: string, { table, nameOf }: Flags = SERVER): string {
  const named = (flag: string) => table[nameOf.get(flag) ?? '']?.kind;
  const bare = argument.startsWith('--') ? named(argument.slice(2))?.bare : undefined;
  if (bare !== undefined) return `${argument}=${bare}`;
  const negated = /^--no-(.+)$/.exec(argument)?.[1];
  return negated && named(negated)?.shape === '' ? `--${negated}=false` : argument;
}
