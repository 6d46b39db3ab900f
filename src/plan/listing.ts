// A directory as a page: HTML for people, JSON for programs, in chunks so that large ones do not hold up the loop.

import type { FieldList } from '../http/field-list.ts';
import { encodeSegment } from '../http/target.ts';
import { digestOf, reprDigest } from './digest.ts';
import { arrange, type Column, type Entries, type Order, unpack } from './listing-order.ts';
import { CONTENT_SECURITY_POLICY, STYLE as LISTING_STYLE, SCRIPT } from './listing-page.ts';
import { memoOfPage } from './memo.ts';
import { prefersJson } from './negotiate.ts';
import { STYLE } from './page-style.ts';
import type { Terms } from './policy.ts';
import type { RequestHead } from './request.ts';
import type { ArchiveFormat, Contents, ListingPage, ResponsePlan } from './types.ts';

/** What can differ between two pages of one directory: eighteen forms, whatever else a query says. */
export interface ListingForm extends Order {
  readonly json: boolean;
  /** With the hashes of files (W3C Subresource Integrity); only in JSON. */
  readonly integrity: boolean;
}

/** SHA-256 of files by name, in base64, as far as they are told. */
export type Hashes = ReadonlyMap<string, string>;

/** What a listing tells beside what is in its directory. */
export interface Extras {
  readonly hashes?: Hashes | undefined;
  /** As what the directory can be had whole. */
  readonly archives?: readonly ArchiveFormat[];
}

/** The format that a query asks for (`?archive=zip`), offered or not; undefined where it asks for the page. */
export function archiveAsked(query: string): string | undefined {
  return query.includes('archive=')
    ? (new URLSearchParams(query).get('archive') ?? undefined)
    : undefined;
}

/** Rows between two chunks: about half a millisecond of work. */
const ROWS_PER_CHUNK = 500;

const COLUMNS: ReadonlyArray<readonly [column: Column, title: string]> = [
  ['name', 'Name'],
  ['size', 'Size'],
  ['time', 'Modified (UTC)'],
];

/** The form that `?sort=name|size|time&order=asc|desc&integrity` asks for; anything else is by name, ascending. */
export function listingForm(request: RequestHead): ListingForm {
  const { target } = request;
  const query = target.includes('?') ? target.slice(target.indexOf('?')) : '';
  const parameters = new URLSearchParams(query);
  const json = prefersJson(request.fields.accept);
  return {
    json,
    integrity: json && parameters.has('integrity'),
    column: COLUMNS.find(([name]) => name === parameters.get('sort'))?.[0] ?? 'name',
    descending: parameters.get('order') === 'desc',
  };
}

/** Answers with a page in the request's form, or that the client has it. */
export function planListing(
  request: RequestHead,
  page: ListingPage,
  isModified: boolean,
  extra: FieldList,
  terms: Terms,
): ResponsePlan<never> {
  const { bytes, etag, hash } = page;
  const fields = [
    ...(etag === undefined ? [] : ['ETag', etag]),
    ...['Cache-Control', 'no-cache', 'Vary', 'Accept'],
    ...terms.common,
    ...extra,
  ];
  const memo = memoOfPage(request, page, isModified, fields, terms);
  if (!isModified) return { status: 304, fields, body: { kind: 'none' }, close: false, memo };
  const described = listingForm(request).json
    ? ['Content-Type', 'application/json']
    : ['Content-Type', 'text/html; charset=utf-8', ...POLICY];
  const digestFields = hash === undefined ? [] : ['Repr-Digest', digestOf(hash)];
  const digest = reprDigest(request, { digestFields }, terms);
  return {
    status: 200,
    fields: [...fields, ...described, ...digest, 'Content-Length', String(bytes.length)],
    body: { kind: 'bytes', bytes },
    close: false,
    memo,
  };
}

const POLICY: FieldList = ['Content-Security-Policy', CONTENT_SECURITY_POLICY];

/**
 * The text of a listing. Yields often (also '' while it unpacks and sorts): for large directories the caller lets the
 * loop run between two chunks. Never throws.
 */
