// Options: what is kept in memory, or brought there before anybody asks.
import { bareMeans, choice, size, text, wordOr } from './kinds.ts';
import { option } from './table.ts';

const TIB = 2 ** 40;

export const memory = {
  warm: option(
    bareMeans('**', { ...text, shape: 'glob', expected: 'a glob, such as "assets/**", or none' }),
    'none',
    'files to read into the page cache when it starts, while it serves; alone: all that is served',
    'vmtouch, RocketMQ warmMapedFileEnable',
  ),
  warmMax: option(
    wordOr('auto', size(0, TIB)),
    'auto',
    'most that is read for that, bytes of all sites together; auto: half of the memory that is available',
  ),
  lockCache: option(
    bareMeans('on', choice('off', 'on', 'auto')),
    'off',
    'keep the memory cache from being swapped out (mlock); auto: where the limit of the process allows it',
    'RocketMQ mlock, memcached -k',
  ),
};
