// Content-Type by file name: the registered type of its extension, with a charset where text needs one.
import { posix } from 'node:path';
import { contentType } from 'mime-types';

const UNKNOWN = 'application/octet-stream';

/** Extensions are few, names are many. */
const known = new Map<string, string>();
const MAX_KNOWN = 1000;

/** The Content-Type of a root-relative path; application/octet-stream where the extension says nothing. */
export function typeOf(path: string): string {
  const extension = posix.extname(path).toLowerCase();
  const type = known.get(extension);
  if (type !== undefined) return type;
  // Without its dot, mime-types would take a name like "html" for an extension.
  const found = (extension.length > 1 && contentType(extension)) || UNKNOWN;
  if (known.size < MAX_KNOWN) known.set(extension, found);
  return found;
}
