// The operator's media types, by extension or glob.
import { compileGlob, tellsApart } from './glob.ts';

/** The type that a rule gives to a root-relative path; undefined where none names it. */
export type MediaTypes = (path: string) => string | undefined;

/** `.foo` or `.tar.foo`, and no glob. */
const EXTENSION = /^(?:\.[^./*?[\]{}()!+@\\]+)+$/;

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
/** RFC 9110 §8.3.1 */
const MEDIA_TYPE = new RegExp(
  `^${TOKEN}/${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|"[^"\\\\\\x00-\\x1f\\x7f-\\uffff]*"))*$`,
);

/** The last rule that names a path wins. Throws an Error that names the rule which does not hold. */
export function compileMediaTypes(rules: Readonly<Record<string, string>>): MediaTypes {
  const compiled = Object.entries(rules).map(([key, type]) => {
    const where = `mimeTypes[${JSON.stringify(key)}]`;
    if (!MEDIA_TYPE.test(type)) {
      throw new Error(
        `${where}: ${JSON.stringify(type)} is not a media type; type/subtype is allowed, with parameters such as "; charset=utf-8"`,
      );
    }
    return { matches: compileKey(where, key), type: withCharset(type) };
  });
  return (path) => compiled.findLast(({ matches }) => matches(path))?.type;
}

/** May the rules give one name with this extension (without its dot) another type than the next in the same directory? */
export function typesTellApart(
  rules: Readonly<Record<string, string>>,
  extension: string,
): boolean {
  return Object.keys(rules).some((key) =>
    tellsApart(EXTENSION.test(key) ? `*${key.toLowerCase()}` : key, extension.toLowerCase()),
  );
}

/** An extension counts in any case, as it does for the types that are built in. */
function compileKey(where: string, key: string): (path: string) => boolean {
  if (!EXTENSION.test(key)) return compileGlob(where, key);
  const extension = key.toLowerCase();
  return (path) => path.toLowerCase().endsWith(extension);
}

/** Text without a charset is read as the browser's locale has it. */
function withCharset(type: string): string {
  return /^text\//i.test(type) && !/;\s*charset=/i.test(type) ? `${type}; charset=utf-8` : type;
}
