// The words of a command line, those that are no flags: what to do, and for which directory.
import { nearest, OptionError } from '../options/table.ts';
import { withValue } from './arguments.ts';
import { exists, isDirectory } from './paths.ts';

const COMMANDS = ['doctor', 'tune', 'upgrade'] as const;
const ASKS = ['help', 'version'] as const;
/** They have flags of their own, so what stands before them would be read as the server's; and what stands behind. */
const APART = { compress: 'DIR', tail: 'URL', append: 'URL' } as const;

/** The command of its own that a line begins with. */
export function commandApart([first]: readonly string[]): keyof typeof APART | undefined {
  return names(APART).find((name) => name === first);
}

export interface Words {
  readonly command: (typeof COMMANDS)[number] | (typeof ASKS)[number] | 'serve';
  readonly root: string | undefined;
}

/** How others are told to serve: here no word does. */
const SERVE = ['serve', 'server', 'start', 'run', 'dev', 'preview', 'file-server'];

/** `args`: the whole line, for a mistake may stand before the word. Throws an OptionError that says what was meant. */
export function readWords(words: readonly string[], args: readonly string[]): Words {
  const [first] = words;
  const command = COMMANDS.find((name) => name === first);
  const ask = ASKS.find((name) => name === first);
  if (ask !== undefined && !exists(ask)) return { command: ask, root: undefined };
  const apart = commandApart(words);
  if (apart !== undefined) {
    throw new OptionError(`${apart} comes first: zcserve ${apart} ${APART[apart]}`);
  }
  const [root, extra] = command ? words.slice(1) : words;
  if (extra !== undefined) {
    throw new OptionError(
      valueWithoutSign(root, args) ??
        valueWithoutSign(extra, args) ??
        wordThatServes(root, extra) ??
        `${extra}: only one directory can be served`,
    );
  }
  if (root !== undefined && !isDirectory(root)) {
    const words = valueWithoutSign(root, args) ?? portAsRoot(root) ?? commandMeant(root);
    if (words !== undefined) throw new OptionError(words);
  }
  return { command: command ?? 'serve', root };
}

/** `--spa 404.html`: a flag that may stand alone never takes the word behind it. */
function valueWithoutSign(word: string | undefined, args: readonly string[]): string | undefined {
  if (word === undefined || isDirectory(word)) return undefined;
  const flag = args.find((argument, i) => args[i + 1] === word && withValue(argument) !== argument);
  if (flag === undefined || flag.startsWith('--no-')) return undefined;
  return `${flag} takes its value with an equals sign: ${flag}=${word}`;
}

function wordThatServes(first: string | undefined, second: string): string | undefined {
  if (first === undefined || !SERVE.includes(first)) return undefined;
  return `${first} is no command: zcserve ${second} serves`;
}

function portAsRoot(root: string): string | undefined {
  if (!/^:?\d+$/.test(root)) return undefined;
  return `${root} is no directory; a port is given by --port ${root.replace(':', '')}`;
}

function commandMeant(root: string): string | undefined {
  if (exists(root)) return undefined;
  if (SERVE.includes(root)) return `${root} is no directory; zcserve alone serves`;
  const near = nearest(root, [...COMMANDS, ...names(APART), ...ASKS]);
  return near && `${root} is no directory; did you mean zcserve ${near}?`;
}

function names<T extends object>(table: T): (keyof T & string)[] {
  return Object.keys(table) as (keyof T & string)[];
}
