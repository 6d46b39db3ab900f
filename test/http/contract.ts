// What holds for every answer, whatever was asked: RFC 9110 and RFC 9112.

import { parseHttpDate } from '../../src/http/date.ts';
import { reasonPhrase } from '../../src/http/phrases.ts';
import type { Answer } from '../support/client.ts';

/** Fields that no answer has twice (RFC 9110 §5.3: they are no lists, or one line of ours says all). */
const SINGLE = [
  ...[
    'accept-ranges',
    'allow',
    'cache-control',
    'connection',
    'content-encoding',
    'content-length',
  ],
  ...['content-range', 'content-type', 'date', 'etag', 'last-modified', 'location'],
];

/** Fields that tell strangers about the software or frame the body in a way that we never use. */
const NEVER = ['server', 'x-powered-by', 'uwebsockets', 'transfer-encoding', 'trailer'];

/** What is wrong with an answer by itself, one phrase each. */
export function violations(answer: Answer, method: string): string[] {
  const { status, field } = answer;
  const found: string[] = [];
  const must = (holds: boolean, phrase: string) => {
    if (!holds) found.push(phrase);
  };
  for (const name of SINGLE) must(count(answer, name) <= 1, `${name} twice`);
  for (const name of NEVER) must(count(answer, name) === 0, `a ${name} field`);
  if (answer.version === 'HTTP/2') {
    // RFC 9113 §8.2.2, §8.3.2: no phrase, and nothing of the connection.
    for (const name of ['connection', 'keep-alive']) must(count(answer, name) === 0, name);
  } else {
    must(answer.version === 'HTTP/1.1', 'version');
    must(status < 200 || answer.reason === reasonPhrase(status), `reason phrase ${answer.reason}`);
  }
  if (status < 200) return found;

  // §6.6.1
  const date = parseHttpDate(field('date') ?? '');
  must(date !== undefined, 'no Date');
  // §8.8.2.1
  const modified = field('last-modified');
  const modifiedAt = modified === undefined ? undefined : parseHttpDate(modified);
  must(modified === undefined || modifiedAt !== undefined, 'Last-Modified is no date');
  must(modifiedAt === undefined || date === undefined || modifiedAt <= date, 'modified after Date');
  // §8.8.3; ours are strong
  must(/^"[\x21\x23-\x7e]+"$/.test(field('etag') ?? '"-"'), `ETag ${field('etag')}`);

  // §8.6: none in 204; a 304 may only repeat the 200's.
  const length = field('content-length');
  if (status === 204 || status === 304) {
    must(length === undefined, `Content-Length in ${status}`);
    must(field('content-type') === undefined, `Content-Type in ${status}`);
  } else {
    must(/^(?:0|[1-9]\d*)$/.test(length ?? ''), `Content-Length ${length}`);
  }
  // §15.3.7, §15.5.17
  const range = field('content-range');
  switch (status) {
    case 206: {
      const multipart = /^multipart\/byteranges;/.test(field('content-type') ?? '');
      must((range === undefined) === multipart, 'Content-Range, or else multipart');
      const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range ?? '') ?? [];
      if (range === undefined) break;
      must(Number(last) < Number(size) && Number(first) <= Number(last), `Content-Range ${range}`);
      must(Number(last) - Number(first) + 1 === Number(length), 'Content-Range and Content-Length');
      break;
    }
    case 416:
      must(/^bytes \*\/\d+$/.test(range ?? ''), `Content-Range ${range}`);
      break;
    default:
      must(range === undefined, `Content-Range in ${status}`);
  }
  must(status !== 405 || field('allow') !== undefined, '405 without Allow');
  must(
    [301, 302, 303, 307, 308].includes(status) === (field('location') !== undefined),
    'Location',
  );
  must(method !== 'HEAD' || answer.body.length === 0, 'a body after HEAD');
  return found;
}

function count({ lines }: Answer, name: string): number {
  return lines.filter(([each]) => each.toLowerCase() === name).length;
}
