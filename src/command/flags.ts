// Flags by option name, what each was called by whoever typed it, and what is said of one that does not exist.
import { type Call, flagOf, nearest, OptionError, unknown } from '../options/table.ts';
import { type Flags, SERVER, SHORT } from './arguments.ts';
import { hintFor } from './peers.ts';

/** By option name, as text. Throws an OptionError for a flag that does not exist, or has no value where it needs one. */
export function readFlags(
  flags: Readonly<Record<string, unknown>>,
  args: readonly string[],
  of: Flags = SERVER,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [flag, value] of Object.entries(flags)) {
    const name = of.nameOf.get(flag);
    if (name === undefined) throw new OptionError(wordsFor(asTyped(flag, args), of));
    if (value === true) {
      throw new OptionError(`${asTyped(flag, args)} needs ${of.table[name]?.kind.expected}`);
    }
    values[name] = value;
  }
  return values;
}

/** Options as they were typed on this command line: `-p`, `--no-watch`. The root has no flag. */
export function calledOn(args: readonly string[]): Call {
  return (name) => (name === 'root' ? 'the directory' : asTyped(flagOf(name).slice(2), args));
}

/** `-port 80` is five flags of one letter to a parser, and means none of them. */
export function refuseSingleDash(args: readonly string[], of: Flags): void {
  for (const argument of args) {
    if (argument === '--') return;
    const flag = /^-([a-zA-Z][\w-]+)(?:=|$)/.exec(argument)?.[1];
    if (flag === undefined) continue;
    if (isFlag(flag, of)) throw new OptionError(unknown(`-${flag}`, `--${flag}`));
    if (hintIn(of, flag) !== undefined) throw new OptionError(wordsFor(`-${flag}`, of));
  }
}

function asTyped(flag: string, args: readonly string[]): string {
  const letter = Object.keys(SHORT).find((letter) => SHORT[letter] === flag) ?? flag;
  const typed = args.find((argument) => {
    const name = /^--([^=]+)/.exec(argument)?.[1];
    return name !== undefined && [flag, letter, `no-${flag}`].includes(name);
  });
  if (typed !== undefined) return typed.replace(/=.*/s, '');
  return letter.length === 1 ? `-${letter}` : `--${flag}`;
}

/** Other servers' flags say nothing of what is no server. */
function hintIn(of: Flags, flag: string): string | undefined {
  return of === SERVER ? hintFor(flag) : undefined;
}

function isFlag(name: string, { nameOf }: Flags): boolean {
  return nameOf.has(name) || Object.values(SHORT).includes(name);
}

/** `shown`: the flag with its dashes. */
function wordsFor(shown: string, of: Flags): string {
  const flag = shown.replace(/^--?/, '');
  const hint = hintIn(of, flag);
  if (hint !== undefined) return `${shown} is unknown; ${hint}`;
  const structured = Object.keys(of.table).find((name) => flagOf(name) === shown);
  if (structured !== undefined)
    return `${shown} is no flag: ${structured} stands in a --config file`;
  const near =
    flag.length === 1
      ? undefined
      : nearest(flag.replace(/^no-/, ''), [...of.nameOf.keys(), 'help', 'version']);
  if (near !== undefined) return unknown(shown, `--${near}`);
  return `${unknown(shown, undefined)}; ${of.line} --help lists the options`;
}
