// Which names carry a content hash, as today's builds write them. A name that is taken for one by mistake would be
// kept for a year, so what could be a word is none.

/** What a directory of a framework's build holds: it serves all of it as immutable itself. */
const BUILD =
  /(?:^|\/)(?<directory>_next\/static|_nuxt|_app\/immutable|_astro)\/(?:.*\/)?(?<name>[^/]+)$/;

/** Where a root is such a directory itself, or Vite's, as it is called in the paths of its files. */
const ROOT =
  /(?:^|\/)(?:\.next\/(?<next>static)|(?<same>_next\/static|_nuxt|_app\/immutable|_astro|assets))\/?$/;

/** Next's build ID, or the commit in its place, names a directory of manifests. */
const BUILD_ID = /(?:^|\/)_next\/static\/(?:(?=[a-z-]*[\dA-Z_])[\w-]{21}|[0-9a-f]{40})\/_\w+\.js$/;

/** Next's: webpack's digits, or 64 bits in one of Turbopack's bases (40, 38, 36), whose first of 13 digits is at most 3. */
const NEXT =
  /(?:(?:^|[.-])[0-3][0-9a-z_~.-]{12}|[.-][0-9a-f]{8,64}|^[0-9a-f]{16,64})(?:[.-]s\.p|-s)?$/;

/** Rollup's and Vite's: 8 characters of base64url; Astro adds those of an image's options. */
const ROLLUP = /(?:^|[.-])[\w-]{8}(?:_\w{4,7})?$/;
const ROLLUP_BEHIND_NAME = /[.-](?<hash>[\w-]{8})$/;

/** esbuild's: 8 of base 32. Only with the names that it, and Angular, give: capitals are words elsewhere. */
const ESBUILD = /(?:^|\/)(?:chunk|(?<entry>main|polyfills|scripts|styles))-(?<hash>[A-Z0-9]{8})$/;

/** Hexadecimal of 8 or more behind a name, or the 20 digits that webpack gives an asset for a name. */
const HEXADECIMAL = /(?:[.-](?<hash>[0-9a-f]{8,64})|(?:^|\/)(?<name>[0-9a-f]{20}))$/;

const IN_ASSETS = /(?:^|\/)assets\//;

/** What stands before the paths of a root's files for them to be judged as their URLs would be; '' for most roots. */
export function placeOf(root: string): string {
  const { next, same } = ROOT.exec(root)?.groups ?? {};
  const place = next === undefined ? same : '_next/static';
  return place === undefined ? '' : `${place}/`;
}

/** Does the last segment of this path (root-relative, behind `placeOf`) carry the hash of its content? */
export function isHashed(path: string): boolean {
  const build = BUILD.exec(path)?.groups;
  if (build !== undefined && isBuilt(build.name ?? '', build.directory ?? '')) return true;
  if (BUILD_ID.test(path)) return true;
  const code = isCode(path);
  return stemsOf(path).some((stem) => {
    if (hasHexadecimal(stem) || (code && hasEsbuild(stem))) return true;
    const inAssets = IN_ASSETS.test(path);
    return (code || inAssets) && hasRollup(stem, code, inAssets);
  });
}

/** Where the hash stands in a stem: hexadecimal, Turbopack's, Rollup's. */
const PLACES: readonly RegExp[] = [
  /(?<=^|[.-])[0-9a-f]{8,64}(?=(?:[.-]s\.p|-s)?$)/d,
  /(?<=^|[.-])[0-3][0-9a-z_~.-]{12}(?=(?:[.-]s\.p|-s)?$)/d,
  /(?<=^|[.-])[\w-]{8}(?=(?:_\w{4,7})?$)/d,
];

/**
 * What the names of all versions of a file have in common: `assets/app-3f2a9c1b.js` → `assets/app-*.js`, where `*` is the hash
 * (of Next's manifests the build's ID) and every other character is itself. Undefined where the name is no hashed one, or
 * where nothing of it is left without the hash. `hashed`: whoever knows more than the name tells (`Builds`) says so.
 */
