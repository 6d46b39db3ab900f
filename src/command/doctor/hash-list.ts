// A list of hashes in the format of sha256sum(1).
import type { Readable } from 'node:stream';

/** A file of the list, and its SHA-256 in hex. */
export interface Listed {
  readonly path: string;
  readonly hash: string;
}

/**
 * Hash, a space, the mark of text or binary (which mean the same here), name; a backslash before it where the name has
 * escapes.
 */
const LINE = /^(\\?)([\da-f]{64}) [ *](.+)$/is;

const ESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r' };

/** Undefined for an empty line and a comment. Throws an Error where it is no line of such a list. */
export function parseLine(line: string): Listed | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  const [, escaped, hash = '', name = ''] = LINE.exec(line) ?? [];
  if (escaped === undefined) throw new Error('not as sha256sum writes it');
  const path = escaped === '' ? name : unescaped(name);
  return { path: path.replace(/^(?:\.\/+)+/, ''), hash: hash.toLowerCase() };
}

function unescaped(name: string): string {
  return name.replace(/\\(?:.|$)/g, (written) => {
    const meant = ESCAPES[written];
    if (meant === undefined) throw new Error(`${written} is no escape of sha256sum`);
    return meant;
  });
}

/** A path of 4096 bytes, each of them escaped, and what stands before it. */
const MAX_LINE = 2 * 4096 + 128;

/** Lines end at a line feed and nowhere else. Throws an Error for one that is too long. */
export async function* readLines(from: Readable): AsyncGenerator<string, void> {
  let rest = '';
  for await (const text of from.setEncoding('utf8')) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.replace(/\r$/, '');
    if (rest.length > MAX_LINE) throw new Error('not as sha256sum writes it');
  }
  if (rest !== '') yield rest.replace(/\r$/, '');
}
