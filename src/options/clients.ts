// Options of `zcserve tail` and `zcserve append`: flags of their own.
import {
  choice,
  duration,
  formed,
  integer,
  type Kind,
  path,
  size,
  text,
  toggle,
  wordOr,
} from './kinds.ts';
import { type Option, option, optional } from './table.ts';

/** "Name: value" (RFC 9110 §5), one or several. */
const fieldLines: Kind<readonly string[], string | readonly string[]> = {
  shape: 'name: value',
  expected: 'a field, such as "X-Team: build", or several',
  parse(input) {
    const lines = [input].flat();
    const isLine = (line: unknown) =>
      // biome-ignore lint/suspicious/noControlCharactersInRegex: no field may have them
      typeof line === 'string' && /^[\w!#$%&'*+.^`|~-]+:[^\x00-\x08\x0a-\x1f\x7f]*$/.test(line);
    return lines.length > 0 && lines.every(isLine) ? (lines as string[]) : undefined;
  },
  show: (lines) => lines.join(', '),
};

/** A day: whoever waits longer says forever. */
const MAX_RETRY_MS = 86_400_000;

const connecting = {
  tokenFile: optional(
    path,
    'file with a token, sent as Authorization: Bearer',
    'curl --oauth2-bearer',
  ),
  header: optional(fieldLines, 'field of each request, several for several', 'curl -H'),
  ca: optional(path, 'certificates in PEM that the server is trusted by', 'curl --cacert'),
  retryFor: option(
    wordOr('forever', duration(0, MAX_RETRY_MS)),
    600_000,
    'a connection that is lost, 429 and 5xx are tried again for so long',
    'Kafka delivery.timeout.ms',
  ),
  quiet: option(toggle, false, 'say nothing but what ends the command'),
};

const tailing = {
  offset: optional(
    text,
    'begin there: an offset of the stream (of a file: a byte), -1 is the start, now the end; default: now, and with --no-follow -1',
    'Kafka auto.offset.reset',
  ),
  fromStart: option(
    toggle,
    false,
    'the same as --offset=-1',
    'kafka-console-consumer --from-beginning',
  ),
  follow: option(toggle, true, '--no-follow ends when all is read that is there now'),
  live: option(
    choice('long-poll', 'sse'),
    'long-poll',
    'how to wait for what comes; sse takes the ends of lines of a text as server-sent events have them',
  ),
  offsetFile: optional(
    path,
    'keep the position there, and begin at it where the file exists',
    'Kafka: the committed offset of a group',
  ),
};

export const appending = {
  create: option(toggle, false, 'create the stream if there is none'),
  contentType: optional(
    formed('type', 'a media type, such as text/plain', /^[\w.+-]+\/[\w.+-]+(\s*;.*)?$/),
    'of a stream that is created; default: application/octet-stream',
  ),
  lines: option(
    toggle,
    false,
    'each append is of whole lines (a JSON stream takes a message a line anyhow)',
  ),
  batchSize: option(
    size(1, 2 ** 26),
    2 ** 20,
    'bytes of one append, at most; halved where the server answers with 413',
    'Kafka batch.size',
  ),
  close: option(toggle, false, 'close the stream with the last append: its readers end'),
  resume: option(
    toggle,
    false,
    'go on behind what the stream has already of this input; its only writer may ask so',
  ),
  producerId: optional(
    text,
    'name of this writer: a later run with it fences an earlier one; default: one at random',
    'Kafka transactional.id',
  ),
  producerEpoch: optional(
    integer(0, Number.MAX_SAFE_INTEGER),
    'its run; default: the time in milliseconds (0 for a random name)',
  ),
};

export const TAIL_OPTIONS = { ...tailing, ...connecting };
export const APPEND_OPTIONS = { ...appending, ...connecting };

type Values<T> = { readonly [N in keyof T]: T[N] extends Option<infer V, infer _> ? V : never };

export type Connecting = Values<typeof connecting>;
export type TailValues = Values<typeof TAIL_OPTIONS>;
export type AppendValues = Values<typeof APPEND_OPTIONS>;

export const CLIENT_GROUPS = {
  'zcserve tail': tailing,
  'zcserve append': appending,
  Both: connecting,
};
