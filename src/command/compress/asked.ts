// The command line of `zcserve compress`: what is its own, and what a server of that directory would be told.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Log } from '../../log/log.ts';
import { COMPRESS_GROUPS, COMPRESS_OPTIONS, compressing } from '../../options/compress.ts';
import { defaultsOf, OptionError, readOptions } from '../../options/table.ts';
import type { FileCoding } from '../../plan/types.ts';
import { flagsOf } from '../arguments.ts';
import { type Gathered, gatherOptions } from '../config.ts';
import { calledOn, readFlags } from '../flags.ts';
import { logOf } from '../on-signals.ts';
import { isDirectory } from '../paths.ts';
import { readArguments } from '../usage.ts';

const USAGE = `zcserve compress DIR [options]

Encodes what of DIR gets smaller by it, once, into siblings that the server answers with: app.js.br, app.js.zst, app.js.gz.
What has a sibling of its content is left alone.`;

const FLAGS = flagsOf('zcserve compress', COMPRESS_OPTIONS);

export interface Asked {
  /** The server's options for the directory. */
  readonly gathered: Gathered;
  readonly log: Log;
  readonly codings: readonly FileCoding[];
  /** Were they named, or is it whatever this Node has? */
  readonly named: boolean;
  /** Directories of earlier releases, absolute. */
  readonly against: readonly string[];
  readonly force: boolean;
  readonly prune: boolean;
  readonly check: boolean;
  readonly threads: number;
}

/** Behind the word. Throws an OptionError that calls flags as they were typed. */
export async function readCompress(
  args: readonly string[],
): Promise<Asked | 'version' | { readonly help: string }> {
  const about = { usage: USAGE, flags: FLAGS, groups: COMPRESS_GROUPS };
  const asked = await readArguments(args, about);
  if (asked === 'version' || 'help' in asked) return asked;
  const call = calledOn(args);
  const texts = readFlags(asked.flags, args, FLAGS);
  const root = directoryIn(asked.words);
  const isOwn = ([name]: readonly [string, unknown]) => Object.hasOwn(compressing, name);
  const given = Object.entries(texts);
  const own = readOptions(compressing, Object.fromEntries(given.filter(isOwn)), call, '');
  const values = { ...defaultsOf(compressing), ...own } as Values;
  if (values.against !== undefined && values.codings.every((coding) => coding === 'gzip')) {
    throw new OptionError(`${call('against')} needs br or zstd among ${call('codings')}`);
  }
  const others = Object.fromEntries(given.filter((entry) => !isOwn(entry)));
  const gathered = gatherOptions({ ...others, root }, process.env, call);
  const { codings, force, prune, check, threads } = values;
  return {
    ...{ gathered, log: logOf(gathered), codings, force, prune, check },
    named: own.codings !== undefined,
    against: (values.against ?? []).map((directory) => existing(directory, call('against'))),
    threads: threads === 'auto' ? availableParallelism() : threads,
  };
}

type Values = {
  readonly [N in keyof typeof compressing]: NonNullable<(typeof compressing)[N]['default']>;
};

function directoryIn([directory, extra]: readonly string[]): string {
  if (directory === undefined) {
    throw new OptionError('compress needs a directory: zcserve compress dist');
  }
  if (extra !== undefined) throw new OptionError(`${extra}: only one directory can be compressed`);
  return existing(directory);
}

function existing(directory: string, flag = ''): string {
  if (isDirectory(directory)) return resolve(directory);
  throw new OptionError(`${flag === '' ? '' : `${flag}: `}${directory} is no directory`);
}
