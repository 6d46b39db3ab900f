// The head of a response of node:http, beside what a host's other handlers have set.
import type { ServerResponse } from 'node:http';
import { type FieldList, pairs } from '../../http/field-list.ts';
import { isWithoutContent } from '../../plan/page.ts';
import { http } from './builtin.ts';
import { isWrapped } from './wrapped.ts';

/** What others have said of the content does not hold for a page of ours, nor where there is none (a 304). */
const OF_CONTENT = [
  'content-type',
  'content-length',
  'content-range',
  'content-encoding',
  'content-language',
  'content-disposition',
];

/** Fields that say how the body is framed and coded: nobody's earlier setting may contradict the plan's. */
const STRUCTURE = new Set(['content-length', 'content-range', 'content-encoding']);

/** The same of a page of ours, which knows what it loads. */
const OF_PAGE = new Set([...STRUCTURE, 'content-security-policy', 'x-content-type-options']);

/**
 * Writes the head, then the body by `send`. `isOurs`: a page of the server, not a resource. Where either throws before the
 * head has gone, what was set is taken back.
 */
export function withHead(
  status: number,
  fields: FieldList,
  isOurs: boolean,
  res: ServerResponse,
  send: () => void,
): void {
  if (isOurs || isWithoutContent(status)) for (const name of OF_CONTENT) res.removeHeader(name);
  const before = res.getHeaderNames();
  const { statusCode } = res;
  try {
    writeHead(status, fields, before, isOurs ? OF_PAGE : STRUCTURE, res);
    send();
  } catch (error) {
    if (!res.headersSent) {
      withdraw(fields, before, res);
      res.statusCode = statusCode;
    }
    throw error;
  }
}

/**
 * Writes the head in node's flat form, which costs least. Where others have set fields before
 * (middleware) or watch the head (`on-headers`), fields go in one by one: theirs stay but for those that the
 * plan has `decided`, Vary is joined.
 * Whoever wraps the body decides on its length when it sees the first or the last of it, so the head is left
 * to be written then.
 */
function writeHead(
  status: number,
  fields: FieldList,
  before: readonly string[],
  decided: ReadonlySet<string>,
  res: ServerResponse,
): void {
  const wrapped = isWrapped(res);
  if (
    before.length === 0 &&
    !wrapped &&
    res.writeHead === http.ServerResponse.prototype.writeHead
  ) {
    res.writeHead(status, fields as string[]);
    return;
  }
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    const key = name.toLowerCase();
    if (!before.includes(key)) res.appendHeader(name, value);
    else if (decided.has(key)) res.setHeader(name, value);
    else if (key === 'vary') res.setHeader(name, joinVary(String(res.getHeader(name)), value));
  }
  res.statusCode = status;
  if (!wrapped) res.writeHead(status);
}

/** What the host answers instead of a plan has no business with the plan's fields. */
function withdraw(fields: FieldList, before: readonly string[], res: ServerResponse): void {
  for (const [name] of pairs(fields)) {
    if (!before.includes(name.toLowerCase())) res.removeHeader(name);
  }
}

/** RFC 9110 §12.5.5: a list of field names, or `*`. */
function joinVary(theirs: string, ours: string): string {
  const names = theirs.split(',').map((name) => name.trim().toLowerCase());
  const missing = ours.split(',').filter((name) => !names.includes(name.trim().toLowerCase()));
  if (names.includes('*') || missing.length === 0) return theirs;
  return `${theirs}, ${missing.join(',').trim()}`;
}
