// The small page of each status: for the plan, and for the errors that a transport finds by itself.
import type { FieldList, ResponsePlan } from './types.ts';

/** Reason phrases of the statuses that the server sends. RFC 9110 §15, RFC 6585. */
const PHRASES: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  206: 'Partial Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};

/** Reason phrase for the status line; '' for a status that has none here (the phrase is optional, RFC 9112 §4). */
export function reasonPhrase(status: number): string {
  return PHRASES[status] ?? '';
}

export interface Page {
  /** Content-Type, Content-Length and Cache-Control. */
  readonly fields: FieldList;
  readonly body: string;
}

/**
 * A page that names the status and nothing else: no input is reflected, nothing is loaded. ASCII. Errors
 * are not stored by caches: what is missing now may be there in a second.
 */
export function errorPage(status: number): Page {
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
  const page = errorPage(status);
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
