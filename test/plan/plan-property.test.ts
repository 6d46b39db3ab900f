import fc from 'fast-check';
import t from 'tap';
import { plan } from '../../src/plan/plan.ts';
import { REQUEST_FIELDS, type RequestFields } from '../../src/plan/request.ts';
import type { Plannable, Representation } from '../../src/plan/types.ts';
import {
  type Answer,
  ETAG,
  everyResolution,
  field,
  LAST_MODIFIED,
  NOW,
  page,
  policy,
} from './given.ts';

const anyFields: fc.Arbitrary<RequestFields> = fc.dictionary(
  fc.constantFrom(...REQUEST_FIELDS),
  fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(ETAG, '*', 'bytes=0-0', 'bytes=0-0,9-', 'br', LAST_MODIFIED, 'x', '"x"'),
  ),
);

t.test('property: plan never throws, and every answer is well formed', (t) => {
  const request = fc.record({
    method: fc.oneof(fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'POST'), fc.string()),
    target: fc.string({ unit: 'binary' }),
    fields: anyFields,
  });
  const resolution: fc.Arbitrary<Plannable<Representation>> = fc.oneof(
    fc.constantFrom(...everyResolution()),
    fc.uint8Array().map((bytes) => page({ bytes })),
    fc.record({ kind: fc.constant('failed' as const), errno: fc.string() }),
  );
  fc.assert(
    fc.property(request, resolution, fc.boolean(), (head, resolved, serverTiming) => {
      const got = plan(head, resolved, policy({ serverTiming, cors: ['https://a.example'] }), NOW);
      const bodiless = got.status === 204 || got.status === 304;
      const length = field(got.fields, 'content-length');
      return (
        got.status >= 200 &&
        got.status <= 599 &&
        got.fields.length % 2 === 0 &&
        field(got.fields, 'date') === undefined &&
        field(got.fields, 'connection') === undefined &&
        (bodiless ? length === undefined : /^\d+$/.test(length ?? '')) &&
        (!bodiless || got.body.kind === 'none') &&
        Number(length ?? bytesOf(got)) ===
          (head.method === 'HEAD' ? Number(length ?? 0) : bytesOf(got))
      );
    }),
    { numRuns: 3000 },
  );
  t.end();
});

/** Body bytes as they would go over the wire. */
function bytesOf({ body }: Answer): number {
  switch (body.kind) {
    case 'none':
    case 'feed':
      return 0;
    case 'bytes':
      return body.bytes.length;
    case 'parts':
      return body.parts.reduce(
        (sum, { head, span }) => sum + head.length + span.end - span.start,
        body.tail.length,
      );
    default:
      return body.span.end - body.span.start;
  }
}
