// The structured options: rules by glob or pattern. Their shapes only; plan/ compiles and checks what they say.
import { type Kind, rules } from './kinds.ts';

/** Field names and values by glob; null removes a field. */
export type FieldRules = Readonly<Record<string, Readonly<Record<string, string | null>>>>;
/** One Cache-Control for every file, or by glob; null removes it. */
export type CacheRules = string | Readonly<Record<string, string | null>>;
export interface RedirectRule {
  /** Path pattern with `:name` segments and a `*` tail. */
  readonly from: string;
  readonly to: string;
  readonly status?: 301 | 302 | 303 | 307 | 308;
}
export interface RewriteRule {
  readonly from: string;
  readonly to: string;
}

const isObject = (input: unknown): input is Readonly<Record<string, unknown>> =>
  typeof input === 'object' && input !== null && !Array.isArray(input);
const isTextOrNull = (input: unknown) => typeof input === 'string' || input === null;
const isTexts = (input: unknown) => isObject(input) && Object.values(input).every(isTextOrNull);
const isRoutes = (keys: readonly string[]) => (input: unknown) =>
  Array.isArray(input) &&
  input.every(
    (rule) =>
      isObject(rule) &&
      typeof rule.from === 'string' &&
      typeof rule.to === 'string' &&
      Object.keys(rule).every((key) => keys.includes(key)),
  );

export const fieldRules = rules(
  'an object of globs, each with an object of field names and texts (or null)',
  (input): input is FieldRules => isObject(input) && Object.values(input).every(isTexts),
);
export const cacheRules: Kind<CacheRules> = {
  ...rules(
    'a Cache-Control value, or an object of globs and values (or null)',
    (input): input is CacheRules => (typeof input === 'string' && input !== '') || isTexts(input),
  ),
  shape: 'value',
};
export const redirectRules = rules(
  'a list of { from, to, status }',
  isRoutes(['from', 'to', 'status']) as (input: unknown) => input is readonly RedirectRule[],
);
export const rewriteRules = rules(
  'a list of { from, to }',
  isRoutes(['from', 'to']) as (input: unknown) => input is readonly RewriteRule[],
);
