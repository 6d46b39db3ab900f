// The command line by yargs: every form of it, and the help.
import yargs from 'yargs';
import { GROUPS } from '../options/options.ts';
import { flagOf, type Option, type Table } from '../options/table.ts';
import { type Arguments, type Flags, SERVER, SHORT, withValues } from './arguments.ts';
import { refuseSingleDash } from './flags.ts';

const USAGE = `zcserve [root] [options]         serve a directory: public, if there is one, or this one
zcserve doctor [root] [options]  say what would be used here, and why
zcserve doctor [root] --verify LIST  are the files as a list of their hashes says?
zcserve tune [root] [options]    measure, and print the best thresholds for this machine
zcserve upgrade --pid-file FILE  a new process of the program takes the place of the one that runs
zcserve compress DIR [options]   encode a site's files once, beside them (--help: its own options)
zcserve tail URL [options]       follow a stream, or a file that grows, to standard output (--help: its own options)
zcserve append URL [FILE…]       append files, or standard input, to a stream (--help: its own options)

Sizes take k, m, g (powers of 1024); times take ms, s, m, h (a bare number is milliseconds).
Each option is also a variable (ZCSERVE_MMAP_MAX) and a name in the --config file (mmapMax).`;

/** What the command line asks for: something to be done, or to be told. */
export type Asked = Arguments | 'version' | { readonly help: string };

/** What help is made of. */
export interface Help {
  readonly usage: string;
  readonly flags: Flags;
  readonly groups: Readonly<Record<string, Table>>;
}

const SERVING: Help = { usage: USAGE, flags: SERVER, groups: GROUPS };

/** Reads any command line; unknown flags are among its flags. Throws an OptionError for one that it would misread. */
export async function readArguments(
  args: readonly string[],
  about: Help = SERVING,
): Promise<Asked> {
  refuseSingleDash(args, about.flags);
  // yargs takes what every object has for an option of its own, and throws.
  const inherited = args.map(nameOf).find((name) => name in Object.prototype);
  if (inherited !== undefined) return { words: [], flags: { [inherited]: '' } };
  const parser = describe(args, about);
  const { _: words, $0: _, p: __, help, version, ...flags } = await parser.parseAsync();
  if (help) return { help: await parser.getHelp() };
  if (version) return 'version';
  return { words: words.map(String), flags };
}

/** `--name=value` → name; empty for a word. */
function nameOf(argument: string): string {
  return /^--([^=]+)/.exec(argument)?.[1] ?? '';
}

function describe(args: readonly string[], { usage, flags, groups }: Help) {
  const parser = yargs(withValues(args, flags))
    .scriptName('zcserve')
    .help(false)
    .version(false)
    .usage(usage)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .alias(SHORT)
    .option('help', { type: 'boolean', describe: 'print this' })
    .option('version', { type: 'boolean', describe: 'print the version' })
    .exitProcess(false)
    .wrap(Math.min(process.stdout.columns ?? 100, 120));
  for (const [group, rows] of Object.entries(groups)) {
    for (const [name, row] of Object.entries(rows)) {
      const flag = flagOf(name).slice(2);
      if (flags.nameOf.has(flag))
        parser.option(flag, { group: `${group}:`, describe: helpOf(row) });
    }
  }
  return parser.group(['help', 'version'], 'Command:');
}

function helpOf({ kind, default: initial, help, peers }: Option): string {
  const value = kind.bare === undefined ? `<${kind.shape}> ` : `[=${kind.shape}] `;
  const notes = [initial === undefined ? [] : `default ${kind.show(initial)}`, peers ?? []].flat();
  return `${kind.shape === '' ? '' : value}${help}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}