export function* renderListing(
  path: string,
  contents: Contents,
  form: ListingForm,
  { hashes, archives = [] }: Extras = {},
): Generator<string, void> {
  const entries = yield* unpack(contents);
  const order = yield* arrange(entries, contents.sorted, form);
  yield* form.json
    ? renderJson(path, entries, order, { hashes, archives })
    : renderHtml(path, entries, order, form, archives);
}

function* renderJson(
  path: string,
  entries: Entries,
  order: readonly number[],
  { hashes = new Map(), archives = [] }: Extras,
): Generator<string, void> {
  const links = Object.fromEntries(archives.map((format) => [format, `?archive=${format}`]));
  const offered = archives.length === 0 ? '' : `"archives":${JSON.stringify(links)},`;
  yield `{"path":${JSON.stringify(path)},${offered}"entries":[`;
  const rowOf = jsonRow(entries, hashes);
  yield* inChunks(order, (index, at) => (at === 0 ? rowOf(index) : `,\n${rowOf(index)}`));
  yield ']}\n';
}

type Row = (index: number) => string;

function jsonRow({ names, sizes, times }: Entries, hashes: Hashes): Row {
  const momentOf = moments();
  return (index) => {
    const name = names[index] ?? '';
    const size = sizes[index] ?? 0;
    const directory = size < 0;
    const plain = PLAIN.test(name);
    const quoted = plain ? `"${name}"` : JSON.stringify(name);
    const href = plain ? name : encodeSegment(name);
    const at = momentOf(times[index] ?? 0);
    const mtime = at === null ? 'null' : `"${at.day}T${at.minute}:${at.second}.${at.thousandth}Z"`;
    if (directory) {
      return `{"name":${quoted},"type":"directory","href":"${href}/","size":0,"mtime":${mtime}}`;
    }
    const hash = hashes.get(name);
    const integrity = hash === undefined ? '' : `,"integrity":"sha256-${hash}"`;
    return `{"name":${quoted},"type":"file","href":"${href}","size":${size},"mtime":${mtime}${integrity}}`;
  };
}

function htmlRow({ names, sizes, times }: Entries): Row {
  const momentOf = moments();
  return (index) => {
    const name = names[index] ?? '';
    const size = sizes[index] ?? 0;
    const plain = PLAIN.test(name);
    const text = plain ? name : escapeHtml(name);
    // Relative reference: every character that could be a scheme, a query or a quote is percent-encoded.
    const href = plain ? name : encodeSegment(name);
    const slash = size < 0 ? '/' : '';
    const at = momentOf(times[index] ?? 0);
    const time = at === null ? '' : `${at.day} ${at.minute}`;
    return `<tr><td><a href="${href}${slash}">${text}${slash}</a><td>${size < 0 ? '–' : formatSize(size)}<td>${time}\n`;
  };
}

/** Nearly every name: the same in HTML, in JSON and in a URL. */
const PLAIN = /^[\w.~-]+$/;

function* renderHtml(
  path: string,
  entries: Entries,
  order: readonly number[],
  form: ListingForm,
  archives: readonly ArchiveFormat[],
): Generator<string, void> {
  const title = `Index of ${escapeHtml(path)}`;
  const up = path === '/' ? '' : '<tr><td><a href="../">../</a><td><td>\n';
  yield `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${STYLE}</style>
<style>${LISTING_STYLE}</style>
<h1>Index of ${crumbs(path)}</h1>
<main>
<table>
<caption>${countOf(entries)}${archiveLinks(archives)}</caption>
<thead><tr>${COLUMNS.map((column) => headCell(column, form)).join('')}</thead>
<tbody>
${up}`;
  yield* inChunks(order, htmlRow(entries));
  yield `</tbody>
</table>
</main>
<script>${SCRIPT}</script>
</html>
`;
}