export function patternOf(path: string, hashed = isHashed(path)): string | undefined {
  if (!hashed || path.includes('*')) return undefined;
  if (BUILD_ID.test(path)) return path.replace(/[^/]+(?=\/[^/]+$)/, '*');
  const at = path.lastIndexOf('/') + 1;
  const name = path.slice(at);
  for (const stem of stemsOf(name)) {
    for (const place of PLACES) {
      const [start, end] = place.exec(stem)?.indices?.[0] ?? [];
      // A word may stand behind the hash: `main.3f2a9c1b.settings.js`.
      if (start === undefined || !/[\dA-Z_-]/.test(stem.slice(start, end))) continue;
      return start === 0 ? undefined : `${path.slice(0, at + start)}*${name.slice(end)}`;
    }
  }
  return undefined;
}

/** What a name must have at least to be taken for a hash: eight hexadecimal digits, or also eight characters behind a mark. */
export type Doubt = 'none' | 'hexadecimal' | 'hash';

/** Directories of the same kind are alike to `doubtOf`. */
export function kindOf(directory: string): string {
  return ['js', 'png'].map((extension) => doubtOf(directory, extension)).join();
}

/**
 * The least that tells names which could carry a hash from those that surely do not, in this directory (as the paths of
 * `isHashed`, without a slash at its end) and with this extension; undefined where any name could.
 */
export function doubtOf(directory: string, extension: string): Exclude<Doubt, 'none'> | undefined {
  if (BUILD.test(`${directory}/x`)) return undefined;
  const hashes = isCode(`x.${extension}`) || extension === 'map' || IN_ASSETS.test(`${directory}/`);
  return hashes ? 'hash' : 'hexadecimal';
}

/** Does it end as Vite's names do: in something that could be a hash, and could be a word? */
export function hasHashForm(path: string): boolean {
  return stemsOf(path).some((stem) => ROLLUP_BEHIND_NAME.test(stem));
}

/** A number, a date, a size, a camera's or an episode's name. */
const NUMBERED = /^(?:\d+|(?:19|20)\d\d.*|\d{3,4}p.*|[A-Z]{2,4}[_-]?\d{4,}|S\d\dE\d\d.*)$/;

/** A word that can be spoken, or one with a small number behind it. */
const WORD = /^(?<word>[A-Z]?[a-z]{4,}|[A-Z]{8})(?:[_-]?\d{1,2})?$/;

/** Does it end in a word or a number by itself, as one hash in two thousand does too? */
export function isWord(path: string): boolean {
  return stemsOf(path).some((stem) => {
    const { hash = '' } = ROLLUP_BEHIND_NAME.exec(stem)?.groups ?? {};
    if (NUMBERED.test(hash)) return true;
    const { word = '' } = WORD.exec(hash)?.groups ?? {};
    return isPronounced(word) && /[aeiouy]/i.test(word) && !/[^aeiouy]{5}/i.test(word);
  });
}

/** What builds name by the hash of its content, wherever it lies. */
export function isCode(path: string): boolean {
  return /\.(?:[cm]?js|css)(?:\.map)?$/.test(path);
}

/** Without the last extension, or the last two: `453.8ab44547.chunk.js.map`. */
function stemsOf(path: string): readonly string[] {
  const whole = path.replace(/\.map$/, '');
  const stem = whole.replace(/\.\w+$/, '');
  return stem === whole ? [] : [stem, stem.replace(/\.\w+$/, '')];
}

/** In such a directory whatever has the form of a hash is one. */
function isBuilt(name: string, directory: string): boolean {
  const form = directory === '_next/static' ? NEXT : ROLLUP;
  return stemsOf(name).some((stem) => form.test(stem) || hasHexadecimal(stem));
}

