// Which names carry a content hash, as today's builds write them. A name that is taken for one by mistake would be
// kept for a year, so what could be a word is none.

/** What a directory of a framework's build holds: it serves all of it as immutable itself. */
const BUILD =
  /(?:^|\/)(?<directory>_next\/static|_nuxt|_app\/immutable|_astro)\/(?:.*\/)?(?<name>[^/]+)$/;

/** Next's build ID names a directory of manifests. */
const BUILD_ID = /(?:^|\/)_next\/static\/(?=[\w-]*\d)[\w-]{21}\/_\w+\.js$/;

/** Turbopack's: 64 bits in base 40, since Next 16.2 in base 38. The first of 13 digits is at most 2. */
const TURBOPACK = /(?:^|[.-])[0-2][0-9a-z_~.-]{12}$/;

/** Rollup's and Vite's: 8 characters of base64url; Astro adds those of an image's options. */
const ROLLUP = /(?:^|[.-])(?<hash>[\w-]{8})(?:_\w{4,7})?$/;

/** esbuild's: 8 of base 32. Only with the names that it, and Angular, give: capitals are words elsewhere. */
const ESBUILD = /(?:^|\/)(?:chunk|(?<entry>main|polyfills|scripts|styles))-(?<hash>[A-Z0-9]{8})$/;

/** Hexadecimal of 8 or more behind a name, or the 20 digits that webpack gives an asset for a name. */
const HEXADECIMAL = /(?:[.-](?<hash>[0-9a-f]{8,64})|(?:^|\/)(?<name>[0-9a-f]{20}))$/;

/** What builds name by the hash of its content, wherever it lies. */
const CODE = /\.(?:[cm]?js|css)(?:\.map)?$/;

const IN_ASSETS = /(?:^|\/)assets\//;

/** Does the last segment of this root-relative path carry the hash of its content? */
export function isHashed(path: string): boolean {
  const build = BUILD.exec(path)?.groups;
  if (build !== undefined && isBuilt(build.name ?? '', build.directory ?? '')) return true;
  if (BUILD_ID.test(path)) return true;
  const isCode = CODE.test(path);
  return stemsOf(path).some((stem) => {
    if (hasHexadecimal(stem) || (isCode && hasEsbuild(stem))) return true;
    const inAssets = IN_ASSETS.test(path);
    return (isCode || inAssets) && hasRollup(stem, isCode, inAssets);
  });
}

/** Without the last extension, or the last two: `453.8ab44547.chunk.js.map`. */
function stemsOf(path: string): readonly string[] {
  const whole = path.replace(/\.map$/, '');
  const stem = whole.replace(/\.\w+$/, '');
  return stem === whole ? [] : [stem, stem.replace(/\.\w+$/, '')];
}

/** In such a directory whatever could be a hash is one: what is left out are names made of words. */
function isBuilt(name: string, directory: string): boolean {
  return stemsOf(name).some((stem) => {
    if (hasHexadecimal(stem) || /^[0-9a-f]{16,}(?:[.-]|$)/.test(stem)) return true;
    if (directory === '_next/static' && TURBOPACK.test(stem)) return true;
    const hash = ROLLUP.exec(stem)?.groups?.hash ?? '';
    return /\d[\w-]*[a-z]/i.test(hash) || /[a-z].*[A-Z]|[A-Z].*[A-Z].*[a-z]/.test(hash);
  });
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
function hasRollup(stem: string, isCode: boolean, inAssets: boolean): boolean {
  const hash = /[.-](?<hash>[\w-]{8})$/.exec(stem)?.groups?.hash ?? '';
  if (!/[A-Z]/.test(hash) || !(isCode || /[a-z]/.test(hash))) return false;
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
