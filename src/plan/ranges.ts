// Range requests: read the field, then resolve it against a size. RFC 9110 §14.1 and §14.2.
import type { Span } from './types.ts';

/** Positions as asked, first and last inclusive as in the text; an open end is MAX_SAFE_INTEGER. */
export type RangeSpec =
  | { readonly first: number; readonly last: number }
  | { readonly suffix: number };

export type Ranges =
  /** No range applies: answer with the whole representation, 200. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'unsatisfiable' }
  /** At least one; none empty, none touching another. */
  | { readonly kind: 'spans'; readonly spans: readonly Span[] };

const WHOLE: Ranges = { kind: 'whole' };
const UNSATISFIABLE: Ranges = { kind: 'unsatisfiable' };

/**
 * Reads a Range field. Undefined where the unit is not bytes or any part is invalid: the field is then
 * ignored, as §14.2 allows and every browser expects.
 */
export function parseRange(value: string): readonly RangeSpec[] | undefined {
  // Range units are case-insensitive (§14.1).
  const set = /^bytes=(.*)$/i.exec(value)?.[1];
  if (set === undefined) return undefined;
  const specs: RangeSpec[] = [];
  for (const element of set.split(',')) {
    // §5.6.1.2: empty list elements are accepted, and do not count.
    if (/^[ \t]*$/.test(element)) continue;
    const spec = parseSpec(element);
    if (spec === undefined) return undefined;
    specs.push(spec);
  }
  return specs.length === 0 ? undefined : specs;
}

/** §14.1.2: int-range or suffix-range. */
function parseSpec(element: string): RangeSpec | undefined {
  const match = /^[ \t]*(\d*)-(\d*)[ \t]*$/.exec(element);
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '') return last === '' ? undefined : { suffix: toPosition(last) };
  const spec = {
    first: toPosition(first),
    last: last === '' ? Number.MAX_SAFE_INTEGER : toPosition(last),
  };
  return spec.last < spec.first ? undefined : spec;
}

/** No file is larger than MAX_SAFE_INTEGER, so larger positions all mean the same. */
function toPosition(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/**
 * Resolves a Range field against a representation of `size` bytes. More than `maxRanges` (as asked,
 * like nginx's max_ranges) get the whole. Spans that overlap or touch become one, at the place of the
 * first; the others keep the order in which they were asked for (§15.3.7.2).
 */
export function resolveRanges(value: string, size: number, maxRanges: number): Ranges {
  // An empty representation has no first byte, so no Content-Range could describe what is sent.
  if (size === 0) return WHOLE;
  const specs = parseRange(value);
  if (specs === undefined || specs.length > maxRanges) return WHOLE;
  const spans: Span[] = [];
  for (const spec of specs) {
    const span = resolveSpec(spec, size);
    if (span !== undefined) spans.push(span);
  }
  return spans.length === 0 ? UNSATISFIABLE : { kind: 'spans', spans: coalesce(spans) };
}

function resolveSpec(spec: RangeSpec, size: number): Span | undefined {
  if ('suffix' in spec) {
    return spec.suffix === 0 ? undefined : { start: Math.max(0, size - spec.suffix), end: size };
  }
  return spec.first >= size
    ? undefined
    : { start: spec.first, end: Math.min(spec.last, size - 1) + 1 };
}

function coalesce(spans: readonly Span[]): readonly Span[] {
  const sorted = spans
    .map(({ start, end }, asked) => ({ start, end, asked }))
    .sort((a, b) => a.start - b.start);
  const merged: typeof sorted = [];
  for (const span of sorted) {
    const last = merged.at(-1);
    if (last === undefined || span.start > last.end) {
      merged.push(span);
      continue;
    }
    last.end = Math.max(last.end, span.end);
    last.asked = Math.min(last.asked, span.asked);
  }
  return merged.sort((a, b) => a.asked - b.asked).map(({ start, end }) => ({ start, end }));
}
