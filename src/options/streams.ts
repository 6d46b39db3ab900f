// Options: streams, which are written over HTTP, read from any offset and followed.
import { normalise } from '../http/target.ts';
import { choice, duration, type Kind, path, size, text } from './kinds.ts';
import { OptionError, option, optional } from './table.ts';

const DAY_MS = 86_400_000;
const MIB = 2 ** 20;
const TIB = 2 ** 40;

/** As decoded paths begin that are below it, without a slash at its end. */
const prefix: Kind<string> = {
  ...text,
  shape: 'prefix',
  expected: 'a path that begins with a slash and is not the root itself, such as /streams',
  parse(input) {
    const path = typeof input === 'string' && input.startsWith('/') ? normalise(input) : undefined;
    return path === '/' || path?.includes('\\') ? undefined : path;
  },
};

export const streams = {
  streams: optional(
    prefix,
    'paths below this one are streams: created, appended to, read from any offset and followed (Durable Streams)',
  ),
  streamsDir: optional(
    path,
    'directory that keeps them; else the one below the root that is called as the prefix',
    'Kafka log.dirs',
  ),
  durability: option(
    choice('none', 'async', 'group', 'sync'),
    'group',
    'an append is acknowledged when it is written (none), also synced soon after (async), synced with all that came meanwhile (group), or by itself (sync)',
    'Kafka acks, flush.messages; RocketMQ flushDiskType',
  ),
  maxAppend: option(
    size(1, 2 ** 30),
    8 * MIB,
    'size of one append; more gets 413',
    'nginx client_max_body_size, Kafka message.max.bytes',
  ),
  maxStream: option(size(1, 1024 * TIB), TIB, 'size of one stream; more gets 413'),
  streamsQuota: optional(
    size(1, 1024 * TIB),
    'size of all streams; more gets 507',
    'Kafka retention.bytes',
  ),
  streamsMinFree: option(
    size(0, 1024 * TIB),
    256 * MIB,
    'space that appends leave free on their file system; more gets 507',
  ),
  writeTokenFile: optional(
    path,
    'file of the tokens, one a line, of those who may write (Authorization: Bearer); without it the users of auth, and on loopback or a Unix socket everybody there',
  ),
  longPollTimeout: option(
    duration(1, DAY_MS),
    30_000,
    'time that live=long-poll waits for what comes next; then 204',
    'Kafka fetch.max.wait.ms',
  ),
  sseTimeout: option(
    duration(1, DAY_MS),
    60_000,
    'time after which an answer of events ends, and its client comes again',
  ),
};

type Given = { readonly [N in keyof typeof streams]: unknown };

/** Throws an OptionError where they do not fit together. `isDefault`: nothing was said of it. */
export function agreeOnStreams(
  { streams: asked }: Given,
  isDefault: (name: keyof typeof streams) => boolean,
): void {
  const names = Object.keys(streams) as ReadonlyArray<keyof typeof streams>;
  const other = names.find((name) => !isDefault(name));
  if (asked !== undefined || other === undefined) return;
  throw new OptionError((call) => `${call(other)} needs ${call('streams')} too`);
}
