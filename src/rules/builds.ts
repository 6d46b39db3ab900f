// Vite's directory. Its names alone tell nine hashes in ten from words; the build tells all of them: by its manifest, or,
// without one, by all the names in the directory together.
import { hasHashForm, isCode, isHashed, isWord } from './hashed-names.ts';

/** What tells more of a name than it does itself. Root-relative. */
export interface Witnesses {
  readonly directory: string;
  readonly manifests: readonly string[];
}

/** Is what stands at this root-relative path named by the hash of its content? */
export type IsBuilt = (path: string) => boolean;

export interface Builds {
  /** Undefined where the name is enough, or can be no hash. */
  witnessesOf(path: string): Witnesses | undefined;
  /** `names` are those of the directory's files, `manifests` the texts of those that are there. */
  read(witnesses: Witnesses, names: readonly string[], manifests: readonly string[]): IsBuilt;
}

const IN_ASSETS = /^(?<base>(?:.*?\/)??)assets\/(?:.*\/)?[^/]+$/;

/** Vite's own place, and Laravel's. */
const MANIFESTS = ['.vite/manifest.json', 'manifest.json'];

/** Builds below a root; `place` stands before its paths (`placeOf`). */
export function buildsAt(place: string): Builds {
  return {
    witnessesOf(path) {
      const whole = place + path;
      const base = IN_ASSETS.exec(whole)?.groups?.base;
      if (base === undefined || !hasHashForm(bare(whole)) || isHashed(whole)) return undefined;
      const directory = path.slice(0, Math.max(0, path.lastIndexOf('/')));
      // Of a root that is the directory itself, the manifest lies outside.
      const manifests = place === '' ? MANIFESTS.map((name) => base + name) : [];
      return { directory, manifests };
    },
    read({ manifests: [first] }, names, manifests) {
      const listed = manifests.map(filesOf).find((files) => files !== undefined);
      if (listed !== undefined && first !== undefined) {
        const base = first.slice(0, -(MANIFESTS[0]?.length ?? 0));
        return (path) => listed.has(bare(path).slice(base.length));
      }
      const files = names.map(bare);
      const kinds = [true, false].filter((code) => isProven(files, code));
      return (path) => kinds.includes(isCode(bare(path))) && !isWord(bare(path));
    },
  };
}

/** Maps and siblings are called after their files. */
function bare(name: string): string {
  return name.replace(/\.(?:br|gz|zst)$/, '').replace(/\.map$/, '');
}

/**
 * Do all of a directory's files of this kind end as hashes do, where a quarter of all that do, and are no words, could be
 * nothing else? What is put there by hand has other names; and where pictures are, the code is still the build's.
 */
function isProven(files: readonly string[], code: boolean): boolean {
  const formed = files.filter((name) => hasHashForm(name) && !isWord(name));
  const certain = formed.filter((name) => isHashed(`assets/${name}`));
  if (certain.length === 0 || certain.length * 4 < formed.length) return false;
  return files.filter((name) => isCode(name) === code).every(hasHashForm);
}

interface Chunk {
  readonly file: string;
  readonly name?: unknown;
  readonly src?: unknown;
  readonly css?: unknown;
  readonly assets?: unknown;
}

/** The files of a manifest of Vite's that a hash was added to; undefined where it is none (a web app's, say). */
function filesOf(manifest: string): ReadonlySet<string> | undefined {
  const chunks = chunksOf(manifest);
  if (chunks.length === 0) return undefined;
  // As its configuration may have it: a file that is called like its source, and only looks as if it were hashed.
  const sources = new Set(chunks.flatMap(({ name, src }) => [name, src].map(stemOf)));
  const files = chunks.flatMap(({ file, css, assets }) => [file, css, assets].flat());
  return new Set(
    files.filter(
      (file): file is string =>
        typeof file === 'string' && hasHashForm(file) && !sources.has(stemOf(file)),
    ),
  );
}

function chunksOf(manifest: string): readonly Chunk[] {
  try {
    return Object.values(JSON.parse(manifest) as object).filter(
      (chunk): chunk is Chunk => typeof chunk?.file === 'string',
    );
  } catch {
    return [];
  }
}

function stemOf(path: unknown): string {
  return String(path ?? '')
    .replace(/^.*\//, '')
    .replace(/\.\w+$/, '');
}
