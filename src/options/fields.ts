// Options: fields of responses.
import { bareMeans, choice, duration, integer, list, switchOrFile, text, toggle } from './kinds.ts';
import { cacheRules, fieldRules, typeRules } from './rules.ts';
import { option, optional } from './table.ts';

export const fields = {
  mimeTypes: option(typeRules, {}, 'media types by extension or glob', 'nginx types'),
  etag: option(
    choice('auto', 'stat', 'content', 'off'),
    'auto',
    'entity-tag from size and time, or the content where the time proves little; from identity, size and time; from the content; or none',
    'nginx etag, Apache FileETag',
  ),
  digest: option(
    choice('off', 'sha-256'),
    'off',
    'tell the hash of what is sent (Repr-Digest; Content-Digest to who wants it); with --listing also of files (?integrity)',
  ),
  lastModified: option(toggle, true, 'send Last-Modified'),
  precompressed: option(
    list(choice('br', 'zstd', 'gzip')),
    ['br', 'zstd', 'gzip'],
    'codings whose siblings (.br, .zst, .gz) are offered',
    'nginx gzip_static',
  ),
  maxRanges: option(
    integer(0, 1000),
    16,
    'most ranges of one request; more get the whole file, 0 ignores ranges',
    'nginx max_ranges',
  ),
  cacheControl: optional(cacheRules, 'Cache-Control of every file', 'nginx expires'),
  cdn: optional(
    bareMeans('60s', duration(1000, 365 * 24 * 3_600_000)),
    'how long a CDN may answer without asking, by a field that is for CDNs alone (CDN-Cache-Control); alone: 60s',
  ),
  immutableHashed: option(toggle, false, 'a year of immutable for names with a content hash'),
  cors: option(
    list(text, '*'),
    [],
    'origins that may read across sites; alone: every origin',
    'Tomcat cors.allowed.origins',
  ),
  securityHeaders: option(toggle, false, 'send the usual security fields'),
  headers: option(fieldRules, {}, 'fields by glob; null removes one', 'nginx add_header'),
  earlyHints: option(
    switchOrFile,
    false,
    'what a page loads is said ahead of it (103), over HTTP/2: links that headers give it, or also those of a build by its manifest (Vite), such as .vite/manifest.json',
    'nginx early_hints',
  ),
  download: option(
    toggle,
    false,
    '?download and ?download=name answer with a file to be saved, under its name or that one',
  ),
  serverTiming: option(
    toggle,
    false,
    'strategy and reason, protocol and TLS version as Server-Timing',
  ),
};
