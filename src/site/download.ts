// A file asked for as a download: `?download`, or `?download=name.ext`. RFC 6266, RFC 8187.
import { extname } from 'node:path/posix';
import { pairs } from '../http/field-list.ts';
import { downloadIn } from '../http/target.ts';
import { loadContentDisposition } from '../packages/packages.ts';
import type { Answer, Handler } from './answer.ts';

/** The answers of a file are attachments where the query says so; such an answer is that query's alone. */
export function withDownloads(handler: Handler): Handler {
  return (request, reach) => {
    const asked = downloadIn(request.target);
    const answer = handler(request, reach);
    if (asked === undefined) return answer;
    return answer instanceof Promise
      ? answer.then((made) => asAttachment(made, asked))
      : asAttachment(answer, asked);
  };
}

function asAttachment(answer: Answer, asked: string): Answer {
  const { status, resource, fields } = answer;
  if (resource === undefined || (status !== 200 && status !== 206)) {
    return { ...answer, memo: undefined };
  }
  const others = pairs(fields).filter(([name]) => !/^content-disposition$/i.test(name));
  const name = nameOf(resource.identity.path, asked);
  // Fields are ASCII; RFC 6266 §4.3: who knows the other form goes by that one.
  const fallback = name.replace(/[^ -~]/gu, '_');
  const disposition = loadContentDisposition()(name, { fallback });
  return {
    ...answer,
    fields: [...others.flat(), 'Content-Disposition', disposition],
    memo: undefined,
  };
}

/**
 * The name that was asked for, if it has the file's own extension: whoever makes a link must not make a program of a text.
 * No directory is in it, and no character that shows nothing.
 */
function nameOf(path: string, asked: string): string {
  const own = path.slice(path.lastIndexOf('/') + 1);
  const name = asked.slice(Math.max(asked.lastIndexOf('/'), asked.lastIndexOf('\\')) + 1);
  const isPlain = name !== '' && !/[\p{C}\ufffd]/u.test(name) && name.length <= MAX_NAME;
  return isPlain && extname(name).toLowerCase() === extname(own).toLowerCase() ? name : own;
}

/** NAME_MAX of Linux, in characters. */
const MAX_NAME = 255;
