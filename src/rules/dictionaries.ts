// Which files are dictionaries for others: the field that tells clients so. RFC 9842 §2.1.
import { compileGlob } from './glob.ts';
import { patternOf } from './hashed-names.ts';

/** Of files by glob. */
export interface DictionaryRule {
  /** URL pattern of what the file is a dictionary for, relative to the file's own URL; no regular expressions. */
  readonly match: string;
  /** Said back by clients in Dictionary-ID; at most 1024 characters. */
  readonly id?: string | undefined;
  /** Fetch destinations that it is for: `script`, `style`…; none: all. */
  readonly dest?: readonly string[] | undefined;
}

/** Glob → rule, or null: what it names is no dictionary. The last that matches wins, over what names tell. */
export type DictionaryRules = Readonly<Record<string, DictionaryRule | null>>;

/** Use-As-Dictionary of a file, by root-relative path and media type; `built`: its build says that its name is a hash. */
export type UseAsDictionary = (
  path: string,
  contentType: string,
  built: boolean,
) => string | undefined;

/** What bundles are made of. What is compressed already has no use for a dictionary. */
const BUNDLED =
  /^(?:text\/(?:javascript|css|html)|application\/(?:javascript|json|wasm)|image\/svg\+xml)\s*(?:;|$)/i;

/** Names in which no character means anything to a URL pattern, but for the star. */
const PLAIN = /^[\w.~*-]+$/;

/** RFC 9842 §2.1.3 */
const MAX_ID = 1024;

/**
 * `rules` undefined: no file is one. The next version of what has a hash in its name has another one there: its name is the
 * pattern. Throws an Error that names the rule which does not hold; `place` is that of hashed names (`placeOf`).
 */
export function compileDictionaries(
  rules: DictionaryRules | undefined,
  place: string,
): UseAsDictionary {
  if (rules === undefined) return () => undefined;
  const compiled = Object.entries(rules).map(([glob, rule]) => {
    const where = `dictionaries[${JSON.stringify(glob)}]`;
    return { matches: compileGlob(where, glob), field: rule && fieldOf(where, rule) };
  });
  return (path, contentType, built) => {
    const rule = compiled.findLast(({ matches }) => matches(path));
    if (rule !== undefined) return rule.field ?? undefined;
    if (!BUNDLED.test(contentType)) return undefined;
    const pattern = patternOf(place + path, built || undefined);
    if (pattern === undefined) return undefined;
    const at = pattern.lastIndexOf('/') + 1;
    const name = pattern.slice(at);
    const isOfName = name.includes('*') && PLAIN.test(name);
    return isOfName ? `match="${name}"` : undefined;
  };
}

function fieldOf(where: string, { match, id, dest }: DictionaryRule): string {
  const fail = (what: string, value: unknown, allowed: string) =>
    new Error(`${where}: ${what} ${JSON.stringify(value)}: ${allowed}`);
  if (!isText(match) || match === '' || match.includes('(')) {
    throw fail(
      'match',
      match,
      'a URL pattern is allowed, in ASCII and without regular expressions',
    );
  }
  if (id !== undefined && !(isText(id) && id.length <= MAX_ID)) {
    throw fail('id', id, `ASCII of at most ${MAX_ID} characters is allowed`);
  }
  const wrong = dest?.find((each) => !/^[a-z]+$/.test(each));
  if (wrong !== undefined)
    throw fail('dest', wrong, 'fetch destinations are allowed, such as script');
  return [
    `match=${quoted(match)}`,
    ...(dest === undefined || dest.length === 0
      ? []
      : [`match-dest=(${dest.map(quoted).join(' ')})`]),
    ...(id === undefined ? [] : [`id=${quoted(id)}`]),
  ].join(', ');
}

/** RFC 9651 §3.3.3 */
function isText(value: string): boolean {
  return /^[\x20-\x7e]*$/.test(value);
}

function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
