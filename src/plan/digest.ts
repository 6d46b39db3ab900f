// Digests of what is sent: of the representation, unless the client wants none, and of the content where it wants one.
// RFC 9530; SHA-256 is the one algorithm, as it is the ETag's.
import type { FieldList } from '../http/field-list.ts';
import { parseDictionary } from '../http/structured-fields.ts';
import type { Terms } from './policy.ts';
import type { RequestHead } from './request.ts';
import type { Representation } from './types.ts';

/** The value of both fields for bytes with this SHA-256, in base64. §2, §3. */
export function digestOf(hash: string): string {
  return `sha-256=:${hash}:`;
}

/**
 * Repr-Digest of a 200 or 206, where it is known. A 304 leaves it out: it is no field to update a cache by
 * (RFC 9110 §15.4.5), and whoever has the ETag's version has the digest that came with it.
 * Who asks for other algorithms alone gets it too (RFC 9530, appendix C.2); who gives this one no weight does not.
 */
export function reprDigest(
  { fields }: RequestHead,
  { digestFields }: Pick<Representation, 'digestFields'>,
  { digest }: Pick<Terms, 'digest'>,
): FieldList {
  return digest && weightOf(fields['want-repr-digest']) === 0 ? [] : digestFields;
}

/** Content-Digest costs a hash of just these bytes, so it is for those who ask for it. */
export function wantsContentDigest({ fields }: RequestHead, { digest }: Terms): boolean {
  return digest && (weightOf(fields['want-content-digest']) ?? 0) > 0;
}

/** The weight that Want-Repr-Digest or Want-Content-Digest gives to SHA-256; undefined where it says nothing. §4. */
function weightOf(value: string | undefined): number | undefined {
  const wanted = value === undefined ? undefined : parseDictionary(value);
  let weight: number | undefined;
  for (const [algorithm, member] of wanted ?? []) {
    // A value that is none of these makes no sense of the whole field.
    if (member.kind !== 'integer' || member.value < 0 || member.value > 10) return undefined;
    if (algorithm === 'sha-256') weight = member.value;
  }
  return weight;
}
