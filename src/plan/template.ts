// The answer of any file that is asked for plainly, but for what only the file tells: what a carrier fills in by itself.
import type { FieldList } from '../http/field-list.ts';
import { judgedOf } from './memo.ts';
import type { Terms } from './policy.ts';
import { PAGE_LOAD, type RequestField } from './request.ts';
import { timing } from './span.ts';
import { chooseStrategy } from './strategy.ts';
import type { Choice, Representation } from './types.ts';

/** Stand in field values for the entity-tag and the date of a file: no value holds a control character (RFC 9110 §5.5). */
export const ETAG_PLACE = '\x01';
export const LAST_MODIFIED_PLACE = '\x02';

/** How files of this many bytes, and more up to the next step, are sent. */
export interface Step extends Choice {
  readonly from: number;
  /** What follows Content-Length. */
  readonly fields: FieldList;
}

export interface Cached extends Choice {
  readonly max: number;
  /** What follows Content-Length. */
  readonly fields: FieldList;
}

/** Of the 200 and the 304 of a GET or HEAD of a file with one form, whose fields are these but for the places. */
export interface Template {
  /** Of the 200, before Content-Length. */
  readonly fields: FieldList;
  readonly notModified: FieldList;
  /** The first from 0, ascending. */
  readonly steps: readonly Step[];
  /** How files in memory are sent, the largest of which have `max` bytes; undefined where they are not. */
  readonly cached: Cached | undefined;
  /** Request fields with a say: what they ask is judged by the plan, but for the two conditions of a cache. */
  readonly judged: readonly RequestField[];
}

/** `fields`, `contentFields` and `early` as of `Representation`. */
export function templateOf(
  { fields, contentFields, early }: Pick<Representation, 'fields' | 'contentFields' | 'early'>,
  terms: Terms,
): Template {
  const { mmapMax, sendfileMin } = terms.limits;
  const sizes = [...new Set([0, mmapMax + 1, sendfileMin])].sort((a, b) => a - b);
  const steps = sizes.map((from) => {
    const choice = chooseStrategy(coldFile(from), from, terms);
    return { from, ...choice, fields: timing(choice, terms) };
  });
  const resource = { identity: coldFile(0), variants: [] };
  return {
    fields: [...fields, ...contentFields],
    notModified: fields,
    steps,
    cached: cachedOf(terms),
    judged: judgedOf(early === undefined ? [] : PAGE_LOAD, resource, terms),
  };
}

function cachedOf(terms: Terms): Cached | undefined {
  const max = terms.limits.mmapMax;
  const choice = chooseStrategy({ ...coldFile(max), cached: true }, max, terms);
  return choice.strategy === 'mmap' ? { max, ...choice, fields: timing(choice, terms) } : undefined;
}

/** One that nobody has asked for yet, on a file system that can be trusted. */
function coldFile(size: number): Representation {
  return {
    path: '',
    coding: 'identity',
    size,
    mtimeMs: 0,
    etag: undefined,
    lastModified: undefined,
    fields: [],
    contentFields: [],
    digestFields: [],
    cached: false,
    uses: 0,
    trusted: true,
    refused: false,
  };
}
