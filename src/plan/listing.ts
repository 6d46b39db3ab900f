// A directory as a page: HTML for people, JSON for programs, in chunks so that large ones do not hold up the loop.
import type { RequestHead } from '../request.ts';
import { CONTENT_SECURITY_POLICY, SCRIPT, STYLE } from './listing-page.ts';
import { prefersJson } from './negotiate.ts';
import { encodeSegment } from './target.ts';
import type { FieldList, ListingEntry, Resolution, ResponsePlan } from './types.ts';

export type Listing = Extract<Resolution<never>, { readonly kind: 'listing' }>;

type Column = 'name' | 'size' | 'time';

export interface ListingOrder {
  readonly column: Column;
  readonly descending: boolean;
}

/** Rows between two chunks: about a millisecond of work. */
const ROWS_PER_CHUNK = 500;

const COLUMNS: ReadonlyArray<readonly [column: Column, title: string, className: string]> = [
  ['name', 'Name', ''],
  ['size', 'Size', ' class="n"'],
  ['time', 'Modified (UTC)', ' class="n t"'],
];

/** Answers with the listing: `listing.rendered` if there is one, else rendered now. */
export function planListing(
  request: RequestHead,
  listing: Listing,
  common: FieldList,
): ResponsePlan<never> {
  const json = prefersJson(request.fields.accept);
  const bytes =
    listing.rendered ?? new TextEncoder().encode([...renderListing(request, listing)].join(''));
  const fields = [
    'Content-Type',
    json ? 'application/json' : 'text/html; charset=utf-8',
    'Content-Length',
    String(bytes.length),
    // A directory's time does not change with its files', so there is no validator to offer.
    'Cache-Control',
    'no-cache',
    'Vary',
    'Accept',
    ...common,
  ];
  if (!json) fields.push('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  return { status: 200, fields, body: { kind: 'bytes', bytes }, close: false, memo: undefined };
}

/**
 * The text of a listing, in the form and order that the request asks for. Yields often (also '' while
 * sorting): for large directories the caller lets the loop run between two chunks, encodes what it has
 * gathered and passes it as `rendered`. Never throws.
 */
export function* renderListing(request: RequestHead, listing: Listing): Generator<string, void> {
  const order = parseOrder(request.target);
  const entries = yield* sort(listing.entries, comparator(order));
  yield* prefersJson(request.fields.accept)
    ? renderJson(listing.path, entries)
    : renderHtml(listing.path, entries, order);
}

/** `?sort=name|size|time&order=asc|desc`; anything else is by name, ascending. */
export function parseOrder(target: string): ListingOrder {
  const query = target.includes('?') ? target.slice(target.indexOf('?')) : '';
  const parameters = new URLSearchParams(query);
  const column = COLUMNS.find(([name]) => name === parameters.get('sort'))?.[0] ?? 'name';
  return { column, descending: parameters.get('order') === 'desc' };
}

/** Directories first, whatever the order; names by code unit, the same on every machine. */
function comparator({ column, descending }: ListingOrder): Compare {
  const sign = descending ? -1 : 1;
  const byName: Compare = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  return (a, b) => {
    if (a.directory !== b.directory) return a.directory ? -1 : 1;
    if (column === 'size' && a.size !== b.size) return sign * (a.size - b.size);
    if (column === 'time' && a.mtimeMs !== b.mtimeMs) return sign * (a.mtimeMs - b.mtimeMs);
    return (column === 'name' ? sign : 1) * byName(a, b);
  };
}

type Compare = (a: ListingEntry, b: ListingEntry) => number;

/** Merge sort from below that yields between blocks: Array.prototype.sort cannot stop for other work. */
function* sort(
  entries: readonly ListingEntry[],
  compare: Compare,
): Generator<string, readonly ListingEntry[]> {
  let runs: ListingEntry[][] = [];
  for (let at = 0; at < entries.length; at += ROWS_PER_CHUNK) {
    runs.push(entries.slice(at, at + ROWS_PER_CHUNK).sort(compare));
    yield '';
  }
  while (runs.length > 1) {
    const merged: ListingEntry[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge(
  left: readonly ListingEntry[],
  right: readonly ListingEntry[],
  compare: Compare,
): Generator<string, ListingEntry[]> {
  const merged: ListingEntry[] = [];
  let l = 0;
  let r = 0;
  for (;;) {
    const a = left[l];
    const b = right[r];
    if (a === undefined && b === undefined) return merged;
    if (b === undefined || (a !== undefined && compare(a, b) <= 0)) {
      if (a !== undefined) merged.push(a);
      l++;
    } else {
      merged.push(b);
      r++;
    }
    if (merged.length % ROWS_PER_CHUNK === 0) yield '';
  }
}

function* renderJson(path: string, entries: readonly ListingEntry[]): Generator<string, void> {
  yield `{"path":${JSON.stringify(path)},"entries":[`;
  yield* inChunks(entries, (entry, index) => {
    const { name, directory, size } = entry;
    const mtime = isoDate(entry.mtimeMs);
    const type = directory ? 'directory' : 'file';
    const row = JSON.stringify({ name, type, href: hrefOf(entry), size, mtime });
    return index === 0 ? row : `,\n${row}`;
  });
  yield ']}\n';
}

function* renderHtml(
  path: string,
  entries: readonly ListingEntry[],
  order: ListingOrder,
): Generator<string, void> {
  const title = `Index of ${escapeHtml(path)}`;
  const up = path === '/' ? '' : '<tr><td><a href="../">../</a><td class="n"><td class="n t">\n';
  yield `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${STYLE}</style>
<h1>${title}</h1>
<table>
<thead><tr>${COLUMNS.map((column) => headCell(column, order)).join('')}</thead>
<tbody>
${up}`;
  yield* inChunks(entries, row);
  yield `</tbody>
</table>
<script>${SCRIPT}</script>
</html>
`;
}

function* inChunks(
  entries: readonly ListingEntry[],
  render: (entry: ListingEntry, index: number) => string,
): Generator<string, void> {
  let chunk = '';
  for (const [index, entry] of entries.entries()) {
    chunk += render(entry, index);
    if ((index + 1) % ROWS_PER_CHUNK !== 0) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

/** A link that sorts by this column, and turns the order round where it already does. */
function headCell(
  [column, title, className]: (typeof COLUMNS)[number],
  order: ListingOrder,
): string {
  const current = column === order.column;
  const state = order.descending ? 'descending' : 'ascending';
  const next = current && !order.descending ? 'desc' : 'asc';
  const sorted = current ? ` aria-sort="${state}"` : '';
  return `<th scope="col"${className}${sorted}><a href="?sort=${column}&amp;order=${next}">${title}</a>`;
}

function row(entry: ListingEntry): string {
  const name = escapeHtml(entry.directory ? `${entry.name}/` : entry.name);
  const size = entry.directory ? '–' : formatSize(entry.size);
  const date = isoDate(entry.mtimeMs);
  const time =
    date === null ? '' : `<time datetime="${date}">${date.slice(0, 16).replace('T', ' ')}</time>`;
  return `<tr><td><a href="${hrefOf(entry)}">${name}</a><td class="n">${size}<td class="n t">${time}\n`;
}

/** Relative reference: every character that could be a scheme, a query or a quote is percent-encoded. */
function hrefOf({ name, directory }: ListingEntry): string {
  return directory ? `${encodeSegment(name)}/` : encodeSegment(name);
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Powers of 1024, three significant digits at most: "0 B", "1.4 KiB", "20 MiB". */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** ISO 8601 in UTC; null where the time is none that a Date can hold. */
function isoDate(ms: number): string | null {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
}
