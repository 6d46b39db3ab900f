// Response fields: those of a representation, computed once per file version, and the range of a span.
import { formatHttpDate } from '../http/date.ts';
import { pairs } from '../http/field-list.ts';
import { isHtml, type Rules } from '../rules/fields.ts';
import { earlyLinks } from '../rules/links.ts';
import { digestOf } from './digest.ts';
import type { Coding, Representation, Span } from './types.ts';

export interface RepresentationInput {
  /** Root-relative path of the resource (of the identity, also for its precompressed siblings). */
  readonly path: string;
  /** Does its build say that its name is the hash of its content? */
  readonly built: boolean;
  /** Media type with its charset. */
  readonly contentType: string;
  /** Of the representation among those of its resource. */
  readonly coding: Coding;
  /** Of the file itself where it has no coding among others: gzip for `app.js.gz` asked for by its name. */
  readonly encoding: Coding;
  /** Strong entity-tag with its quotes, or undefined where ETags are off. */
  readonly etag: string | undefined;
  /** From `lastModifiedOf`, or undefined where it is off. */
  readonly lastModified: string | undefined;
  /** Has the resource more than one coding? Only then does the answer vary (RFC 9110 §12.5.5). */
  readonly varies: boolean;
  /** Has it one by a dictionary, too? RFC 9842 §6.2 */
  readonly variesByDictionary: boolean;
  readonly acceptRanges: 'bytes' | 'none' | undefined;
  /** SHA-256 of its bytes in base64, or undefined where digests are off, or not yet known. */
  readonly hash: string | undefined;
  /** Of a page of a build: Link. A rule of the operator's for that field stands in its place. */
  readonly link?: string | undefined;
  /** Do links of pages go ahead of them? */
  readonly earlyHints?: boolean | undefined;
}

/**
 * The lists of `Representation`: what a 304 repeats (RFC 9110 §15.4.5), what describes content, the digest, and what may go
 * ahead.
 */
export function representationFields(
  input: RepresentationInput,
  rules: Rules,
): Pick<Representation, 'fields' | 'contentFields' | 'digestFields' | 'early'> {
  const own: string[] = [];
  if (input.acceptRanges !== undefined) own.push('Accept-Ranges', input.acceptRanges);
  if (input.etag !== undefined) own.push('ETag', input.etag);
  if (input.lastModified !== undefined) own.push('Last-Modified', input.lastModified);
  const cacheControl = rules.cacheControl(input.path, input.contentType, input.built);
  if (cacheControl !== undefined) own.push('Cache-Control', cacheControl);
  const cdn = rules.cdnCacheControl(cacheControl);
  if (cdn !== undefined) own.push('CDN-Cache-Control', cdn);
  if (input.link !== undefined) own.push('Link', input.link);

  const dictionary = rules.useAsDictionary(input.path, input.contentType, input.built);
  if (dictionary !== undefined) own.push('Use-As-Dictionary', dictionary);
  if (input.hash !== undefined) own.push('Repr-Digest', digestOf(input.hash));

  const described: string[] = ['Content-Type', input.contentType];
  if (input.encoding !== 'identity') described.push('Content-Encoding', input.encoding);
  const all = rules.apply(input.path, [...rules.common, ...own, ...described]);

  const fields: string[] = [];
  const contentFields: string[] = [];
  const digestFields: string[] = [];
  const codings: string[] = [];
  const listOf = (name: string) => {
    if (input.hash !== undefined && /^repr-digest$/i.test(name)) return digestFields;
    return describesContent(name) ? contentFields : fields;
  };
  for (const [name, value] of pairs(all)) {
    if (isContentEncoding(name)) codings.push(value);
    else listOf(name).push(name, value);
  }
  if (input.varies) fields.push('Vary', 'Accept-Encoding');
  if (input.variesByDictionary) fields.push('Vary', 'Available-Dictionary');
  if (input.coding !== 'identity') codings.push(input.coding);
  // §8.4: in the order in which they were applied; a sibling is made of a file that a rule may say to be encoded.
  if (codings.length > 0) contentFields.push('Content-Encoding', codings.join(', '));
  const goesAhead = input.earlyHints === true && isHtml(input.contentType);
  const early = goesAhead ? earlyLinks(fields) : undefined;
  return { fields, contentFields, digestFields, early };
}

function isContentEncoding(name: string): boolean {
  return /^content-encoding$/i.test(name);
}

/** Representation metadata that a 304 leaves out (RFC 9110 §15.4.5): it would only repeat the cache's. */
function describesContent(name: string): boolean {
  return /^content-(?:type|language|disposition)$/i.test(name);
}

/** Times up to here are what reproducible builds write instead of one (Nix: 1, others: 0). */
const NO_TIME_MS = 1000;

/**
 * Last-Modified of a file opened at `nowMs`. A time in the future is no date that may be sent
 * (RFC 9110 §8.8.2.1). One at the epoch, or before it, says nothing of when the file was written: every
 * build has it, and If-Modified-Since would be told that none of them is new.
 */
export function lastModifiedOf(mtimeMs: number, nowMs: number): string | undefined {
  return mtimeMs > NO_TIME_MS && mtimeMs <= nowMs ? formatHttpDate(mtimeMs) : undefined;
}

/** RFC 9110 §14.4; inclusive positions, as everywhere in text. */
export function contentRange(span: Span, complete: number | undefined): string {
  return `bytes ${span.start}-${span.end - 1}/${complete ?? '*'}`;
}
