// The operator's rules for response fields, compiled once at start: headers and Cache-Control by glob,
// immutable hashed names, the security preset, CORS.
import { type FieldList, pairs } from '../http/field-list.ts';
import { compileDictionaries, type DictionaryRules, type UseAsDictionary } from './dictionaries.ts';
import { flawOfName, flawOfValue } from './field-grammar.ts';
import { compileGlob, tellsApart } from './glob.ts';
import { type Doubt, doubtOf, isHashed, kindOf, placeOf } from './hashed-names.ts';
import type { HeaderBlock } from './header-lines.ts';

export interface RulesConfig {
  /** Directory that is served, absolute: its own name may be that of a build's directory. */
  readonly root: string;
  /** Glob → field → value; of several values for one field the last wins, null removes the field. */
  readonly headers: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
  /** Glob → Cache-Control; the last that matches wins, over `immutableHashed` and the default. */
  readonly cacheControl: Readonly<Record<string, string>>;
  /** Cache-Control of files that no rule names; undefined = none. */
  readonly defaultCacheControl: string | undefined;
  /** Names with a content hash may be kept for a year. */
  readonly immutableHashed: boolean;
  /** Seconds that a CDN may answer without asking; undefined: it has no field of its own. */
  readonly cdn?: number | undefined;
  /** What is a dictionary for others; undefined: nothing is. */
  readonly dictionaries?: DictionaryRules | undefined;
  readonly securityHeaders: boolean;
  /** Strict-Transport-Security, where there is TLS: without it the field would mean nothing (RFC 6797 §7.2). */
  readonly hsts?: string | undefined;
  /** Origins that may read answers: none, `['*']`, or a list of `scheme://host[:port]`. */
  readonly cors: readonly string[];
  /** What the site itself says of its fields: all but those that the operator has decided. */
  readonly carried?: CarriedFields | undefined;
}

export interface CarriedFields {
  readonly blocks: readonly HeaderBlock[];
  /** The paths (as in requests, without a slash at their end) by which a root-relative path is asked for. */
  readonly pathsOf: (path: string) => readonly string[];
  /** Has the operator said of which media type it is? */
  readonly isTyped: (path: string) => boolean;
  /** Is it not for everybody? Then no cache that others share keeps it because the site says so. */
  readonly isGuarded: (path: string) => boolean;
}

export interface Rules {
  /** Fields of every answer, whatever it is: security preset and CORS. */
  readonly common: FieldList;
  /** Cache-Control of a file, by root-relative path, media type, and what its build says of its name. */
  cacheControl(path: string, contentType: string, built?: boolean): string | undefined;
  /** CDN-Cache-Control (RFC 9213) of a file with this Cache-Control. */
  cdnCacheControl(cacheControl: string | undefined): string | undefined;
  /** Use-As-Dictionary of a file. */
  readonly useAsDictionary: UseAsDictionary;
  /**
   * Which names with this extension in this directory (root-relative, without a slash at its end) may have other fields
   * than the rest: those in which there is more than the doubt says. Undefined where a rule tells other names apart.
   */
  doubt(directory: string, extension: string, contentType: string): Doubt | undefined;
  /** Directories (as there) with the same text are alike to all rules. */
  kind(directory: string): string;
  /** The fields after the header rules for this root-relative path. */
  apply(path: string, fields: FieldList): FieldList;
}

/** What `immutableHashed` says. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';

/** RFC 5861: while the CDN asks, for ten minutes, and where nobody answers it, for a day, it may go on with what it has. */
const CDN_STALE = 'stale-while-revalidate=600, stale-if-error=86400';

/** By which a response says who may keep it. */
const OF_CACHES = ['cache-control', 'cdn-cache-control', 'surrogate-control', 'expires'];

/**
 * What is safe for any site. Left to the operator: a stricter Content-Security-Policy (it would break
 * inline scripts), Strict-Transport-Security (a mistake outlives the server by its max-age: option hsts).
 */
const SECURITY: FieldList = [
  'X-Content-Type-Options',
  'nosniff',
  'X-Frame-Options',
  'SAMEORIGIN',
  'Content-Security-Policy',
  "base-uri 'self'; frame-ancestors 'self'; object-src 'none'",
  'Referrer-Policy',
  'strict-origin-when-cross-origin',
  'Cross-Origin-Opener-Policy',
  'same-origin',
];

