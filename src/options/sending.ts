// Options: how bodies leave.
import { choice, integer, size, toggle, wordOr } from './kinds.ts';
import { option } from './table.ts';

const TIB = 2 ** 40;

export const sending = {
  strategy: option(
    choice('auto', 'mmap', 'sendfile', 'read'),
    'auto',
    'how bodies are sent; anything but auto forces it, for measurement',
    'nginx sendfile, Tomcat useSendfile, Apache EnableSendfile and EnableMMAP',
  ),
  mmapMax: option(
    wordOr('auto', size(0, TIB)),
    'auto',
    'largest file for the memory cache; auto: 32k, with a certificate 1m and at most a 64th of the cache',
    'Tomcat cacheObjectMaxSize',
  ),
  mmapMinUses: option(
    integer(1, 1_000_000),
    2,
    'requests before a file enters the memory cache',
    'nginx open_file_cache_min_uses',
  ),
  mmapSource: option(
    choice('snapshot', 'file'),
    'snapshot',
    'what the memory cache maps: a sealed copy, or the file itself (only for trees that never change in place)',
  ),
  cacheSize: option(size(0, TIB), 2 ** 26, 'size of the memory cache', 'Tomcat cacheMaxSize'),
  sendfileMin: option(
    size(0, TIB),
    32768,
    'smallest body for sendfile; smaller ones that are not cached are read',
    'Tomcat sendfileSize',
  ),
  sendfileMaxChunk: option(
    size(4096, 2 ** 30),
    2 ** 21,
    'most that one connection sends before others have their turn',
    'nginx sendfile_max_chunk',
  ),
  sendfileVerify: option(
    toggle,
    false,
    'hold the last byte of a sendfile back until the file is known to be unchanged',
  ),
};
