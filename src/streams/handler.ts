// The pipeline of one request for a stream: operation → (stream) → answer, and the fields that all answers have.
import { type FieldList, pairs, without } from '../http/field-list.ts';
import { type Log, textOf } from '../log/log.ts';
import { originFields, preflightFields } from '../plan/cors.ts';
import { statusOfErrno } from '../plan/errors.ts';
import { type PlanPolicy, termsOf } from '../plan/policy.ts';
import { ASKER, type RequestHead, STREAM_FIELDS } from '../plan/request.ts';
import type { Reach } from '../plan/types.ts';
import { answerOf, MISSING, refuse, SOFT_DELETED, type StreamAnswer } from './answers.ts';
import { ALLOW, type Refusal, readOperation } from './operations.ts';
import { namedIn, type Place } from './places.ts';
import { answerHead, answerRead } from './read.ts';
import type { Found, Stream, StreamStore } from './store/types.ts';
import { Waits } from './waits.ts';
import { answerAppend, answerCreate, answerDelete } from './write.ts';

export interface StreamsOptions {
  /** Path that all streams are below, as in requests, decoded and without a slash at its end. */
  readonly prefix: string;
  /** Undefined while another process has it. */
  readonly store: () => StreamStore | undefined;
  readonly policy: PlanPolicy;
  /** Of all listeners; undefined where they differ. */
  readonly scheme: 'http' | 'https' | undefined;
  /** Bytes of one append. */
  readonly maxAppend: number;
  /** How long a long-poll waits, and events come by one connection: milliseconds. */
  readonly longPollMs: number;
  readonly eventsMs: number;
  readonly log: Log;
}

/** A request below the prefix, by somebody who may ask for that. */
export interface AskedStream {
  readonly request: RequestHead;
  readonly place: Place;
  /** Path bytes as sent, and '' or '?…'. */
  readonly raw: string;
  readonly query: string;
  /** Not everybody may see it. */
  readonly isPrivate: boolean;
}

export interface StreamsHandler {
  /** Never throws and never rejects. */
  answer(asked: AskedStream, reach: Reach): StreamAnswer | Promise<StreamAnswer>;
  /** The same fields for what is refused before. */
  withCommon(answer: StreamAnswer, request: RequestHead): StreamAnswer;
  /** Nobody waits any more: those who do get their answers at once. */
  end(): void;
}

/** Who waits at the same time, of each kind; some hundred bytes each. */
const MAX_WAITING = 100_000;

/** An event at least so often, milliseconds: proxies close what has been silent for a minute. */
const KEEP_ALIVE_MS = 30_000;

/** §12.7; and whoever opens one in a browser gets no page of this site. */
const SECURITY: FieldList = [
  'X-Content-Type-Options',
  'nosniff',
  'Content-Security-Policy',
  "default-src 'none'; sandbox",
];

