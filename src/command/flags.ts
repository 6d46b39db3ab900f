// Flags by option name, what each was called by whoever typed it, and what is said of one that does not exist.
import { COMMAND_OPTIONS } from '../options/options.ts';
import { type Call, flagOf, nearest, OptionError, unknown } from '../options/table.ts';
import { NAME_OF, SHORT } from './arguments.ts';
import { hintFor } from './peers.ts';

/** By option name, as text. Throws an OptionError for a flag that does not exist, or has no value where it needs one. */
export function readFlags(
  flags: Readonly<Record<string, unknown>>,
  args: readonly string[],
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [flag, value] of Object.entries(flags)) {
    const name = NAME_OF.get(flag);
    if (name === undefined) throw new OptionError(wordsFor(asTyped(flag, args)));
    if (value === true) throw new OptionError(`${asTyped(flag, args)} needs ${expectedOf(name)}`);
    values[name] = value;
  }
  return values;
}

/** Options as they were typed on this command line: `-p`, `--no-watch`. The root has no flag. */
export function calledOn(args: readonly string[]): Call {
  return (name) => (name === 'root' ? 'the directory' : asTyped(flagOf(name).slice(2), args));
}

/** `-port 80` is five flags of one letter to a parser, and means none of them. */
export function refuseSingleDash(args: readonly string[]): void {
  for (const argument of args) {
    if (argument === '--') return;
    const flag = /^-([a-zA-Z][\w-]+)(?:=|$)/.exec(argument)?.[1];
    if (flag === undefined) continue;
    if (isFlag(flag)) throw new OptionError(unknown(`-${flag}`, `--${flag}`));
    if (hintFor(flag) !== undefined) throw new OptionError(wordsFor(`-${flag}`));
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

function expectedOf(name: string): string {
  return COMMAND_OPTIONS[name as keyof typeof COMMAND_OPTIONS].kind.expected;
}

function isFlag(name: string): boolean {
  return NAME_OF.has(name) || Object.values(SHORT).includes(name);
}

/** `shown`: the flag with its dashes. */
function wordsFor(shown: string): string {
  const flag = shown.replace(/^--?/, '');
  const hint = hintFor(flag);
  if (hint !== undefined) return `${shown} is unknown; ${hint}`;
  const structured = Object.keys(COMMAND_OPTIONS).find((name) => flagOf(name) === shown);
  if (structured !== undefined)
    return `${shown} is no flag: ${structured} stands in a --config file`;
  const near =
    flag.length === 1
      ? undefined
      : nearest(flag.replace(/^no-/, ''), [...NAME_OF.keys(), 'help', 'version']);
  if (near !== undefined) return unknown(shown, `--${near}`);
  return `${unknown(shown, undefined)}; zcserve --help lists the options`;
}
