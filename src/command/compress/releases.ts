// Earlier releases of a site: which of their files are dictionaries for one of today. RFC 9842 §2.1: a client has the file that
// it loaded before, by the same path or, of hashed names, by their common pattern.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Dictionary } from '../../encode/encoders.ts';
import { loadCrypto } from '../../packages/packages.ts';
import { hasHashForm, isHashed, isWord, patternOf, placeOf } from '../../rules/hashed-names.ts';
import { readContent } from './content.ts';
import { pathsIn, type Tell, type TreePolicy } from './tree.ts';

/** Dictionaries for one file, the newest: builds call several chunks alike, and a client may have any of them. */
const MAX_DICTIONARIES = 8;

export interface Releases {
  /** For this content at a root-relative path; none of them is that content itself. */
  dictionariesFor(path: string, content: Uint8Array): readonly Dictionary[];
}

/** `policy` is that of today's directory, with its root. */
export function readReleases(roots: readonly string[], policy: TreePolicy, tell: Tell): Releases {
  const place = placeOf(policy.root);
  const releases = roots.map((root) => readRelease({ ...policy, root }, place, tell));
  return {
    dictionariesFor(path, content) {
      const pattern = patternIn(place, path);
      const found = releases.flatMap((release) => {
        const same = release.paths.has(path) ? [path] : undefined;
        const versions = pattern === undefined ? [] : (release.byPattern.get(pattern) ?? []);
        return (same ?? versions).map((version) => join(release.root, version));
      });
      const known = new Map<string, Dictionary>();
      for (const file of newest(found)) {
        const dictionary = read(file, tell);
        if (dictionary === undefined || dictionary.bytes.equals(content)) continue;
        known.set(dictionary.hash.toString('hex'), dictionary);
      }
      return [...known.values()];
    },
  };
}

interface Release {
  readonly root: string;
  readonly paths: ReadonlySet<string>;
  /** Paths by the pattern that they have in common. */
  readonly byPattern: ReadonlyMap<string, readonly string[]>;
}

function readRelease(policy: TreePolicy, place: string, tell: Tell): Release {
  const paths = new Set<string>();
  const byPattern = new Map<string, string[]>();
  for (const path of pathsIn(policy, (path, error) => tell(join(policy.root, path), error))) {
    paths.add(path);
    const pattern = patternIn(place, path);
    if (pattern === undefined) continue;
    const versions = byPattern.get(pattern);
    if (versions === undefined) byPattern.set(pattern, [path]);
    else versions.push(path);
  }
  return { root: policy.root, paths, byPattern };
}

/** What only may be a hash counts as one: a dictionary that was taken by mistake saves nothing, and is not kept. */
function patternIn(place: string, path: string): string | undefined {
  const whole = place + path;
  return patternOf(whole, isHashed(whole) || (hasHashForm(whole) && !isWord(whole)));
}

function newest(files: readonly string[]): string[] {
  const dated = files.map(
    (file) => [file, statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0] as const,
  );
  return dated
    .toSorted(([a, first], [b, second]) => second - first || (a < b ? -1 : 1))
    .slice(0, MAX_DICTIONARIES)
    .map(([file]) => file);
}

interface Loaded extends Dictionary {
  readonly bytes: Buffer;
  readonly hash: Buffer;
}

function read(file: string, tell: Tell): Loaded | undefined {
  try {
    const { bytes } = readContent(file);
    return { bytes, hash: loadCrypto().createHash('sha256').update(bytes).digest() };
  } catch (error) {
    tell(file, error);
    return undefined;
  }
}
