// Values that plan tests start from: a file, its resource, a policy, a request.
import type { PlanPolicy } from '../../src/plan/policy.ts';
import type { FieldList, Representation, Resolution } from '../../src/plan/types.ts';
import type { RequestFields, RequestHead } from '../../src/request.ts';

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

export type FileResolution = Extract<Resolution<Representation>, { kind: 'file' }>;

export function found(
  identity: Representation = file(),
  variants: readonly Representation[] = [],
  status = 200,
): FileResolution {
  const evidence = [{ path: identity.path, version: 'v1' }];
  return { kind: 'file', resource: { identity, variants }, evidence, status };
}

export function policy(over: Partial<PlanPolicy> = {}): PlanPolicy {
  return {
    limits: {
      forced: 'auto',
      mmapMax: 65_536,
      mmapMinUses: 2,
      sendfileMin: 16_384,
      carrier: 'full',
    },
    maxRanges: 16,
    serverTiming: false,
    cors: [],
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