export function createStreamsHandler(options: StreamsOptions): StreamsHandler {
  const { prefix, store, policy, longPollMs, eventsMs, maxAppend, log } = options;
  const terms = termsOf(policy);
  const common = commonOf(policy);
  const max = MAX_WAITING;
  const polls = new Waits({ timeoutMs: longPollMs, max });
  const waits = new Waits({ timeoutMs: Math.min(eventsMs, KEEP_ALIVE_MS), max });
  const events = { waits, timeoutMs: eventsMs };

  function handle(asked: AskedStream, reach: Reach): StreamAnswer | Promise<StreamAnswer> {
    const { request, place, query, raw } = asked;
    const operation = readOperation(request, query);
    if (operation.kind === 'options') return preflight(request);
    if (operation.kind === 'refused') return refusalOf(operation);
    if (place.kind === 'reserved') return MISSING;
    const opened = store();
    if (opened === undefined) return NOT_YET;
    const writing = { store: opened, name: place.name, content: request.content, maxAppend };
    const location = () => locationOf(request, raw, options.scheme);
    switch (operation.kind) {
      case 'head':
        return found(opened.find(place.name), answerHead);
      case 'read': {
        const { fields, onGone } = request;
        const reading = { operation, fields, onGone, terms: terms[reach], polls, events };
        const { isPrivate } = asked;
        return found(opened.find(place.name), (stream) =>
          answerRead({ ...reading, stream, isPrivate }),
        );
      }
      case 'create':
        return answerCreate(writing, { ...operation, fork: undefined }, location());
      case 'fork': {
        const from = namedIn(operation.fork.from, prefix);
        if (from === undefined) return NO_SOURCE;
        const fork = { ...operation.fork, from };
        return answerCreate(writing, { ...operation, fork }, location());
      }
      case 'append':
        return answerAppend(writing, operation);
      case 'delete':
        return answerDelete(writing);
    }
  }

  function preflight({ fields }: RequestHead): StreamAnswer {
    const asks = fields['access-control-request-method'] !== undefined && policy.cors.length > 0;
    return answerOf(204, ['Allow', ALLOW, ...(asks ? PREFLIGHT : [])]);
  }

  function fail(error: unknown): StreamAnswer {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    // It is being closed.
    if (code === 'ECANCELED') return NOT_YET;
    log.error(`streams: ${textOf(error)}`, 'streams');
    const status = statusOfErrno(code);
    const later = status === 503 ? ['Retry-After', '1'] : [];
    return { ...refuse(status, 'something went wrong on the server', later), errno: code };
  }

  let last: Finished | undefined;

  /** The same object where it is for the same: those who wait together are answered together. */
  function finish(answer: StreamAnswer, method: string, origin: string | undefined): StreamAnswer {
    if (method === 'HEAD') return { ...whole(answer, origin), body: { kind: 'none' } };
    if (last?.of === answer && last.origin === origin) return last.whole;
    last = { of: answer, origin, whole: whole(answer, origin) };
    return last.whole;
  }

  function whole(answer: StreamAnswer, origin: string | undefined): StreamAnswer {
    const own = originFields(origin, policy);
    return { ...answer, fields: [...answer.fields, ...common, ...own] };
  }

  return {
    answer(asked, reach) {
      // No more of the head is kept while it waits.
      const { method, fields } = asked.request;
      const end = ending(method, fields.origin);
      try {
        const answer = handle(asked, reach);
        return answer instanceof Promise
          ? answer.then(end, (error) => end(fail(error)))
          : end(answer);
      } catch (error) {
        return end(fail(error));
      }
    },
    withCommon: (answer, { method, fields }) => finish(answer, method, fields.origin),
    end() {
      polls.end();
      waits.end();
    },
  };

  function ending(method: string, origin: string | undefined) {
    return (answer: StreamAnswer) => finish(answer, method, origin);
  }
}

interface Finished {
  readonly of: StreamAnswer;
  readonly origin: string | undefined;
  readonly whole: StreamAnswer;
}

const NOT_YET = refuse(503, 'another process has the streams', ['Retry-After', '1']);
const NO_SOURCE = refuse(404, 'there is no stream to fork');

/** `*` does not stand for Authorization, and the others are as few. */
const PREFLIGHT = preflightFields(
  ALLOW,
  [...STREAM_FIELDS, 'authorization', 'if-none-match'].join(', '),
);

function refusalOf({ status, why }: Refusal): StreamAnswer {
  return refuse(status, why, status === 405 ? ['Allow', ALLOW] : []);
}

function found(
  found: Found | Promise<Found>,
  answer: (stream: Stream) => StreamAnswer | Promise<StreamAnswer>,
): StreamAnswer | Promise<StreamAnswer> {
  if (found instanceof Promise) return found.then((one) => ifThere(one, answer));
  return ifThere(found, answer);
}

function ifThere(
  found: Found,
  answer: (stream: Stream) => StreamAnswer | Promise<StreamAnswer>,
): StreamAnswer | Promise<StreamAnswer> {
  if (found === undefined) return MISSING;
  return found === 'soft-deleted' ? SOFT_DELETED : answer(found);
}

/** What is said of all answers of the site, where nothing else is to be said of streams. */
function commonOf({ common, cors }: PlanPolicy): FieldList {
  const who = cors.length > 0 ? 'cross-origin' : 'same-origin';
  const own = [...SECURITY, 'Cross-Origin-Resource-Policy', who];
  const names = new Set(pairs(own).map(([name]) => name.toLowerCase()));
  return [...without(common, names), ...own];
}

/**
 * §5.1: absolute, as its client has asked for it. What somebody has handed on was asked for elsewhere: there it is relative
 * (RFC 9110 §10.2.2).
 */
function locationOf(
  { fields }: RequestHead,
  raw: string,
  scheme: StreamsOptions['scheme'],
): string {
  const isDirect = ASKER.every((name) => name === 'host' || fields[name] === undefined);
  const { host } = fields;
  return isDirect && host && scheme !== undefined ? `${scheme}://${host}${raw}` : raw;
}