function* inChunks(
  order: readonly number[],
  render: (index: number, at: number) => string,
): Generator<string, void> {
  let chunk = '';
  for (let at = 0; at < order.length; at++) {
    if (at > 0 && at % ROWS_PER_CHUNK === 0) {
      yield chunk;
      chunk = '';
    }
    chunk += render(order[at] ?? 0, at);
  }
  yield chunk;
}

/** Ancestors that have a link in the heading: the nearest, and the root. */
const MAX_CRUMBS = 32;

/** The path, each directory above as a relative link: right behind a mount point or a proxy, too. */
function crumbs(path: string): string {
  const names = ['', ...path.split('/').slice(1, -1)];
  return names
    .map((name, depth) => {
      const text = `${escapeHtml(name)}/`;
      const up = names.length - 1 - depth;
      const linked = up > 0 && (depth === 0 || up <= MAX_CRUMBS);
      return linked ? `<a href="${'../'.repeat(up)}">${text}</a>` : text;
    })
    .join('');
}

function countOf({ names }: Entries): string {
  if (names.length === 0) return 'This folder is empty';
  return names.length === 1 ? '1 entry' : `${names.length.toLocaleString('en')} entries`;
}

/** No crawler need follow them. */
function archiveLinks(archives: readonly ArchiveFormat[]): string {
  if (archives.length === 0) return '';
  const links = archives.map(
    (format) => `<a href="?archive=${format}" rel="nofollow" download>${format}</a>`,
  );
  return `, all as ${links.join(' ')}`;
}

/** A link that sorts by this column, and turns the order round where it already does. */
function headCell([column, title]: (typeof COLUMNS)[number], form: ListingForm): string {
  const current = column === form.column;
  const state = form.descending ? 'descending' : 'ascending';
  const next = current && !form.descending ? 'desc' : 'asc';
  const sorted = current ? ` aria-sort="${state}"` : '';
  return `<th scope="col"${sorted}><a href="?sort=${column}&amp;order=${next}">${title}</a>`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Powers of 1024, three significant digits at most: "0 B", "1.4 KiB", "20 MiB". */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(value >= 10 ? 0 : 1)} ${UNITS[unit]}`;
}

/** In UTC: "2026-07-28", "09:05", "59" and "123". */
interface Moment {
  day: string;
  minute: string;
  second: string;
  thousandth: string;
}

const DAY = 86_400_000;

/** "00" to "59", "00:00" to "23:59", and "000" to "999". */
interface Digits {
  readonly seconds: readonly string[];
  readonly minutes: readonly string[];
  readonly thousandths: readonly string[];
}

/** Put together once, for the first listing: they take 3 MiB. */
let digits: Digits | undefined;

function makeDigits(): Digits {
  const padded = (count: number, length: number) =>
    Array.from({ length: count }, (_, n) => String(n).padStart(length, '0'));
  const seconds = padded(60, 2);
  const minutes = Array.from({ length: 24 * 60 }, (_, n) => {
    return `${seconds[Math.floor(n / 60)]}:${seconds[n % 60]}`;
  });
  return { seconds, minutes, thousandths: padded(1000, 3) };
}

/**
 * One after the other, in one object that the next call changes; null where the time is none that a Date can hold. Most
 * are of the same day, and Date.toISOString() would be the dearest part of a row.
 */
function moments(): (ms: number) => Moment | null {
  digits ??= makeDigits();
  const { seconds, minutes, thousandths } = digits;
  const moment: Moment = { day: '', minute: '', second: '', thousandth: '' };
  let day = Number.NaN;
  return (ms) => {
    if (!(Math.abs(ms) <= 100_000_000 * DAY)) return null;
    const whole = Math.trunc(ms);
    const of = Math.floor(whole / DAY);
    if (of !== day) {
      day = of;
      moment.day = new Date(of * DAY).toISOString().slice(0, -'T00:00:00.000Z'.length);
    }
    const rest = whole - of * DAY;
    moment.minute = minutes[Math.floor(rest / 60_000)] ?? '';
    moment.second = seconds[Math.floor(rest / 1000) % 60] ?? '';
    moment.thousandth = thousandths[rest % 1000] ?? '';
    return moment;
  };
}
