// The rules of one site: the operator's, and those that the site carries, as its files say at the moment.
import type { Carried, CarriedText } from '../files/carried.ts';
import type { Log } from '../log/log.ts';
import type { CarriedFields, Rules } from '../rules/fields.ts';
import { parseHeaders } from '../rules/header-lines.ts';
import type { Flaw } from '../rules/lines.ts';
import { parseRedirects } from '../rules/redirect-lines.ts';
import { circlesOf, compileRoutes, NO_ROUTES, type Routes } from '../rules/routes.ts';

/** At one moment: whatever is answered by it is answered by nothing else. */
export interface OwnRules {
  readonly rules: Rules;
  readonly routes: Routes;
}

/** The operator's rules for fields, together with the site's. */
export type CompileWith = (blocks: CarriedFields['blocks']) => Rules;

/** Lines that are named one by one; of more, how many. */
const MAX_NAMED = 100;

/** What nobody has written yet. */
export function withoutCarried(compile: CompileWith): OwnRules {
  return { rules: compile([]), routes: NO_ROUTES };
}

/**
 * Names each line that is not followed. A site's file keeps no server from starting, and takes nothing down with it: all
 * other lines are followed, and of a file that cannot be read or is too long, none.
 */
export function readOwnRules(
  { headers, redirects }: Carried,
  compile: CompileWith,
  log: Log,
): OwnRules {
  const fields = parseHeaders(textOf('_headers', headers, log));
  tell('_headers', fields.flaws, log);
  const { rules, flaws } = parseRedirects(textOf('_redirects', redirects, log));
  const circles = circlesOf(rules);
  tell('_redirects', [...flaws, ...circles], log);
  const left = new Set(circles.map(({ line }) => line));
  return {
    rules: compile(fields.blocks),
    routes: compileRoutes(rules.filter(({ line }) => !left.has(line))),
  };
}

function textOf(file: string, carried: CarriedText, log: Log): string {
  if (carried === undefined) return '';
  if ('text' in carried) return carried.text;
  log.warn(`${file} ${carried.flaw}: none of its rules is followed`);
  return '';
}

function tell(file: string, flaws: readonly Flaw[], log: Log): void {
  const inOrder = flaws.toSorted((a, b) => a.line - b.line);
  for (const { line, reason } of inOrder.slice(0, MAX_NAMED)) {
    log.warn(`${file}:${line}: ${reason}; the line is not followed`);
  }
  const more = flaws.length - MAX_NAMED;
  if (more > 0) log.warn(`${file}: ${more} more lines are not followed`);
}
