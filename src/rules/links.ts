// Links in response fields: those that a client may follow before it has the answer. RFC 8288, RFC 8297.
import { type FieldList, pairs } from '../http/field-list.ts';

/** A link-value (RFC 8288 §3): commas stand between them, and inside of URIs and quoted strings. */
const LINK = /<[^<>]*>[^,"]*(?:"(?:[^"\\]|\\.)*"[^,"]*)*/g;
const REL = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i;

/** What the HTML standard lets an early hint be. */
const EARLY: ReadonlySet<string> = new Set(['preload', 'modulepreload', 'preconnect']);

/** Link with those links of the fields, in their order; undefined where there are none. */
export function earlyLinks(fields: FieldList): FieldList | undefined {
  const links = pairs(fields)
    .filter(([name]) => name.toLowerCase() === 'link')
    .flatMap(([, value]) => value.match(LINK) ?? [])
    .filter(isEarly);
  return links.length === 0 ? undefined : ['Link', links.map((link) => link.trim()).join(', ')];
}

/** §3.3: of several rel parameters the first counts; one may name several relations. */
function isEarly(link: string): boolean {
  const [, quoted, token = ''] = REL.exec(link) ?? [];
  return (quoted ?? token).split(/\s+/).some((name) => EARLY.has(name.toLowerCase()));
}
