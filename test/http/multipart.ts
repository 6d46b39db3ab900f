// Reads a multipart/byteranges body strictly. RFC 9110 §14.6, RFC 2046 §5.1.
import type { Answer } from '../support/client.ts';

export interface RangePart {
  /** Inclusive, as in the text. */
  readonly first: number;
  readonly last: number;
  readonly size: number;
  readonly type: string | undefined;
  readonly bytes: Buffer;
}

/** Throws where the body is not what its Content-Type and its part heads say. */
export function readMultipart(answer: Answer): RangePart[] {
  const type = answer.field('content-type') ?? '';
  const boundary = /^multipart\/byteranges; ?boundary=("?)([\w'()+,\-./:=? ]{1,70})\1$/.exec(
    type,
  )?.[2];
  if (boundary === undefined) throw new Error(`no boundary in ${type}`);
  const parts: RangePart[] = [];
  let at = 0;
  const take = (expected: string) => {
    const got = answer.body.toString('latin1', at, at + expected.length);
    if (got !== expected)
      throw new Error(`${JSON.stringify(got)} at ${at}, not ${JSON.stringify(expected)}`);
    at += expected.length;
  };
  const opening = `--${boundary}`;
  if (!answer.body.toString('latin1', 0, opening.length).startsWith('--')) take('\r\n');
  for (;;) {
    take(opening);
    if (answer.body.toString('latin1', at, at + 2) === '--') {
      take('--');
      if (at !== answer.body.length) take('\r\n');
      return parts;
    }
    take('\r\n');
    const end = answer.body.indexOf('\r\n\r\n', at);
    const head = answer.body.toString('latin1', at, end);
    const [, first, last, size] = /^content-range: bytes (\d+)-(\d+)\/(\d+)$/im.exec(head) ?? [];
    if (size === undefined) throw new Error(`no Content-Range in ${JSON.stringify(head)}`);
    at = end + 4;
    const length = Number(last) - Number(first) + 1;
    parts.push({
      first: Number(first),
      last: Number(last),
      size: Number(size),
      type: /^content-type: (.*)$/im.exec(head)?.[1],
      bytes: answer.body.subarray(at, at + length),
    });
    at += length;
    take('\r\n');
  }
}
