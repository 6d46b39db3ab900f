// Where a site itself sends a request (rules/routes.ts): a forced route is taken whatever there is, another one where nothing is
// found.
import { isCarried } from '../files/carried.ts';
import type { FileEntry } from '../files/entry.ts';
import type { Outcome } from '../files/search.ts';
import type { FileTable } from '../files/table.ts';
import {
  encodePath,
  normalForm,
  type PathTarget,
  parseTarget,
  referenceTo,
} from '../http/target.ts';
import type { Terms } from '../plan/policy.ts';
import type { RequestHead } from '../plan/request.ts';
import type { Plannable } from '../plan/types.ts';
import type { Route } from '../rules/routes.ts';
import type { Answer } from './answer.ts';
import type { OwnRules } from './own-rules.ts';

/** What is asked for, and the terms and rules by which it is answered. */
export interface Asked {
  readonly request: RequestHead;
  readonly terms: Terms;
  readonly own: OwnRules;
}

export type Shown = Plannable<FileEntry>;
type Missed = Extract<Outcome, { readonly kind: 'not-found' }>;

export interface RoutingOptions {
  readonly table: Pick<FileTable, 'lookup'>;
  /** As `HandlerOptions.realmOf` and `routed`. */
  readonly realmOf: (path: string) => unknown;
  readonly routed: boolean;
  navigates(request: RequestHead, path: string): boolean;
  planned(asked: Asked, outcome: Shown): Answer;
  finish(
    asked: Asked,
    outcome: Outcome | Shown,
    path: string,
    moved: boolean,
    query: string,
  ): Answer | Promise<Answer>;
}

const NOT_FOUND: Outcome & Shown = { kind: 'not-found' };

/** From a page's name to its directory, and to its index. */
const MAX_HOPS = 2;

/** The answer, where a rule of the site is for the path; else undefined. */
export function createRouting(
  options: RoutingOptions,
): (asked: Asked, target: PathTarget) => Answer | Promise<Answer> | undefined {
  const { table, realmOf, navigates, planned, finish } = options;

  /** `missed`: what the answer rests on as well, where nothing was found at the path itself. */
  function take(
    asked: Asked,
    from: string,
    route: Route,
    missed: Missed | undefined,
    query: string,
  ): Answer | Promise<Answer> {
    if (route.kind === 'redirect') return planned(asked, route);
    const { status, path } = route;
    const isElsewhere = realmOf(path) !== realmOf(from);
    if (isElsewhere) return finish(asked, missed ?? NOT_FOUND, from, true, query);
    const end = (outcome: Outcome) => {
      if (outcome.kind === 'file') {
        return finish(asked, servedBy(outcome, status, missed), path, true, query);
      }
      if (status === 200) return unrepeated(finish(asked, outcome, path, true, query));
      return unrepeated(finish(asked, NOT_FOUND, from, true, query));
    };
    const found = lookUpThrough(route, MAX_HOPS);
    return found instanceof Promise ? found.then(end) : end(found);
  }

  /** A directory without its slash, a page by its unclean name: what the client would be sent to is answered at once. */
  function lookUpThrough(
    { path, slash }: Pick<PathTarget, 'path' | 'slash'>,
    hops: number,
  ): Outcome | Promise<Outcome> {
    const through = (outcome: Outcome): Outcome | Promise<Outcome> => {
      if (outcome.kind !== 'redirect' || hops === 0) return outcome;
      const next = parseTarget(fromRoot(outcome.location, path));
      return next.kind === 'path' ? lookUpThrough(next, hops - 1) : NOT_FOUND;
    };
    const found = table.lookup(path, slash, false);
    return found instanceof Promise ? found.then(through) : through(found);
  }

  return (asked, target) => {
    const { path, slash, query } = target;
    // Of its files of rules nothing is told.
    const routed = isCarried(path.slice(1)) ? undefined : asked.own.routes.of(path, query);
    if (routed === undefined) return undefined;
    const { first, forced, byQuery } = routed;
    const settle = (answer: Answer) => (byQuery ? { ...answer, memo: undefined } : answer);
    const end = (outcome: Outcome | undefined) => {
      if (outcome === undefined || outcome.kind === 'not-found') {
        if (first !== undefined) return take(asked, path, first, outcome, query);
      } else if (forced !== undefined) {
        return take(asked, path, forced, undefined, query);
      } else if (options.routed && isMisspelled(target, outcome)) {
        return planned(asked, toNormalForm(target));
      }
      return finish(asked, outcome ?? NOT_FOUND, path, false, query);
    };
    const navigation = first === undefined && navigates(asked.request, path);
    const found =
      first === forced && first !== undefined ? undefined : table.lookup(path, slash, navigation);
    const answer = found instanceof Promise ? found.then(end) : end(found);
    return answer instanceof Promise ? answer.then(settle) : settle(answer);
  };
}

/** Is there something that another spelling of the path could be led to? What a miss is called, others may know. */
export function isMisspelled(target: PathTarget, { kind }: Outcome): boolean {
  const leads = kind === 'file' || kind === 'redirect' || kind === 'listing';
  return leads && normalForm(target) !== target.raw;
}

/** For encoders that write more than is needed, or otherwise: `%40`, `%c3%bc`, a raw `[`. */
export function toNormalForm(target: PathTarget): Shown {
  const location = referenceTo(normalForm(target), target.raw) + target.query;
  return { kind: 'redirect', status: 301, location };
}

/** The answer of one path to another: it stands no longer than nothing stands at the other. */
function servedBy(
  file: Extract<Outcome, { readonly kind: 'file' }>,
  status: number,
  missed: Missed | undefined,
): Shown {
  const evidence = [...(missed?.evidence ?? []), ...file.evidence];
  const judged = [...(missed?.judged ?? []), ...(file.judged ?? [])];
  return status === 200
    ? { ...file, evidence, judged: file.judged ?? [] }
    : { ...file, status, miss: { evidence, judged } };
}

/** Of two paths, of which one is not in the evidence. */
function unrepeated(answer: Answer | Promise<Answer>): Answer | Promise<Answer> {
  return answer instanceof Promise
    ? answer.then((made) => ({ ...made, memo: undefined }))
    : { ...answer, memo: undefined };
}

/** A relative redirect is relative to the path that was looked up, which after a rewrite is not the client's. */
export function fromRoot(location: string, path: string): string {
  return new URL(location, `http://localhost${encodePath(path)}`).pathname;
}
