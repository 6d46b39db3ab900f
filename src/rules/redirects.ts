// Redirects and rewrites by pattern, compiled and checked once at start.
//
// `from` is a pattern of decoded paths (path-pattern.ts); `to` may use what it captures.
import { encodePath, normalise, parseTarget } from '../http/target.ts';
import {
  compilePattern,
  fill,
  literalOf,
  mayReach,
  type PathPattern,
  TOKEN,
  trimSlash,
} from './path-pattern.ts';

/** Where a request is sent instead. */
export interface Redirect {
  readonly kind: 'redirect';
  readonly status: 301 | 302 | 303 | 307 | 308;
  readonly location: string;
}

export interface RewriteRule {
  readonly from: string;
  readonly to: string;
}

export interface RedirectRule extends RewriteRule {
  /** Default 301. */
  readonly status?: Redirect['status'] | undefined;
}

/** The redirect for a decoded path, the query (`''` or `?…`) kept; undefined = none. */
export type Redirects = (path: string, query: string) => Redirect | undefined;

/** The decoded path that is served in place of this one; undefined = itself. */
export type Rewrites = (path: string) => string | undefined;

/** May one of the rules be for a path below this directory (decoded, without a slash at its end; '' is the root)? */
export function reachesInto(rules: readonly RewriteRule[], directory: string): boolean {
  return rules.some(({ from }) => mayReach(literalOf(from), directory));
}

const STATUSES: readonly number[] = [301, 302, 303, 307, 308];

/** Hops after which browsers give up (WHATWG Fetch, "HTTP-redirect fetch"). */
const MAX_HOPS = 20;

/** Literal segments tried as captures when loops are looked for. */
const MAX_PROBES = 64;

interface CompiledRedirect {
  readonly index: number;
  readonly rule: RedirectRule;
  readonly where: string;
  readonly pattern: PathPattern;
}

/**
 * The first rule that matches wins; one that would lead a request to itself does not match, so
 * `/*` → `/closed.html` works. Throws an Error that names the rule where it is malformed or leads in
 * circles.
 */
export function compileRedirects(rules: readonly RedirectRule[]): Redirects {
  const compiled = rules.map((rule, index) => {
    const where = `redirects[${index}]`;
    const pattern = compileFrom(where, rule.from);
    checkLocation(where, rule.to);
    checkTokens(where, rule.to, pattern);
    if (rule.status !== undefined && !STATUSES.includes(rule.status)) {
      throw new Error(`${where}: status ${rule.status}: ${STATUSES.join(', ')} are allowed`);
    }
    return { index, rule, where, pattern };
  });
  const redirects = inOrder(compiled);
  const literals = literalsOf(rules);
  for (const entry of compiled) checkLoop(entry, literals, redirects);
  return redirects;
}

/** Long lists are mostly rules without captures, which are found by their path; the others are tried in turn. */
function inOrder(compiled: readonly CompiledRedirect[]): Redirects {
  const exact = new Map<string, CompiledRedirect>();
  for (const entry of compiled.toReversed()) {
    if (entry.pattern.names.length === 0) exact.set(trimSlash(entry.rule.from), entry);
  }
  const patterns = compiled.filter(({ pattern }) => pattern.names.length > 0);
  return (path, query) => {
    const named = exact.get(path);
    for (const entry of patterns) {
      if (named !== undefined && named.index < entry.index) break;
      const redirect = redirectBy(entry, path, query);
      if (redirect !== undefined) return redirect;
    }
    return named && redirectBy(named, path, query);
  };
}

/** Undefined where the rule does not match, or would lead the request to itself. */
function redirectBy(
  { rule, pattern }: CompiledRedirect,
  path: string,
  query: string,
): Redirect | undefined {
  const captures = pattern.match(path);
  if (captures === undefined) return undefined;
  const location = locationOf(rule.to, captures, query);
  if (pathOf(location) === path) return undefined;
  return { kind: 'redirect', status: rule.status ?? 301, location };
}

