// Rules that a site carries: two files in its root say how the others are answered, and are not served themselves.

import { codeOf, meaningOf } from './errno.ts';
import { fill } from './read-span.ts';
import { closeAll, type Found, type Root, versionOf } from './root.ts';

/** In the order of `Carried`. */
const FILES = ['_headers', '_redirects'] as const;

/** Bytes of one. 10,000 redirects of 100 characters. */
export const MAX_CARRIED = 2 ** 20;

/** One of them: what it says, why it cannot be read, or undefined where there is none. */
export type CarriedText = { readonly text: string } | { readonly flaw: string } | undefined;

export interface Carried {
  /** Of each, '' where there is none. */
  readonly versions: readonly string[];
  readonly headers: CarriedText;
  readonly redirects: CarriedText;
  /** Flat: path, version, … of those whose version tells an engine all. */
  readonly evidence: readonly string[];
}

/**
 * Is this root-relative path one of theirs, or of a form in which a file system or a client may ask for it: in other letters,
 * with characters that show nothing (ext4 folds both, where it is told to), with what Windows cuts off, or encoded?
 */
export function isCarried(path: string): boolean {
  if (!path.includes('_') || path.includes('/')) return false;
  const shown = path.replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  return /^_(?:headers|redirects)(?:\.(?:gz|br|zst))?[. ]*$/.test(
    shown.toUpperCase().toLowerCase(),
  );
}

/** Their own names, for whoever looks for them in a list. */
export const CARRIED_NAMES = FILES.flatMap((name) =>
  ['', '.gz', '.br', '.zst'].map((suffix) => name + suffix),
);

/** Are they still what they were? At once; false also where that cannot be told without waiting. */
export function holds({ versions }: Carried, root: Root): boolean {
  const found = root.openNow(FILES);
  if (found === undefined) return false;
  closeAll(found);
  return isSame(versions, found);
}

/** Reads that a writer may overtake, one after the other; what it has written then is seen by the next look. */
const MAX_ATTEMPTS = 5;

/** `before` where they are what they were then, or the server's own trouble keeps them from being looked at. Never rejects. */
export async function readCarried(root: Root, before: Carried | undefined): Promise<Carried> {
  for (let attempt = 1; ; attempt++) {
    const found = await root.open(FILES);
    try {
      if (before !== undefined && (isSame(before.versions, found) || found.some(isTrouble))) {
        return before;
      }
      const [headers, redirects] = await Promise.all(found.map(textOf));
      const versions = found.map(versionOf);
      if (attempt === MAX_ATTEMPTS || (await isStill(root, found))) {
        const evidence = found.flatMap((one, i) => evidenceOf(FILES[i] ?? '', one));
        return { versions, headers, redirects, evidence };
      }
    } finally {
      closeAll(found);
    }
  }
}

/** Were they read as they were found? */
async function isStill(root: Root, found: readonly Found[]): Promise<boolean> {
  if (!found.some(({ type }) => type === 'file')) return true;
  const again = await root.open(FILES);
  closeAll(again);
  return isSame(found.map(versionOf), again);
}

function isSame(versions: readonly string[], found: readonly Found[]): boolean {
  return versions.every((version, i) => {
    const one = found[i];
    return one !== undefined && versionOf(one) === version;
  });
}

/** No evidence of a change. */
function isTrouble(found: Found): boolean {
  return found.type === 'error' && meaningOf(found.errno).kind === 'failed';
}

/**
 * An engine looks without opening, and sees also what cannot be opened: that is told by looks from here alone. What could not
 * be looked at has no version that could ever be found: it is looked at until it can be.
 */
function evidenceOf(file: string, found: Found): readonly string[] {
  if (isTrouble(found)) return [file, '?'];
  const isTold = found.type === 'file' || (found.type === 'error' && found.errno === 'ENOENT');
  return isTold ? [file, versionOf(found)] : [];
}

async function textOf(found: Found): Promise<CarriedText> {
  if (found.type === 'error') {
    return meaningOf(found.errno).kind === 'not-found'
      ? undefined
      : { flaw: `cannot be opened: ${found.errno}` };
  }
  if (found.type !== 'file') return { flaw: 'is no file' };
  if (found.size > MAX_CARRIED) return { flaw: `has more than ${MAX_CARRIED} bytes` };
  const bytes = Buffer.alloc(found.size);
  try {
    return { text: bytes.toString('utf8', 0, await fill(found.file.fd, bytes, 0)) };
  } catch (error) {
    return { flaw: `cannot be read: ${codeOf(error)}` };
  }
}
