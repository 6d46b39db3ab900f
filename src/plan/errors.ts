// The small page of each status: for the plan, and for the errors that a transport finds by itself.

import type { FieldList } from '../http/field-list.ts';
import { reasonPhrase } from '../http/phrases.ts';
import type { ResponsePlan } from './types.ts';

export interface StatusPage {
  /** Content-Type, Content-Length and Cache-Control. */
  readonly fields: FieldList;
  readonly body: string;
}

/**
 * A page that names the status and nothing else: no input is reflected, nothing is loaded. ASCII. Errors
 * are not stored by caches: what is missing now may be there in a second.
 */
export function statusPage(status: number): StatusPage {
  const title = `${status} ${reasonPhrase(status)}`.trimEnd();
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<h1>${title}</h1>
</html>
`;
  const fields = ['Content-Type', 'text/html; charset=utf-8'];
  fields.push('Content-Length', String(body.length), 'Cache-Control', 'no-store');
  return { fields, body };
}

/** The page as an answer, `extra` fields (Allow, Content-Range…) last. */
export function errorPlan(status: number, extra: FieldList = []): ResponsePlan<never> {
  const page = statusPage(status);
  return {
    status,
    fields: [...page.fields, ...extra],
    body: { kind: 'bytes', bytes: new TextEncoder().encode(page.body) },
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
