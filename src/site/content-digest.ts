// Content-Digest of an answer whose client wants it: hashed for it alone, unless the whole is sent, whose hash is known.
// RFC 9530 §2.
import type { FileEntry } from '../files/entry.ts';
import type { FileTable } from '../files/table.ts';
import { pairs } from '../http/field-list.ts';
import { loadCrypto } from '../packages/packages.ts';
import { digestOf } from '../plan/digest.ts';
import type { Body, Span } from '../plan/types.ts';
import type { Answer } from './answer.ts';

/** Longest content, bytes, that is read and hashed before it is sent: 2 ms. What is longer goes without. */
const MAX_CONTENT = 1024 * 1024;

/** Answers that are hashed at a time: what comes beyond them goes without, so that nobody else waits for it. */
const MAX_HASHING = 8;

/** An answer with it, or as it is where there is no content, or too much. Never rejects. */
export type AddDigest = (answer: Answer) => Promise<Answer>;

export function contentDigests(table: Pick<FileTable, 'hash'>): AddDigest {
  let hashing = 0;

  async function hashOf({ body, resource }: Answer): Promise<string | undefined> {
    if (body.kind === 'none' || body.kind === 'feed') return undefined;
    if (lengthOf(body) > MAX_CONTENT || hashing >= MAX_HASHING) return undefined;
    if (body.kind === 'bytes') {
      return loadCrypto().createHash('sha256').update(body.bytes).digest('base64');
    }
    hashing++;
    try {
      return await table.hash(body.file, piecesOf(body), resource?.identity);
    } finally {
      hashing--;
    }
  }

  async function digestFor(answer: Answer): Promise<string | undefined> {
    const { status, fields, body } = answer;
    const whole = pairs(fields).find(([name]) => name === 'Repr-Digest');
    if (body.kind !== 'none' && status !== 206 && whole !== undefined) return whole[1];
    const hash = await hashOf(answer);
    return hash === undefined ? undefined : digestOf(hash);
  }

  return async (answer) => {
    const digest = await digestFor(answer);
    if (digest === undefined) return answer;
    return { ...answer, fields: [...answer.fields, 'Content-Digest', digest] };
  };
}

type FileBody = Exclude<Body<FileEntry>, { readonly kind: 'none' | 'bytes' | 'feed' }>;

function piecesOf(body: FileBody): ReadonlyArray<string | Span> {
  if (body.kind !== 'parts') return [body.span];
  return [...body.parts.flatMap(({ head, span }) => [head, span]), body.tail];
}

function lengthOf(body: Exclude<Body<FileEntry>, { readonly kind: 'none' | 'feed' }>): number {
  if (body.kind === 'bytes') return body.bytes.length;
  return piecesOf(body).reduce(
    (sum, piece) => sum + (typeof piece === 'string' ? piece.length : piece.end - piece.start),
    0,
  );
}
