// A request that was not answered, as the error that a host's error handler takes.
import { reasonPhrase } from '../http/phrases.ts';
import type { Answer } from '../site/answer.ts';

/** As Express and its kin take errors; `name` is that of `http-errors` ("NotFoundError"). */
export interface HttpError extends Error {
  readonly status: number;
  readonly statusCode: number;
  /** May clients see the message? */
  readonly expose: boolean;
  /** What the system calls it ("ENOENT"), as on the errors of `node:fs`; a malformed path has none. */
  readonly code?: string;
}

export function httpError({ status, errno }: Pick<Answer, 'status' | 'errno'>): HttpError {
  const phrase = reasonPhrase(status);
  const code = errno ?? codeOf(status);
  return Object.assign(new Error(phrase), {
    name: nameOf(phrase),
    status,
    statusCode: status,
    expose: status < 500,
    ...(code === undefined ? {} : { code }),
  });
}

/** "Not Found" → "NotFoundError", "Internal Server Error" → "InternalServerError". */
function nameOf(phrase: string): string {
  return `${phrase.replaceAll(' ', '').replace(/Error$/, '')}Error`;
}

function codeOf(status: number): string | undefined {
  switch (status) {
    case 403:
      return 'EACCES';
    case 404:
      return 'ENOENT';
    case 414:
      return 'ENAMETOOLONG';
    default:
      return undefined;
  }
}
