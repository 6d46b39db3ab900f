// The command line of `zcserve tail`.
import type { Log } from '../../log/log.ts';
import { CLIENT_GROUPS, TAIL_OPTIONS, type TailValues } from '../../options/clients.ts';
import { defaultsOf, OptionError, readOptions } from '../../options/table.ts';
import { flagsOf } from '../arguments.ts';
import { logOf, targetOf } from '../client/asked.ts';
import type { Target } from '../client/connection.ts';
import { calledOn, readFlags } from '../flags.ts';
import { readArguments } from '../usage.ts';

const USAGE = `zcserve tail URL [options]

Writes what comes to a Durable Stream, or to a file that a server offers live, to standard output;
of a JSON stream one message a line. It goes on by itself where a connection is lost, and ends when
the stream is closed.`;

const FLAGS = flagsOf('zcserve tail', TAIL_OPTIONS);
const GROUPS = { Reading: CLIENT_GROUPS['zcserve tail'], Connection: CLIENT_GROUPS.Both };

export interface Asked extends Omit<TailValues, 'fromStart'> {
  readonly target: Target;
  /** -1 is the start, now the end. */
  readonly offset: string;
  readonly log: Log;
}

/** Behind the word. Throws an OptionError that calls flags as they were typed. */
export async function readTail(
  args: readonly string[],
): Promise<Asked | 'version' | { readonly help: string }> {
  const asked = await readArguments(args, { usage: USAGE, flags: FLAGS, groups: GROUPS });
  if (asked === 'version' || 'help' in asked) return asked;
  const [address, extra] = asked.words;
  if (address === undefined) {
    throw new OptionError('tail needs an address: zcserve tail http://localhost:8080/log');
  }
  if (extra !== undefined) throw new OptionError(`${extra}: only one address can be followed`);
  const call = calledOn(args);
  const given = readOptions(TAIL_OPTIONS, readFlags(asked.flags, args, FLAGS), call, '');
  const values = { ...defaultsOf(TAIL_OPTIONS), ...given } as TailValues;
  if (values.fromStart && values.offset !== undefined) {
    throw new OptionError(`${call('fromStart')} and ${call('offset')} exclude each other`);
  }
  return {
    ...values,
    target: targetOf(address, values),
    offset: values.offset ?? (values.fromStart || !values.follow ? '-1' : 'now'),
    log: logOf(values),
  };
}
