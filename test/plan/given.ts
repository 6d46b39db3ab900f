// Values that plan tests start from: a file, its resource, a policy, a request; and how they look at answers.

import type { FieldList } from '../../src/http/field-list.ts';
import { plan } from '../../src/plan/plan.ts';
import type { Terms } from '../../src/plan/policy.ts';
import type { RequestFields, RequestHead } from '../../src/plan/request.ts';
import type { ListingPage, Plannable, Representation, ResponsePlan } from '../../src/plan/types.ts';

/** When requests come: long after the files were written. */
export const NOW = Date.UTC(2026, 0, 1);

export const ETAG = '"3e8-v1"';
export const LAST_MODIFIED = 'Sun, 06 Nov 1994 08:49:37 GMT';

export function file(over: Partial<Representation> = {}): Representation {
  return {
    path: 'page.html',
    coding: 'identity',
    size: 1000,
    mtimeMs: 784_111_777_000,
    etag: ETAG,
    lastModified: LAST_MODIFIED,
    fields: [
      ...['ETag', ETAG, 'Last-Modified', LAST_MODIFIED],
      ...['Cache-Control', 'max-age=60', 'Accept-Ranges', 'bytes'],
    ],
    contentFields: ['Content-Type', 'text/html; charset=utf-8'],
    digestFields: [],
    cached: false,
    uses: 1,
    trusted: true,
    refused: false,
    ...over,
  };
}

/** The precompressed sibling of `file()`. */
export function variant(over: Partial<Representation> & Pick<Representation, 'coding'>) {
  const etag = `"v1-${over.coding}"`;
  return file({
    size: 400,
    etag,
    fields: ['ETag', etag, 'Last-Modified', LAST_MODIFIED, 'Vary', 'Accept-Encoding'],
    contentFields: ['Content-Type', 'text/html; charset=utf-8', 'Content-Encoding', over.coding],
    ...over,
  });
}

export type FileResolution = Extract<Plannable<Representation>, { kind: 'file' }>;

export function found(
  identity: Representation = file(),
  variants: readonly Representation[] = [],
  status = 200,
): FileResolution {
  const evidence = [{ path: identity.path, version: 'v1' }];
  return { kind: 'file', resource: { identity, variants }, evidence, status };
}

export function policy(over: Partial<Terms> = {}): Terms {
  return {
    limits: {
      forced: 'auto',
      mmapMax: 65_536,
      sendfileMin: 16_384,
    },
    reach: 'engine',
    maxRanges: 16,
    acceptRanges: 'bytes',
    serverTiming: false,
    cors: [],
    digest: false,
    common: [],
    ...over,
  };
}

export function get(
  fields: RequestFields = {},
  method = 'GET',
  target = '/page.html',
): RequestHead {
  return { method, target, fields };
}

/** Value of a field, by name in any case; several lines are joined (RFC 9110 §5.3). */
export function field(fields: FieldList, name: string): string | undefined {
  const values = fields.filter(
    (_, at) => at % 2 === 1 && fields[at - 1]?.toLowerCase() === name.toLowerCase(),
  );
  return values.length === 0 ? undefined : values.join(', ');
}

export type Answer = ResponsePlan<Representation>;

/** The plan for `/page.html`, found unless said otherwise. */
export function answer(
  fields: RequestFields = {},
  resolution: Plannable<Representation> = found(),
  over: Partial<Terms> = {},
  method = 'GET',
): Answer {
  return plan(get(fields, method), resolution, policy(over), NOW);
}

/** Body as one word: none, bytes, or strategy:reason with its span or parts. */
export function bodyOf({ body }: Answer): string {
  switch (body.kind) {
    case 'none':
    case 'bytes':
    case 'feed':
      return body.kind;
    case 'parts':
      return `${body.strategy}:${body.reason} ${body.parts.map(({ span }) => `${span.start}-${span.end}`).join(' ')}`;
    default:
      return `${body.kind}:${body.reason} ${body.span.start}-${body.span.end}`;
  }
}

/** The page of a listing that is kept. */
export function page(over: Partial<ListingPage> = {}): ListingPage {
  return {
    kind: 'page',
    bytes: new TextEncoder().encode('a page'),
    etag: ETAG,
    hash: undefined,
    lease: { evidence: [{ path: 'dir', version: 'v1' }], ms: 900 },
    ...over,
  };
}

/** One resolution of each kind. */
export function everyResolution(): Array<Plannable<Representation>> {
  return [
    found(),
    found(file(), [variant({ coding: 'br' })]),
    found(file({ path: '404.html' }), [], 404),
    { kind: 'redirect', status: 308, location: '/dir/' },
    page(),
    page({ etag: undefined }),
    { kind: 'not-found' },
    { kind: 'not-found', advice: 'listing', evidence: [{ path: 'dir', version: 'v1' }] },
    { kind: 'forbidden' },
    { kind: 'bad-path' },
    { kind: 'too-long' },
    { kind: 'failed', errno: 'EIO' },
    { kind: 'failed', errno: 'EMFILE' },
  ];
}