/** The first rule that matches wins, and is applied once: rewrites cannot loop. Throws like `compileRedirects`. */
export function compileRewrites(rules: readonly RewriteRule[]): Rewrites {
  const compiled = rules.map(({ from, to }, index) => {
    const where = `rewrites[${index}]`;
    const pattern = compileFrom(where, from);
    if (!to.startsWith('/') || normalise(to) !== trimSlash(to)) {
      throw new Error(
        `${where}: to ${JSON.stringify(to)}: a path from the root is allowed, without empty or dot segments`,
      );
    }
    checkTokens(where, to, pattern);
    return { pattern, to };
  });
  return (path) => {
    for (const { pattern, to } of compiled) {
      const captures = pattern.match(path);
      // A capture beside a literal could complete a dot segment: normalised again, still beneath the root.
      if (captures !== undefined) return normalise(fill(to, captures, (text) => text)) ?? path;
    }
    return undefined;
  };
}

function compileFrom(where: string, from: string): PathPattern {
  try {
    return compilePattern(from);
  } catch (error) {
    throw new Error(`${where}: from ${JSON.stringify(from)}: ${(error as Error).message}`);
  }
}

function checkLocation(where: string, to: string): void {
  const flaw = flawOfLocation(to);
  if (flaw !== undefined) throw new Error(`${where}: ${flaw}`);
}

/** A path of this server or an http(s) URL; captures never reach the host, so no request chooses it. Undefined: it is one. */
export function flawOfLocation(to: string): string | undefined {
  const local = /^\/(?![/\\])/.test(to);
  const absolute = /^https?:\/\/(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d+)?(?=[/?#]|$)/i.test(to);
  if ((local || absolute) && /^[\x21-\x5b\x5d-\x7e]+$/.test(to)) return undefined;
  return `to ${JSON.stringify(to)}: a path that begins with one slash, or http(s)://host… is allowed, percent-encoded`;
}

function checkTokens(where: string, to: string, pattern: PathPattern): void {
  for (const [token, name = '*'] of to.replace(/^https?:\/\/[^/?#]*/i, '').matchAll(TOKEN)) {
    if (pattern.names.includes(name)) continue;
    throw new Error(`${where}: to ${JSON.stringify(to)}: ${token} does not occur in from`);
  }
}

/** The target with its captures, `//` never at its beginning, the query after the target's own. */
export function locationOf(
  to: string,
  captures: ReadonlyMap<string, string>,
  query: string,
): string {
  const filled = fill(to, captures, encodePath).replace(/^\/{2,}/, '/');
  if (query === '') return filled;
  const hash = filled.includes('#') ? filled.indexOf('#') : filled.length;
  const base = filled.slice(0, hash);
  const joined = base.includes('?') ? `${base}&${query.slice(1)}` : base + query;
  return joined + filled.slice(hash);
}

/** The decoded path that a Location leads back to, undefined where it leaves this server. */
export function pathOf(location: string): string | undefined {
  const target = parseTarget(location.replace(/#.*$/, ''));
  return location.startsWith('/') && target.kind === 'path' ? target.path : undefined;
}

/**
 * Follows what the rules do with probes: paths that `from` matches, with captures that no rule names, and
 * with each of the rules' own segments in the place of one. What only another request could loop through
 * is left to the client, which gives up after MAX_HOPS.
 */
function checkLoop(
  { rule, where, pattern }: CompiledRedirect,
  literals: readonly string[],
  redirects: Redirects,
): void {
  const from = trimSlash(rule.from);
  const fresh = new Map(pattern.names.map((name, index) => [name, `zc-probe-${index}`]));
  const start = fill(from, fresh, (text) => text);
  if (pathOf(locationOf(rule.to, fresh, '')) === start) {
    throw new Error(`${where}: ${rule.from} → ${rule.to} leads to itself`);
  }
  const probes = pattern.names.flatMap((name) =>
    literals.map((value) => new Map([...fresh, [name, value]])),
  );
  for (const probe of [fresh, ...probes]) {
    const chain = [fill(from, probe, (text) => text)];
    for (;;) {
      const path = pathOf(redirects(chain.at(-1) ?? '', '')?.location ?? '');
      if (path === undefined) break;
      const circular = chain.includes(path);
      chain.push(path);
      if (circular || chain.length > MAX_HOPS) {
        throw new Error(`${where}: redirects in circles: ${chain.slice(0, 5).join(' → ')}`);
      }
    }
  }
}

function literalsOf(rules: readonly RedirectRule[]): readonly string[] {
  const segments = rules.flatMap(({ from, to }) => `${from}/${to}`.split('/'));
  const literals = segments.filter((segment) => segment !== '' && !/[:*?#]/.test(segment));
  return [...new Set(literals)].slice(0, MAX_PROBES);
}
