// Stands before the handler: what is in a realm is not even looked for, unless its users ask. RFC 7235, RFC 7617.
import type { Realm, Realms } from '../auth/realms.ts';
import type { Verdict } from '../auth/verdicts.ts';
import { type FieldList, pairs } from '../http/field-list.ts';
import { parseTarget } from '../http/target.ts';
import { type Log, textOf } from '../log/log.ts';
import { errorPlan } from '../plan/errors.ts';
import type { RequestHead } from '../plan/request.ts';
import { IMMUTABLE } from '../rules/fields.ts';
import type { Rewrites } from '../rules/redirects.ts';
import type { Answer, Handler } from './answer.ts';

export interface GuardOptions {
  readonly handler: Handler;
  readonly realms: Realms;
  /** A path that is led into a realm is in it. */
  readonly rewrites: Rewrites;
  /** Fields of every answer that is no file's. */
  readonly common: FieldList;
  readonly log: Log;
}

/** Never throws and never rejects, as the handler. */
export function guarded({ handler, realms, rewrites, common, log }: GuardOptions): Handler {
  function realmOf({ method, target }: RequestHead): Realm | undefined {
    // It tells nothing of a file, and a browser's preflight never has credentials (WHATWG Fetch).
    if (method === 'OPTIONS') return undefined;
    const parsed = parseTarget(target);
    if (parsed.kind !== 'path') return undefined;
    const moved = rewrites(parsed.path);
    return realms.of(parsed.path) ?? (moved === undefined ? undefined : realms.of(moved));
  }

  function fail(error: unknown): Answer {
    log.error(`auth: ${textOf(error)}`, 'auth');
    return errorPlan(500, common);
  }

  return (request, reach) => {
    const realm = realmOf(request);
    if (realm === undefined) return handler(request, reach);
    const end = (verdict: Verdict): Answer | Promise<Answer> => {
      switch (verdict) {
        case 'granted': {
          const answer = handler(request, reach);
          return answer instanceof Promise ? answer.then(asPrivate) : asPrivate(answer);
        }
        case 'denied':
          return refusal(request, 401, ['WWW-Authenticate', realm.challenge, ...common]);
        case 'busy':
          return refusal(request, 503, ['Retry-After', '1', ...common]);
      }
    };
    const verdict = realm.judge(request.fields.authorization);
    return verdict instanceof Promise ? verdict.then(end).catch(fail) : end(verdict);
  };
}

function refusal({ method }: RequestHead, status: number, fields: FieldList): Answer {
  const answer = errorPlan(status, fields);
  return method === 'HEAD' ? { ...answer, body: { kind: 'none' } } : answer;
}

/**
 * Nobody repeats it, and no cache that others share keeps it (RFC 9111 §5.2.2.7), unless the operator's own Cache-Control
 * says so.
 */
function asPrivate(answer: Answer): Answer {
  // Nor is it for a CDN, which has a field of its own.
  const own = pairs(answer.fields).filter(([name]) => !/^cdn-cache-control$/i.test(name));
  const known = own.some(([name]) => /^cache-control$/i.test(name));
  const kept = own.flatMap(([name, value]) => [
    name,
    value === IMMUTABLE ? value.replace('public', 'private') : value,
  ]);
  const fields = known ? kept : [...kept, 'Cache-Control', 'private'];
  return { ...answer, fields, memo: undefined };
}
