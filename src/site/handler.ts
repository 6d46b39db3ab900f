// The pipeline of one request: parse target → (where others have routed it: is it spelled in the normal way?)
// → redirects, rewrites → resolve (at once when cached) → routes of the site → error page → plan → (where the client wants
// it: the digest of what is sent) → confirm that the file is still what was planned.
import type { Archives } from '../archive/archives.ts';
import { MISS_PAGE } from '../files/policy.ts';
import { looksLikeAsset } from '../files/resolve.ts';
import type { Outcome } from '../files/search.ts';
import type { FileTable } from '../files/table.ts';
import { isDevious, parseTarget } from '../http/target.ts';
import type { LiveFiles } from '../live/live-files.ts';
import { type Log, textOf } from '../log/log.ts';
import { errorPlan, statusOfErrno } from '../plan/errors.ts';
import { archiveAsked } from '../plan/listing.ts';
import { isNavigation, missingCoding } from '../plan/negotiate.ts';
import { plan } from '../plan/plan.ts';
import { type PlanPolicy, termsOf } from '../plan/policy.ts';
import type { RequestHead } from '../plan/request.ts';
import type { FileCoding } from '../plan/types.ts';
import type { Redirects, Rewrites } from '../rules/redirects.ts';
import type { Answer, Handler } from './answer.ts';
import { contentDigests } from './content-digest.ts';
import type { ListingPages } from './listing-pages.ts';
import type { OwnRules } from './own-rules.ts';
import {
  type Asked,
  createRouting,
  fromRoot,
  isMisspelled,
  type Shown,
  toNormalForm,
} from './routing.ts';

export interface HandlerOptions {
  readonly table: FileTable;
  readonly listings: Pick<ListingPages, 'show'>;
  /** Undefined where no directory can be had whole. */
  readonly archives: Pick<Archives, 'show'> | undefined;
  /** Undefined where no file is offered live. */
  readonly live: Pick<LiveFiles, 'show'> | undefined;
  readonly policy: PlanPolicy;
  readonly redirects: Redirects;
  readonly rewrites: Rewrites;
  /** What the site carries, at this moment. */
  readonly own: () => OwnRules;
  /** Who guards a path: no route of the site leads into another realm. */
  readonly realmOf: (path: string) => unknown;
  /** Is there a page for unknown navigations (`FilesPolicy.spa`)? */
  readonly spa: boolean;
  /** Codings that are made here, best first. */
  readonly encodes: readonly FileCoding[];
  /** Answer errors with 404.html and 50x.html? */
  readonly errorPages: boolean;
  /**
   * Has somebody else routed the request by its path as it is spelled? Then guards of other routes may
   * stand before other spellings of the path, and only the normal one is served.
   */
  readonly routed: boolean;
  readonly log: Log;
}

const NOT_FOUND: Shown = { kind: 'not-found' };
const BAD_PATH: Shown = { kind: 'bad-path' };

/**
 * Answers that are made of a file which changes each time before the first byte, until the client is told to wait.
 * Three were too few for one request in some 10,000 while a site was deployed a hundred times a second: removing the
 * last release changes its files too (ctime).
 */
const MAX_ATTEMPTS = 10;

