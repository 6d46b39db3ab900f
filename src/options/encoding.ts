// Options: encoded forms that the server makes by itself.
import { choice, integer, type Kind, path, size } from './kinds.ts';
import { dictionaryRules } from './rules.ts';
import { option, optional } from './table.ts';

const words = choice('auto', 'on', 'off');

const onOrOff: Kind<'auto' | 'on' | 'off', 'auto' | 'on' | 'off' | boolean> = {
  ...words,
  bare: 'on',
  parse: (input) => (typeof input === 'boolean' ? (input ? 'on' : 'off') : words.parse(input)),
};

export const encoding = {
  dictionaries: option(
    dictionaryRules,
    false,
    'answer clients that have an earlier version of a file by what has changed: siblings .<SHA-256>.dcb and .dcz are offered, and hashed names said to be dictionaries for the next',
  ),
  compress: option(
    onOrOff,
    'auto',
    'encode files that are asked for again and again and have no sibling, once, in the background; auto: where there is TLS, or an address that others reach; alone: on',
    'nginx gzip, Caddy encode',
  ),
  compressCpu: option(
    integer(1, 100),
    50,
    'most of one processor that encoding takes, per cent; what else wants a processor goes first',
  ),
  compressSize: option(size(2 ** 20, 2 ** 40), 2 ** 26, 'size of all forms that are kept'),
  compressCache: optional(
    path,
    'directory where forms are kept over a restart; without it they are in memory',
  ),
};
