// The small page of each status: for the plan, and for the errors that a transport finds by itself.

import type { FieldList } from '../http/field-list.ts';
import { reasonPhrase } from '../http/phrases.ts';
import { originFields } from './cors.ts';
import { policyFor, STYLE } from './page-style.ts';
import type { Terms } from './policy.ts';
import type { RequestHead } from './request.ts';
import type { Advice, ResponsePlan } from './types.ts';

export interface StatusPage {
  /** Content-Type, Content-Length, and for errors Cache-Control and the policy that shows their style. */
  readonly fields: FieldList;
  readonly body: string;
  readonly bytes: Uint8Array;
}

export const CONTENT_SECURITY_POLICY = policyFor({ style: '', script: '' });

/** What to make of a status, for whoever does not know its number. */
const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The server cannot make sense of this request.',
  401: 'This needs a name and a password.',
  403: 'The server may not show this.',
  404: 'There is nothing at this address.',
  405: 'Pages here can be read, and nothing else.',
  412: 'It is no longer what it was.',
  414: 'This address is too long.',
  429: 'You ask too often. Try again in a moment.',
  416: 'It has no such part.',
  500: 'Something went wrong on the server.',
  503: 'The server has too much to do. Try again in a moment.',
};

const ADVICE: Readonly<Record<Advice, string>> = {
  listing: `This folder has no index page. Start the server with <code>--listing</code> to see what is in it.
<p><small>Nobody else reads this: you ask from the machine that the server runs on.</small>`,
  https: 'This port speaks HTTPS: its addresses begin with https://.',
};

/** All that there are: by status and advice. */
const pages = new Map<string, StatusPage>();

/**
 * A page that names the status and says what that means: no input is reflected, nothing is loaded. ASCII. Errors
 * are not stored by caches: what is missing now may be there in a second.
 */
export function statusPage(status: number, advice?: Advice): StatusPage {
  const key = `${status} ${advice}`;
  const page = pages.get(key) ?? makePage(status, advice);
  pages.set(key, page);
  return page;
}

function makePage(status: number, advice: Advice | undefined): StatusPage {
  const title = `${status} ${reasonPhrase(status)}`.trimEnd();
  const isError = status >= 400;
  const meaning = advice === undefined ? MEANINGS[status] : ADVICE[advice];
  // Nobody looks at the page of a redirect.
  const style = isError
    ? `\n<style>${STYLE}</style>`
    : '\n<meta name="color-scheme" content="light dark">';
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>${style}
<main>
<h1>${title}</h1>${meaning === undefined ? '' : `\n<p>${meaning}`}
</main>
</html>
`;
  const bytes = new TextEncoder().encode(body);
  const fields = [
    'Content-Type',
    'text/html; charset=utf-8',
    'Content-Length',
    String(bytes.length),
  ];
  if (isError) {
    fields.push('Cache-Control', 'no-store', 'Content-Security-Policy', CONTENT_SECURITY_POLICY);
  }
  return { fields, body, bytes };
}

/** The page as an answer, `extra` fields (Allow, Content-Range…) last. */
export function errorPlan(
  status: number,
  extra: FieldList = [],
  advice?: Advice,
): ResponsePlan<never> {
  const { fields, bytes } = statusPage(status, advice);
  return {
    status,
    fields: [...fields, ...extra],
    body: { kind: 'bytes', bytes },
    close: false,
    memo: undefined,
  };
}

/** The status of a failure of the server's own; what is merely exhausted may be there again soon. */
export function statusOfErrno(errno: string): 500 | 503 {
  switch (errno) {
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
    case 'EAGAIN':
      return 503;
    default:
      return 500;
  }
}

/** The error as this client gets it, `extra` fields first. */
export function planError(
  status: number,
  extra: FieldList,
  request: RequestHead,
  terms: Terms,
  advice?: Advice,
): ResponsePlan<never> {
  const fields = [...extra, ...terms.common, ...originFields(request.fields.origin, terms)];
  return errorPlan(status, fields, advice);
}

/** §10.2.3: what failed for want of descriptors or memory may work in a second. */
export function retryAfter(status: number): FieldList {
  return status === 503 ? ['Retry-After', '1'] : [];
}
