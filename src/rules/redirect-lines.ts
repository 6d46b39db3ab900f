// `_redirects` as Netlify and Cloudflare Pages define it: a rule on each line.
//   from [name=value …] to [status[!]]
import { decodePattern, type Flaw, linesOf } from './lines.ts';
import { compilePattern, fill, type PathPattern, TOKEN } from './path-pattern.ts';
import { flawOfLocation, locationOf, pathOf, type Redirect } from './redirects.ts';

export interface RedirectLine {
  readonly line: number;
  readonly from: PathPattern;
  /** Parameters that a query has to have: a value, or a name for whatever it is. */
  readonly query: ReadonlyArray<{
    readonly parameter: string;
    readonly value: string;
    readonly name: string | undefined;
  }>;
  /** As `RedirectRule.to`. */
  readonly to: string;
  /** 200: another path's answer, unseen by the client; 404, 410: the same with this status. */
  readonly status: Redirect['status'] | 200 | 404 | 410;
  /** Also where there is a file. */
  readonly forced: boolean;
}

export interface RedirectLines {
  readonly rules: readonly RedirectLine[];
  readonly flaws: readonly Flaw[];
}

/** Netlify's; for Cloudflare it is 302, which nobody's cache keeps: who wants that says it. */
const DEFAULT_STATUS = 301;
const STATUSES: readonly number[] = [200, 301, 302, 303, 307, 308, 404, 410];

/** Found by their paths: as many as Netlify advises. */
export const MAX_EXACT = 10_000;
/** Tried in turn for each request that finds no file: five times Cloudflare's. */
export const MAX_PATTERNS = 500;
/** Captures that one Location may be made of: each may be as long as a path. */
const MAX_PLACES = 16;

export function parseRedirects(text: string): RedirectLines {
  const { lines, flaws } = linesOf(text);
  const rules: RedirectLine[] = [];
  const count = { exact: 0, patterns: 0 };
  for (const { number: line, text } of lines) {
    try {
      const rule = { line, ...readRule(text) };
      if (isExact(rule) ? ++count.exact > MAX_EXACT : ++count.patterns > MAX_PATTERNS) {
        throw new Error(
          `more than ${MAX_EXACT} plain rules, or ${MAX_PATTERNS} with places or parameters`,
        );
      }
      rules.push(rule);
    } catch (error) {
      flaws.push({ line, reason: (error as Error).message });
    }
  }
  return { rules, flaws };
}

/** Is it found by its path alone? */
export function isExact({ from, query }: Pick<RedirectLine, 'from' | 'query'>): boolean {
  return from.names.length === 0 && query.length === 0;
}

/** Throws an Error with the reason. */
function readRule(text: string): Omit<RedirectLine, 'line'> {
  const all = text.split(/\s+/);
  const comment = all.findIndex((part) => part.startsWith('#'));
  const [from = '', ...parts] = comment < 0 ? all : all.slice(0, comment);
  if (/^[a-z]+:\/\//i.test(from)) {
    throw new Error(
      'a rule for one host is not supported; a path is, and a host of its own (hosts)',
    );
  }
  const at = parts.findIndex((part) => part.startsWith('/') || /^[a-z]+:\/\//i.test(part));
  const to = parts[at];
  if (to === undefined) throw new Error('from and to are expected, each a path; to may be a URL');
  const [status = String(DEFAULT_STATUS), ...conditions] = parts.slice(at + 1);
  const [condition] = /^\d+!?$/.test(status) ? conditions : [status];
  if (condition !== undefined) {
    throw new Error(
      /^[\w-]+=/.test(condition)
        ? `the condition ${condition} is not supported`
        : `${JSON.stringify(condition)}: a status is expected, such as 301 or 200!`,
    );
  }
  const path = decodePattern(from);
  if (path === undefined) throw new Error('from is not percent-encoded UTF-8');
  const rule = {
    from: compilePattern(path),
    query: parts.slice(0, at).map(readParameter),
    to: to.replaceAll(':splat', '*'),
    status: readStatus(status),
    forced: status.endsWith('!'),
  };
  checkTo(rule);
  return rule;
}

/** Whatever it is for. */
function leadsToItself({ names, text }: PathPattern, to: string): boolean {
  const probe = new Map(names.map((name, i) => [name, `zc-probe-${i}`]));
  return pathOf(locationOf(to, probe, '')) === fill(text, probe, (one) => one);
}

function readParameter(text: string): RedirectLine['query'][number] {
  const [, parameter, value = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (parameter === undefined) {
    throw new Error(`${JSON.stringify(text)}: a parameter is expected, name=value or name=:name`);
  }
  const name = /^:([A-Za-z_]\w*)$/.exec(value)?.[1];
  return { parameter, value, name };
}

function readStatus(text: string): RedirectLine['status'] {
  const status = Number.parseInt(text, 10);
  if (!STATUSES.includes(status)) {
    throw new Error(`status ${status} is not supported: ${STATUSES.join(', ')} are`);
  }
  return status as RedirectLine['status'];
}

function checkTo({ from, query, to, status }: Omit<RedirectLine, 'line'>): void {
  const isRedirect = status >= 300 && status < 400;
  if (!isRedirect && !to.startsWith('/')) {
    throw new Error(`${status} from another server is not supported: the path of a file is`);
  }
  if (!isRedirect && decodePattern(to) === undefined) {
    throw new Error('to is not percent-encoded UTF-8');
  }
  if (to.startsWith('/.netlify/')) throw new Error('there are no functions here');
  const flaw = flawOfLocation(to);
  if (flaw !== undefined) throw new Error(flaw);
  if (isRedirect && query.length === 0 && leadsToItself(from, to)) {
    throw new Error('it leads to itself: a slash at the end does not matter');
  }
  const names = [...from.names, ...query.flatMap(({ name }) => name ?? [])];
  if (new Set(names).size < names.length) throw new Error('each :name is allowed once');
  const places = [...to.replace(/^https?:\/\/[^/?#]*/i, '').matchAll(TOKEN)];
  if (places.length > MAX_PLACES) throw new Error(`more than ${MAX_PLACES} places in to`);
  for (const [place, name = '*'] of places) {
    if (names.includes(name)) continue;
    throw new Error(`${place === '*' ? ':splat' : place} does not occur in from`);
  }
}
