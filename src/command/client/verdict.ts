// What a status means to a client of a log.
import { retryAfterOf } from './backoff.ts';
import { Lost, Refused } from './failure.ts';

const AGAIN = [408, 425, 429, 500, 502, 503, 504];

export interface Refusal {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** The first line of what the server says, for people; empty where it says nothing. */
  readonly words: string;
}

/** Of a status that is no success: what to throw. */
export function failureOf(refusal: Refusal, now: number): Lost | Refused {
  const { status, retryAfter, words } = refusal;
  const told = words === '' ? '' : ` (${words})`;
  if (AGAIN.includes(status)) {
    return new Lost(`the server answers ${status}${told}`, retryAfterOf(retryAfter, now));
  }
  return new Refused(`${status}: ${meaningOf(refusal)}${told}`);
}

function meaningOf({ status, location }: Refusal): string {
  switch (status) {
    case 400:
      return 'the server does not take this request';
    case 401:
      return 'the server wants to know who asks: --token-file, --header, or user:password@ in the address';
    case 403:
      return 'the server does not allow it';
    case 404:
      return 'there is no such stream or file';
    case 405:
    case 501:
      return 'this is no stream that can be written';
    case 410:
      return 'it is gone: deleted, or what was asked for is no longer kept';
    case 413:
      return 'the server takes no message that large';
    case 507:
      return 'the server has no room left for it';
    default:
      return status >= 300 && status < 400 && location !== undefined
        ? `it is elsewhere: ${location}`
        : 'the server refuses it';
  }
}
