// Flags by option name, and what is said of one that does not exist.
import { COMMAND_OPTIONS } from '../options/options.ts';
import { flagOf, nearest, OptionError, unknown } from '../options/table.ts';
import { NAME_OF } from './arguments.ts';
import { hintFor } from './peers.ts';

/** Throws an OptionError for one that does not exist. */
export function readFlags(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [flag, value] of Object.entries(flags)) {
    const name = NAME_OF.get(flag);
    if (name === undefined) throw new OptionError(wordsFor(flag));
    values[name] = value;
  }
  return values;
}

function wordsFor(flag: string): string {
  const shown = flag.length === 1 ? `-${flag}` : `--${flag}`;
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
