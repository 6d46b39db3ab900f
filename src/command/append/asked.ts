// The command line of `zcserve append`.
import { randomUUID } from 'node:crypto';
import type { Log } from '../../log/log.ts';
import { APPEND_OPTIONS, type AppendValues, CLIENT_GROUPS } from '../../options/clients.ts';
import { defaultsOf, OptionError, readOptions } from '../../options/table.ts';
import { flagsOf } from '../arguments.ts';
import { logOf, targetOf } from '../client/asked.ts';
import type { Target } from '../client/connection.ts';
import { calledOn, readFlags } from '../flags.ts';
import { readArguments } from '../usage.ts';

const USAGE = `zcserve append URL [FILE…] [options]

Appends files, one after the other, or standard input, to a Durable Stream: in order, and each byte
once, however often the connection is lost. A JSON stream takes one message a line.`;

const FLAGS = flagsOf('zcserve append', APPEND_OPTIONS);
const GROUPS = { Appending: CLIENT_GROUPS['zcserve append'], Connection: CLIENT_GROUPS.Both };

export interface Writer {
  readonly id: string;
  readonly epoch: number;
  /** Was the epoch named? Then it may be one that was there before. */
  readonly isGiven: boolean;
}

export interface Asked extends AppendValues {
  readonly target: Target;
  /** None: standard input. */
  readonly files: readonly string[];
  readonly writer: Writer;
  readonly log: Log;
}

/** Behind the word. Throws an OptionError that calls flags as they were typed. */
export async function readAppend(
  args: readonly string[],
): Promise<Asked | 'version' | { readonly help: string }> {
  const asked = await readArguments(args, { usage: USAGE, flags: FLAGS, groups: GROUPS });
  if (asked === 'version' || 'help' in asked) return asked;
  const [address, ...files] = asked.words;
  if (address === undefined) {
    throw new OptionError(
      'append needs an address: zcserve append http://localhost:8080/log < file',
    );
  }
  const call = calledOn(args);
  const given = readOptions(APPEND_OPTIONS, readFlags(asked.flags, args, FLAGS), call, '');
  const values = { ...defaultsOf(APPEND_OPTIONS), ...given } as AppendValues;
  const { producerId, producerEpoch } = values;
  if (producerEpoch !== undefined && producerId === undefined) {
    throw new OptionError(`${call('producerEpoch')} needs ${call('producerId')} too`);
  }
  const writer = {
    id: producerId ?? `zcserve-${randomUUID()}`,
    // Later than that of any run before, without a place to keep it.
    epoch: producerEpoch ?? (producerId === undefined ? 0 : Date.now()),
    isGiven: producerEpoch !== undefined,
  };
  return { ...values, target: targetOf(address, values), files, writer, log: logOf(values) };
}
