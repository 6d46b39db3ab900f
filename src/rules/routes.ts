// Where a site itself sends its requests (`_redirects`), once a path is known: by rules that stand back where there is a file,
// and by those that are forced.
import { normalise } from '../http/target.ts';
import type { Flaw } from './lines.ts';
import { fill, literalOf, mayReach } from './path-pattern.ts';
import { isExact, type RedirectLine } from './redirect-lines.ts';
import { locationOf, pathOf, type Redirect } from './redirects.ts';

/** `serve`: the answer of another path, with this status. */
export type Route =
  | Redirect
  | {
      readonly kind: 'serve';
      readonly status: 200 | 404 | 410;
      /** Decoded and normalised, as a target's. */
      readonly path: string;
      readonly slash: boolean;
    };

export interface Routed {
  /** Of the first rule that is for the request: where nothing is found, or at once, if it is forced as well. */
  readonly first: Route | undefined;
  /** The line of that rule. */
  readonly line: number | undefined;
  /** Of the first that is forced; the same object, where it is the first of all. */
  readonly forced: Route | undefined;
  /** Has the query a say, so that the answer is not the path's alone? */
  readonly byQuery: boolean;
}

export interface Routes {
  /** For a decoded path and its query (`''` or `?…`); undefined where no rule is for the path. */
  of(path: string, query: string): Routed | undefined;
  /** May a rule be for a path below this directory ('' is the root), also where there is a file (`forced`), or where not? */
  reach(directory: string, forced: boolean): boolean;
}

export const NO_ROUTES: Routes = { of: () => undefined, reach: () => false };

/** Characters of a Location, and of a path that is served instead: those of a request's target. */
const MAX_LOCATION = 8192;

/** In the order of their lines: the first that matches wins. */
export function compileRoutes(rules: readonly RedirectLine[]): Routes {
  if (rules.length === 0) return NO_ROUTES;
  const exact = new Map<string, RedirectLine[]>();
  for (const rule of rules.filter(isExact)) {
    const same = exact.get(rule.from.text);
    if (same === undefined) exact.set(rule.from.text, [rule]);
    // One more that stands back would never have its turn, nor one more that is forced.
    else if (same.every(({ forced }) => !forced) && rule.forced) same.push(rule);
  }
  const patterns = rules.filter((rule) => !isExact(rule));
  const literals = [true, false].map((forced) =>
    rules.filter((rule) => rule.forced || !forced).map(({ from }) => literalOf(from.text)),
  );

  return {
    of(path, query) {
      let first: Route | undefined;
      let line: number | undefined;
      let byQuery = false;
      let matched = false;
      let parsed: URLSearchParams | undefined;
      const given = () => (parsed ??= new URLSearchParams(query));
      for (const rule of inOrder(exact.get(path) ?? [], patterns)) {
        if (first !== undefined && !rule.forced) continue;
        const captures = rule.from.match(path);
        if (captures === undefined) continue;
        matched = true;
        if (rule.query.length > 0) byQuery = true;
        const route = routeOf(rule, captures, path, query, given);
        if (route === undefined) continue;
        if (first === undefined) [first, line] = [route, rule.line];
        if (rule.forced) return { first, line, forced: route, byQuery };
      }
      return matched ? { first, line, forced: undefined, byQuery } : undefined;
    },
    reach: (directory, forced) =>
      (literals[forced ? 0 : 1] ?? []).some((literal) => mayReach(literal, directory)),
  };
}

/** Both are in the order of their lines. */
function* inOrder(
  named: readonly RedirectLine[],
  patterns: readonly RedirectLine[],
): Generator<RedirectLine> {
  let at = 0;
  for (const pattern of patterns) {
    for (let next = named[at]; next && next.line < pattern.line; next = named[++at]) yield next;
    yield pattern;
  }
  yield* named.slice(at);
}

/** Undefined where the query is not what the rule wants, or it would lead the request to itself. */
function routeOf(
  { query: wanted, to, status }: RedirectLine,
  captured: ReadonlyMap<string, string>,
  path: string,
  query: string,
  given: () => URLSearchParams,
): Route | undefined {
  const captures = wanted.length === 0 ? captured : withQuery(captured, wanted, given());
  if (captures === undefined) return undefined;
  if (status === 200 || status === 404 || status === 410) {
    const [target = ''] = to.split(/[?#]/, 1);
    const filled = fill(decodeURIComponent(target), captures, (text) => text);
    // As of a target: no file can have such a name. A parameter may hold anything.
    const isName = filled.length <= MAX_LOCATION && !/[\0\\]/.test(filled);
    const served = isName ? normalise(filled) : undefined;
    return served === undefined
      ? undefined
      : { kind: 'serve', status, path: served, slash: filled.endsWith('/') };
  }
  const location = locationOf(to, captures, wanted.length === 0 ? query : without(wanted, query));
  if (location.length > MAX_LOCATION) return undefined;
  if (wanted.length === 0 && pathOf(location) === path) return undefined;
  return { kind: 'redirect', status, location };
}

function withQuery(
  captured: ReadonlyMap<string, string>,
  wanted: RedirectLine['query'],
  given: URLSearchParams,
): ReadonlyMap<string, string> | undefined {
  const captures = new Map(captured);
  for (const { parameter, value, name } of wanted) {
    const one = given.get(parameter);
    if (one === null || (name === undefined && one !== value)) return undefined;
    if (name !== undefined) captures.set(name, one);
  }
  return captures;
}

/** What the rule has read is not handed on; all else is, as it came. */
function without(wanted: RedirectLine['query'], query: string): string {
  const kept = query
    .slice(1)
    .split('&')
    .filter((part) => !wanted.some(({ parameter }) => new URLSearchParams(part).has(parameter)));
  return kept.join('') === '' ? '' : `?${kept.join('&')}`;
}

/** Lines of forced redirects that lead in circles. (Others stand back where there is a file: it may be the end of one.) */
export function circlesOf(rules: readonly RedirectLine[]): Flaw[] {
  const routes = compileRoutes(rules);
  const next = (path: string): string | undefined => {
    const { first, forced } = routes.of(path, '') ?? {};
    return first === forced && first?.kind === 'redirect' ? pathOf(first.location) : undefined;
  };
  // Each path is followed once, however many rules lead there.
  const followed = new Set<string>();
  const flaws: Flaw[] = [];
  for (const { from, forced } of rules) {
    const chain = new Set<string>();
    const probe = new Map(from.names.map((name, i) => [name, `zc-probe-${i}`]));
    let path = forced ? fill(from.text, probe, (text) => text) : undefined;
    while (path !== undefined && !followed.has(path)) {
      followed.add(path);
      chain.add(path);
      path = next(path);
    }
    if (path === undefined || !chain.has(path)) continue;
    const line = routes.of(path, '')?.line ?? 0;
    const some = [...chain].slice([...chain].indexOf(path)).slice(0, 5);
    flaws.push({ line, reason: `redirects in circles: ${some.join(' → ')} → ${path}` });
  }
  return flaws;
}