/** Letters and digits mixed, as neither words nor dates nor versions are. */
function hasHexadecimal(stem: string): boolean {
  const { hash, name } = HEXADECIMAL.exec(stem)?.groups ?? {};
  const digits = hash ?? name ?? '';
  return /\d/.test(digits) && /[a-f]/.test(digits);
}

function hasEsbuild(stem: string): boolean {
  const { hash, entry } = ESBUILD.exec(stem)?.groups ?? {};
  if (hash === undefined) return false;
  return entry === undefined || /\d/.test(hash) || !isPronounced(hash);
}

/**
 * In media, capitals and digits alone are a camera's or an episode's. Five in six of Rollup's hashes begin with B, C or
 * D: in Vite's directory that, too, counts as odd.
 */
function hasRollup(stem: string, code: boolean, inAssets: boolean): boolean {
  const hash = ROLLUP_BEHIND_NAME.exec(stem)?.groups?.hash ?? '';
  if (!/[A-Z]/.test(hash) || !(code || /[a-z]/.test(hash))) return false;
  const odd = oddities(hash);
  return odd >= 2 || (odd === 1 && inAssets && /^[BCD](?!(?:ase)?\d+[A-Z])/.test(hash));
}

/** What words do not have: `DataGrid`, `3DViewer`, `i18nText`, `http2Req` and `IMG_0001` have one at most. */
function oddities(text: string): number {
  if (/^(?:[A-Z]?[a-z]+|[A-Z]+)$/.test(text)) return 0;
  const words = text.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? [];
  const humps = text.match(/[a-z](?=[A-Z])/g)?.length ?? 0;
  const numbersInside = text.match(/\d+(?=[a-z])/gi)?.length ?? 0;
  const odd = words.reduce((sum, word) => sum + odditiesOf(word), 0);
  return odd + numbersInside + Math.max(0, humps - 1);
}

/** Of one word: two for letters that none has side by side, one where there is no vowel. */
function odditiesOf(word: string): number {
  if (/^[A-Z]{1,3}$/.test(word) || ABBREVIATIONS.has(word.toLowerCase())) return 0;
  const voiceless = /[a-z]/.test(word) && word.length > 1 && !/[aeiouy]/i.test(word);
  return (isPronounced(word) ? 0 : 2) + (voiceless ? 1 : 0);
}

const ABBREVIATIONS = new Set(
  'cfg cmp css ctx db dns dst gl hmr html http js jsx md mp ms msg php px rgb rpc sql src ssl ssr str svg tcp tls tmp ts tsx udp xml'.split(
    ' ',
  ),
);

/** Are the letters of a word side by side as in words? */
function isPronounced(word: string): boolean {
  const letters = [...word.toLowerCase()];
  return letters.every((letter, i) => i === 0 || !UNHEARD[letters[i - 1] ?? '']?.includes(letter));
}

/**
 * The letters that do not follow a letter within a word: pairs in fewer than 5 of 27,000 words and identifiers
 * of packages. Of eight letters at random, three in four have such a pair.
 */
const UNHEARD: Readonly<Record<string, string>> = {
  ...{ a: 'o', b: 'hqvwxz', c: 'fjz', d: 'kqz', f: 'bghjkpqwxz', g: 'djkqx', h: 'bfghjkqvxz' },
  ...{ i: 'hwy', j: 'bcdfghjklmnpqrxyz', k: 'hjkqvxz', l: 'hjqxz', m: 'fghjqvwxz', n: 'x', o: 'q' },
  ...{ p: 'jqwxz', q: 'abcdefghijkmnopqstvwxyz', r: 'jxz', s: 'z', t: 'jkqv', u: 'hjqvwy' },
  ...{ v: 'bdfhjknpqrvwxyz', w: 'cfjmpquvwxyz', x: 'bdfgjklnqruvwz', y: 'hjqvxy' },
  ...{ z: 'cdfghjkmnpqrtuvwx' },
};