/** Throws an Error that names the rule and what is allowed, where one breaks the field grammar. */
export function compileRules(config: RulesConfig): Rules {
  const common = [
    ...(config.securityHeaders ? SECURITY : []),
    ...(config.hsts === undefined ? [] : ['Strict-Transport-Security', config.hsts]),
    ...(config.cors.length === 0 ? [] : corsFields(config.cors)),
  ];
  const headers = Object.entries(config.headers).map(([glob, fields]) => {
    const where = `headers[${JSON.stringify(glob)}]`;
    for (const [name, value] of Object.entries(fields)) {
      checkName(`${where}: field name`, name, config.cors);
      if (value !== null) checkValue(`${where}[${JSON.stringify(name)}]`, value);
    }
    return { matches: compileGlob(where, glob), fields: Object.entries(fields) };
  });
  const cacheControl = Object.entries(config.cacheControl).map(([glob, value]) => {
    const where = `cacheControl[${JSON.stringify(glob)}]`;
    checkValue(where, value);
    return { matches: compileGlob(where, glob), value };
  });
  const { dictionaries } = config;
  const globs = [config.headers, config.cacheControl, dictionaries ?? {}].flatMap(Object.keys);
  const place = placeOf(config.root);
  const { carried, defaultCacheControl: fallback } = config;
  const blocks = carried?.blocks ?? [];
  if (fallback !== undefined) checkValue('cacheControl', fallback);
  const blocksFor = (path: string) => {
    const paths = carried?.pathsOf(path) ?? [];
    return blocks.filter(({ pattern }) => paths.some((one) => pattern.match(one) !== undefined));
  };

  return {
    common,
    cacheControl(path, contentType, built = false) {
      const rule = cacheControl.findLast(({ matches }) => matches(path));
      if (rule !== undefined) return rule.value;
      const hashed =
        config.immutableHashed && (built || isHashed(place + path)) && !isHtml(contentType);
      return hashed ? IMMUTABLE : fallback;
    },
    cdnCacheControl(cacheControl) {
      if (config.cdn === undefined) return undefined;
      if (cacheControl === IMMUTABLE) return IMMUTABLE;
      // RFC 9213 §2.2: it would take the place of what says that no cache may have it.
      if (/\b(?:no-store|private)\b/i.test(cacheControl ?? '')) return undefined;
      return `max-age=${config.cdn}, ${CDN_STALE}`;
    },
    useAsDictionary: compileDictionaries(dictionaries, place),
    kind(directory) {
      if (globs.some((glob) => glob.includes('/'))) return directory;
      if (blocks.some(({ pattern }) => pattern.text !== '/*')) return directory;
      return config.immutableHashed ? kindOf(place + directory) : '';
    },
    doubt(directory, extension, contentType) {
      if (globs.some((glob) => tellsApart(glob, extension))) return undefined;
      const below = directory === '' ? '' : `/${directory}`;
      if (blocks.some(({ pattern }) => pattern.tellsApart(below, extension))) return undefined;
      if (!config.immutableHashed) return 'none';
      const doubt = doubtOf(place + directory, extension);
      // No page is immutable; but whether a build has named it is asked for.
      return doubt === 'hexadecimal' && isHtml(contentType) ? 'none' : doubt;
    },
    apply(path, fields) {
      const rules = headers.filter(({ matches }) => matches(path));
      const own = blocks.length === 0 ? [] : blocksFor(path);
      if (rules.length === 0 && own.length === 0) return fields;
      const result = new Map(
        pairs(fields).map(([name, value]) => [name.toLowerCase(), [name, value]]),
      );
      const set = (given: HeaderBlock['fields']) => {
        for (const [name, value] of given) {
          if (value === null) result.delete(name.toLowerCase());
          else result.set(name.toLowerCase(), [name, value]);
        }
      };
      const decided = new Set(result.keys());
      if (carried?.isTyped(path) === false) decided.delete('content-type');
      if (config.cors.length > 0) decided.add('access-control-allow-origin');
      if (carried?.isGuarded(path)) for (const name of OF_CACHES) decided.add(name);
      for (const block of own) {
        set(block.fields.filter(([name]) => !decided.has(name.toLowerCase())));
      }
      for (const rule of rules) set(rule.fields);
      return [...result.values()].flat();
    },
  };
}

function checkName(where: string, name: string, cors: readonly string[]): void {
  const quoted = JSON.stringify(name);
  const flaw = flawOfName(name);
  if (flaw !== undefined) throw new Error(`${where} ${quoted} ${flaw}`);
  if (cors.length > 0 && name.toLowerCase() === 'access-control-allow-origin') {
    throw new Error(`${where} ${quoted} is set by the cors option: use one or the other`);
  }
}

function checkValue(where: string, value: string): void {
  const flaw = flawOfValue(value);
  if (flaw !== undefined) throw new Error(`${where}: ${JSON.stringify(value)} ${flaw}`);
}

/** WHATWG Fetch, "CORS protocol". No credentials, so `*` stands for every field name. */
function corsFields(cors: readonly string[]): FieldList {
  const any = cors.length === 1 && cors[0] === '*';
  for (const origin of any ? [] : cors) {
    if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@A-Z]+$/.test(origin)) {
      throw new Error(
        `cors: ${JSON.stringify(origin)} is not an origin: scheme://host[:port] in lower case is allowed, or "*" alone`,
      );
    }
  }
  const allowed = any ? ['Access-Control-Allow-Origin', '*'] : ['Vary', 'Origin'];
  return [...allowed, 'Access-Control-Expose-Headers', '*'];
}

export function isHtml(contentType: string): boolean {
  return /^(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i.test(contentType);
}
