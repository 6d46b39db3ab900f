// Content-Type by file name: the registered type of its extension, with a charset where text needs one.
import { posix } from 'node:path';
import { loadMimeTypes } from '../packages/packages.ts';

const UNKNOWN = 'application/octet-stream';

/** What most pages are made of, as mime-types has it: to load its database takes a tenth of a server's start. */
export const USUAL: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.mjs', 'text/javascript; charset=utf-8'],
  ['.json', 'application/json; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.jpg', 'image/jpeg'],
  ['.webp', 'image/webp'],
  ['.avif', 'image/avif'],
  ['.ico', 'image/vnd.microsoft.icon'],
  ['.woff2', 'font/woff2'],
]);

const TEXT = 'text/plain; charset=utf-8';

/** Names that say what they are without an extension. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['apple-app-site-association', 'application/json; charset=utf-8'],
  ...['LICENSE', 'LICENCE', 'COPYING', 'NOTICE', 'AUTHORS', 'README', 'CHANGELOG'].map(
    (name) => [name, TEXT] as const,
  ),
]);

/** Extensions are few, names are many. */
const known = new Map([
  ...USUAL,
  // Not in mime-types; RFC 6713, as .tar.gz has it.
  ['.tgz', 'application/gzip'],
]);
const MAX_KNOWN = 1000;

/** The Content-Type of a root-relative path; application/octet-stream where the extension says nothing. */
export function typeOf(path: string): string {
  const extension = posix.extname(path).toLowerCase();
  const type = extension === '' ? NAMED.get(posix.basename(path)) : known.get(extension);
  if (type !== undefined) return type;
  const { contentType } = loadMimeTypes();
  // Without its dot, mime-types would take a name like "html" for an extension.
  const found = (extension.length > 1 && contentType(extension)) || UNKNOWN;
  if (known.size < MAX_KNOWN) known.set(extension, found);
  return found;
}

/** The type of what is encoded in a file: of the name without the suffix of its coding, if it has one. */
export function typeWithin(path: string): string {
  return typeOf(path.replace(/\.(?:gz|br|zst)$/i, ''));
}
