// Streams stand beside the files: what is below their prefix is theirs. Here is who may write to them; who may read is the
// guard's to say, as of files.
import { resolve } from 'node:path';
import type { Realms } from '../auth/realms.ts';
import { TokenFile } from '../auth/token-file.ts';
import { hostOf, isLoopback } from '../http/authority.ts';
import { type PathTarget, parseTarget } from '../http/target.ts';
import type { Log } from '../log/log.ts';
import { OptionError } from '../options/table.ts';
import { isFromHere } from '../plan/advice.ts';
import type { PlanPolicy } from '../plan/policy.ts';
import type { RequestFields, RequestHead } from '../plan/request.ts';
import { refuse, type StreamAnswer } from '../streams/answers.ts';
import { createStreamsHandler, type StreamsOptions } from '../streams/handler.ts';
import { placeOf } from '../streams/places.ts';
import type { Answer, Handler } from './answer.ts';

export interface SiteStreams extends Omit<StreamsOptions, 'policy' | 'log'> {
  /** Of those who may write: undefined where the realm says it, or everybody on this machine may. */
  readonly tokenFile: string | undefined;
}

export interface BesideStreams {
  readonly streams: SiteStreams;
  readonly policy: PlanPolicy;
  readonly realms: Realms | undefined;
  /** Stands before a handler, where there are realms. */
  readonly guard: (handler: Handler) => Handler;
  readonly log: Log;
}

export interface StreamsMount {
  /** Answers for streams, and leaves the rest to this handler of files. */
  before(files: Handler): Handler;
  /** Nobody waits for what comes any more. */
  end(): void;
}

/** Throws an OptionError where the tokens cannot be used. */
export function mountStreams({ streams, policy, realms, guard, log }: BesideStreams): StreamsMount {
  const { prefix, tokenFile } = streams;
  const handler = createStreamsHandler({ ...streams, policy, log });
  const tokens = tokenFile === undefined ? undefined : openTokens(tokenFile, log);

  const answer: Handler = (request, reach) => {
    const target = parseTarget(request.target) as PathTarget;
    const place = placeOf(target, prefix) ?? { kind: 'reserved' };
    const { raw, query, path } = target;
    const isPrivate = realms?.of(path) !== undefined;
    return handler.answer({ request, place, raw, query, isPrivate }, reach);
  };
  const guarded = guard(answer);

  /** By its token, whoever may read: what else is in Authorization is none. */
  const writeByToken = (held: TokenFile): Handler => {
    return (request, reach): Answer | Promise<Answer> => {
      const end = (granted: boolean) =>
        granted ? answer(request, reach) : handler.withCommon(UNAUTHORISED, request);
      const granted = held.judge(request.fields.authorization);
      return granted instanceof Promise ? granted.then(end) : end(granted);
    };
  };

  /** By the realm that the path is in; and where it is in none, from this machine. */
  const writeFromHere: Handler = (request, reach) => {
    const target = parseTarget(request.target);
    const isGuarded = target.kind === 'path' && realms?.of(target.path) !== undefined;
    const refusal = refusalOf(request.fields, isGuarded, policy.cors);
    return refusal === undefined ? guarded(request, reach) : handler.withCommon(refusal, request);
  };
  const write = tokens === undefined ? writeFromHere : writeByToken(tokens);

  return {
    before: (files) => (request, reach) => {
      if (placeOf(parseTarget(request.target), prefix) === undefined) return files(request, reach);
      return isWrite(request) ? write(request, reach) : guarded(request, reach);
    },
    end: () => handler.end(),
  };
}

function openTokens(file: string, log: Log): TokenFile {
  try {
    return new TokenFile(resolve(file), log);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such file' : message;
    throw new OptionError((call) => `${call('writeTokenFile')}: ${file}: ${reason}`, {
      cause: error,
    });
  }
}

function isWrite({ method }: RequestHead): boolean {
  return method === 'PUT' || method === 'POST' || method === 'DELETE';
}

const UNAUTHORISED = refuse(401, 'who writes sends a token', ['WWW-Authenticate', 'Bearer']);
const HANDED_ON = refuse(403, 'only who is on this machine may write');
const FOREIGN = refuse(403, 'pages of other origins may not write');

/** A browser sends a user's password, and reaches this machine, for pages that have nothing to do with either. */
function refusalOf(
  fields: RequestFields,
  isGuarded: boolean,
  cors: readonly string[],
): StreamAnswer | undefined {
  if (!isGuarded && !isFromHere(fields)) return HANDED_ON;
  const { origin, host } = fields;
  if (origin === undefined || cors.includes(origin)) return undefined;
  const authority = origin.replace(/^https?:\/\//, '');
  if (authority === host?.toLowerCase()) return undefined;
  const isNear = !isGuarded && cors.includes('*') && isLoopback(hostOf(authority));
  return isNear ? undefined : FOREIGN;
}
