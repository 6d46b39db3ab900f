// Which files a stream has: its name as the name of a file, with a suffix for each.

/** Of a file's name, bytes (NAME_MAX of every file system in use). */
const NAME_MAX = 255;

const DATA = '.stream';
const SIDECAR = '.commits';
/** What is to take the sidecar's place. */
const UNFINISHED = '.commits.new';

/** Names in the directory. */
export interface StreamFileNames {
  readonly data: string;
  readonly sidecar: string;
  readonly unfinished: string;
}

/**
 * Undefined where no file can be named so: empty, too long, or not in Unicode. Names of two streams differ in more than
 * their letters' case only if the streams' do.
 */
export function fileNamesOf(stream: string): StreamFileNames | undefined {
  const stem = stemOf(stream);
  if (stem === undefined || stem === '' || stem.length > NAME_MAX - UNFINISHED.length) {
    return undefined;
  }
  return { data: stem + DATA, sidecar: stem + SIDECAR, unfinished: stem + UNFINISHED };
}

export type FoundName =
  | { readonly kind: 'data' | 'sidecar' | 'unfinished'; readonly stream: string }
  /** Not of this store. */
  | { readonly kind: 'other' };

/** Whose file it is. */
export function readFileName(file: string): FoundName {
  const of = (kind: 'data' | 'sidecar' | 'unfinished', suffix: string): FoundName => {
    const stream = streamOf(file.slice(0, -suffix.length));
    return stream === undefined ? { kind: 'other' } : { kind, stream };
  };
  if (file.endsWith(UNFINISHED)) return of('unfinished', UNFINISHED);
  if (file.endsWith(SIDECAR)) return of('sidecar', SIDECAR);
  if (file.endsWith(DATA)) return of('data', DATA);
  return { kind: 'other' };
}

/** As in a URL, and what some file systems do not take in a name escaped too. */
function stemOf(stream: string): string | undefined {
  try {
    return encodeURIComponent(stream).replace(/[!'()*~]/g, escaped);
  } catch {
    // Half a surrogate pair.
    return undefined;
  }
}

function streamOf(stem: string): string | undefined {
  try {
    const stream = decodeURIComponent(stem);
    return stream !== '' && stemOf(stream) === stem ? stream : undefined;
  } catch {
    return undefined;
  }
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
