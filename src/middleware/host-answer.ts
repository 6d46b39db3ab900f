// What becomes of an answer inside somebody else's server.
import { without } from '../http/field-list.ts';
import type { Answer } from '../site/answer.ts';

/** `wrapped`: functions of the host's stand between the body and the client. */
export function inHost(answer: Answer, wrapped: boolean): Answer {
  if (answer.resource === undefined) return asOwnPage(answer);
  return wrapped ? asMutable(answer) : answer;
}

/** A page of ours (a redirect, a 416) loads nothing and is what it says, whatever the pages of the host do. */
function asOwnPage(answer: Answer): Answer {
  const own = [
    ['Content-Security-Policy', "default-src 'none'"],
    ['X-Content-Type-Options', 'nosniff'],
  ] as const;
  const missing = own.filter(([name]) => !answer.fields.includes(name));
  return { ...answer, fields: [...answer.fields, ...missing.flat()] };
}

/**
 * What the client gets may not be the file's bytes (a compressor, a minifier). RFC 9110 §8.8.1: then a validator
 * of these bytes is weak. §14.3: and their ranges are nobody's to offer.
 */
function asMutable(answer: Answer): Answer {
  const fields = without(answer.fields, ACCEPT_RANGES).map((value, at, all) =>
    all[at - 1] === 'ETag' ? `W/${value}` : value,
  );
  return { ...answer, fields };
}

const ACCEPT_RANGES = new Set(['accept-ranges']);
