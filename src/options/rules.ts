// The structured options: rules by glob or pattern. Their shapes only; rules/ compiles and checks what they say.
import type { DictionaryRules } from '../rules/dictionaries.ts';
import type { RedirectRule, RewriteRule } from '../rules/redirects.ts';
import { type Kind, rules, toggle } from './kinds.ts';

/** Field names and values by glob; null removes a field. */
export type FieldRules = Readonly<Record<string, Readonly<Record<string, string | null>>>>;
/** One Cache-Control for every file, or by glob. */
export type CacheRules = string | Readonly<Record<string, string>>;

export const fieldRules = rules(
  'an object of globs, each with an object of field names and texts (or null)',
  (input): input is FieldRules =>
    isObject(input) &&
    Object.values(input).every(
      (fields) =>
        isObject(fields) && Object.values(fields).every((value) => isText(value) || value === null),
    ),
);

export const cacheRules: Kind<CacheRules> = {
  ...rules(
    'a Cache-Control value, or an object of globs and values',
    (input): input is CacheRules =>
      (isText(input) && input !== '') || (isObject(input) && Object.values(input).every(isText)),
  ),
  shape: 'value',
  show: (value) => (typeof value === 'string' ? value : 'by glob'),
};

/** Forms by dictionaries: of hashed names alone, or also by glob. */
export const dictionaryRules: Kind<DictionaryRules | false, DictionaryRules | boolean> = {
  shape: '',
  expected: 'true or false, or an object of globs, each with { match, id, dest } or null',
  bare: 'true',
  parse(input) {
    const isOn = toggle.parse(input);
    if (isOn !== undefined) return isOn ? {} : false;
    const holds = isObject(input) && Object.values(input).every(isDictionaryRule);
    return holds ? (input as DictionaryRules) : undefined;
  },
  show(value) {
    if (value === false) return 'off';
    return Object.keys(value).length === 0 ? 'on' : 'by glob';
  },
};

function isDictionaryRule(rule: unknown): boolean {
  if (rule === null) return true;
  if (!isObject(rule) || !isText(rule.match)) return false;
  const { match: _, id = '', dest = [], ...others } = rule;
  const isDest = Array.isArray(dest) && dest.every(isText);
  return isText(id) && isDest && Object.keys(others).length === 0;
}

/** Media types by extension or glob. */
export type TypeRules = Readonly<Record<string, string>>;

export const typeRules = rules(
  'an object of extensions (".foo") or globs, each with a media type',
  (input): input is TypeRules => isObject(input) && Object.values(input).every(isText),
);

export const redirectRules = rules(
  'a list of { from, to, status }',
  (input): input is readonly RedirectRule[] =>
    isList(input, (rule) => isRoute(rule, ['from', 'to', 'status']) && isStatus(rule.status)),
);

export const rewriteRules = rules(
  'a list of { from, to }',
  (input): input is readonly RewriteRule[] =>
    isList(input, (rule) => isRoute(rule, ['from', 'to'])),
);

function isText(input: unknown): input is string {
  return typeof input === 'string';
}

function isStatus(input: unknown): boolean {
  return input === undefined || typeof input === 'number';
}

function isObject(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

function isList(
  input: unknown,
  holds: (item: Readonly<Record<string, unknown>>) => boolean,
): boolean {
  return Array.isArray(input) && input.every((item) => isObject(item) && holds(item));
}

function isRoute(rule: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  return (
    isText(rule.from) && isText(rule.to) && Object.keys(rule).every((key) => keys.includes(key))
  );
}
