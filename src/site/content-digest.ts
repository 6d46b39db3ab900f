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

/** The answer with it; as it is where there is no content, or too much of it. Never rejects. */
export async function withContentDigest(
  answer: Answer,
  table: Pick<FileTable, 'hash'>,
): Promise<Answer> {
  const digest = await contentDigest(answer, table);
  if (digest === undefined) return answer;
  return { ...answer, fields: [...answer.fields, 'Content-Digest', digest] };
}

async function contentDigest(
  { status, fields, body, resource }: Answer,
  table: Pick<FileTable, 'hash'>,
): Promise<string | undefined> {
  if (body.kind === 'none') return undefined;
  const whole = pairs(fields).find(([name]) => name === 'Repr-Digest');
  if (status !== 206 && whole !== undefined) return whole[1];
  if (lengthOf(body) > MAX_CONTENT) return undefined;
  const hash =
    body.kind === 'bytes'
      ? loadCrypto().createHash('sha256').update(body.bytes).digest('base64')
      : await table.hash(body.file, piecesOf(body), resource?.identity);
  return hash === undefined ? undefined : digestOf(hash);
}

type FileBody = Exclude<Body<FileEntry>, { readonly kind: 'none' | 'bytes' }>;

function piecesOf(body: FileBody): ReadonlyArray<string | Span> {
  if (body.kind !== 'parts') return [body.span];
  return [...body.parts.flatMap(({ head, span }) => [head, span]), body.tail];
}

function lengthOf(body: Exclude<Body<FileEntry>, { readonly kind: 'none' }>): number {
  if (body.kind === 'bytes') return body.bytes.length;
  return piecesOf(body).reduce(
    (sum, piece) => sum + (typeof piece === 'string' ? piece.length : piece.end - piece.start),
    0,
  );
}