/** A handler that never throws and never rejects: what nobody expected is logged and answered by 500. */
export function createHandler(options: HandlerOptions): Handler {
  const { table, listings, policy, redirects, rewrites, encodes, log } = options;
  const termsWithin = termsOf(policy);
  const withDigest = contentDigests(table);

  const routing = createRouting({ ...options, planned, finish, navigates });

  function handle(asked: Asked): Answer | Promise<Answer> {
    const { request } = asked;
    const target = parseTarget(request.target);
    if (target.kind === 'asterisk') {
      // RFC 9112 §3.2.4: the asterisk is for OPTIONS only.
      return planned(asked, request.method === 'OPTIONS' ? NOT_FOUND : BAD_PATH);
    }
    if (target.kind === 'bad-path' || target.kind === 'too-long') return planned(asked, target);
    // No other method reads a file.
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (target.kind === 'no-file')
      return reads ? routeOf(asked, target.raw) : planned(asked, BAD_PATH);
    if (!reads) return planned(asked, NOT_FOUND);

    // No client needs these, and a redirect would tell what there is behind a guard.
    if (options.routed && (isDevious(target.raw) || !request.target.startsWith('/'))) {
      return planned(asked, NOT_FOUND);
    }
    const { query, slash } = target;
    const redirect = redirects(target.path, query);
    if (redirect !== undefined) return planned(asked, redirect);
    const rewritten = rewrites(target.path);
    const path = rewritten ?? target.path;
    const routed = rewritten === undefined ? routing(asked, target) : undefined;
    if (routed !== undefined) return routed;

    const found = table.lookup(path, slash, navigates(request, path));
    const moved = rewritten !== undefined;
    const end = (outcome: Outcome) =>
      options.routed && isMisspelled(target, outcome)
        ? planned(asked, toNormalForm(target))
        : finish(asked, outcome, path, moved, query);
    return found instanceof Promise ? found.then(end) : end(found);
  }

  function navigates({ fields }: RequestHead, path: string): boolean {
    return options.spa && isNavigation(fields, looksLikeAsset(path));
  }

  /** A path that can name no file may still be a route of the page. */
  function routeOf(asked: Asked, raw: string): Answer | Promise<Answer> {
    if (!navigates(asked.request, raw)) return planned(asked, BAD_PATH);
    const found = table.fallback();
    const end = (page: Outcome) =>
      finish(asked, page.kind === 'not-found' ? BAD_PATH : page, '/', false, '');
    return found instanceof Promise ? found.then(end) : end(found);
  }

  /** `path` was looked up; it is the client's own unless it was `moved` by a rewrite. */
  function finish(
    asked: Asked,
    outcome: Outcome | Shown,
    path: string,
    moved: boolean,
    query: string,
  ): Answer | Promise<Answer> {
    switch (outcome.kind) {
      case 'redirect': {
        const { status } = outcome;
        const location = moved ? fromRoot(outcome.location, path) : outcome.location;
        return planned(asked, { kind: 'redirect', status, location: location + query });
      }
      case 'not-found':
        return withErrorPage(asked, outcome, path, MISS_PAGE, 404);
      case 'failed':
        return withErrorPage(asked, outcome, path, '50x.html', statusOfErrno(outcome.errno));
      case 'listing': {
        const format = options.archives && archiveAsked(query);
        const shown =
          options.archives && format !== undefined
            ? options.archives.show(outcome, format)
            : listings.show(asked.request, outcome);
        return shown instanceof Promise
          ? shown.then((page) => finish(asked, page, path, moved, query))
          : finish(asked, shown, path, moved, query);
      }
      case 'file': {
        const shown = options.live?.show(asked.request, outcome, Date.now()) ?? outcome;
        return shown instanceof Promise
          ? shown.then((one) => planned(asked, one))
          : planned(asked, shown);
      }
      default:
        return planned(asked, outcome);
    }
  }

  function withErrorPage(
    asked: Asked,
    outcome: Shown,
    path: string,
    name: string,
    status: number,
  ): Answer | Promise<Answer> {
    if (!options.errorPages) return planned(asked, outcome);
    const page = table.errorPage(path, name, status);
    return page instanceof Promise
      ? page.then((found) => planned(asked, withMiss(found, outcome)))
      : planned(asked, withMiss(page, outcome));
  }

  function planned({ request, terms }: Asked, outcome: Shown): Answer {
    const answer = plan(request, outcome, terms, Date.now());
    const { body, resource } = answer;
    if ('file' in body) table.use(body.file);
    if (resource !== undefined && encodes.length > 0 && body.kind !== 'feed') {
      const coding = missingCoding(request.fields['accept-encoding'], resource, encodes);
      if (coding !== undefined) table.encode(resource.identity, coding);
    }
    return answer;
  }

  function fail(error: unknown): Answer {
    log.error(`unexpected: ${textOf(error)}`, 'handler');
    return errorPlan(500, policy.common);
  }

  /**
   * What is sent from the file itself must be what the head says, also where nobody watches: the open file
   * is looked at once more, and an answer from one that has changed is made anew.
   */
  function confirm(asked: Asked, answer: Answer, attempt: number): Answer | Promise<Answer> {
    const { body } = answer;
    const anew = () => (attempt < MAX_ATTEMPTS ? answerOf(asked, attempt + 1) : unsettled());
    if (asked.own !== options.own()) return anew();
    if (!('file' in body)) return answer;
    const { file } = body;
    const strategy = body.kind === 'parts' ? body.strategy : body.kind;
    const again = () => {
      table.drop(file.path);
      return anew();
    };
    const current = table.isCurrent(file, strategy, answer.resource?.identity);
    if (current instanceof Promise) return current.then((is) => (is ? answer : again()));
    return current ? answer : again();
  }

  /** Somebody writes to it all the time. */
  function unsettled(): Answer {
    return errorPlan(503, ['Retry-After', '1', ...policy.common]);
  }

  function answerOf(given: Omit<Asked, 'own'>, attempt: number): Answer | Promise<Answer> {
    const asked = { ...given, own: options.own() };
    const answer = handle(asked);
    const end = (made: Answer) =>
      made.wantsDigest
        ? withDigest(made).then((one) => confirm(asked, one, attempt))
        : confirm(asked, made, attempt);
    return answer instanceof Promise ? answer.then(end) : end(answer);
  }

  return (request, reach) => {
    try {
      const answer = answerOf({ request, terms: termsWithin[reach] }, 1);
      return answer instanceof Promise ? answer.catch(fail) : answer;
    } catch (error) {
      return fail(error);
    }
  };
}

/** The page for an outcome, or the outcome itself where there is none; a miss rests on both looks. */
function withMiss(page: Outcome, outcome: Shown): Shown {
  if (outcome.kind !== 'not-found') return page.kind === 'file' ? page : outcome;
  const { evidence, judged = [], advice } = outcome;
  const missing = advice === undefined ? NOT_FOUND : { ...NOT_FOUND, advice };
  if (page.kind !== 'file' && page.kind !== 'not-found') return missing;
  if (evidence === undefined || page.evidence === undefined) {
    return page.kind === 'file' ? page : missing;
  }
  const miss = { evidence: [...evidence, ...page.evidence], shared: page.evidence, judged };
  return page.kind === 'file' ? { ...page, miss } : { ...missing, ...miss };
}
