import fc from 'fast-check';
import t from 'tap';
import { plan } from '../../src/plan/plan.ts';
import type { PlanPolicy } from '../../src/plan/policy.ts';
import type { Representation, Resolution, ResponsePlan } from '../../src/plan/types.ts';
import { FIELD_NAMES, type RequestFields } from '../../src/request.ts';
import { ETAG, field, file, found, get, LAST_MODIFIED, policy, variant } from './given.ts';

const EARLIER = 'Sun, 06 Nov 1994 08:49:36 GMT';
const LATER = 'Sun, 06 Nov 1994 08:49:38 GMT';

type Answer = ResponsePlan<Representation>;

function answer(
  fields: RequestFields = {},
  resolution: Resolution<Representation> = found(),
  over: Partial<PlanPolicy> = {},
  method = 'GET',
): Answer {
  return plan(get(fields, method), resolution, policy(over));
}

/** Body as one word: none, bytes, or strategy:reason with its span or parts. */
function bodyOf({ body }: Answer): string {
  switch (body.kind) {
    case 'none':
    case 'bytes':
      return body.kind;
    case 'parts':
      return `${body.strategy}:${body.reason} ${body.parts.map(({ span }) => `${span.start}-${span.end}`).join(' ')}`;
    default:
      return `${body.kind}:${body.reason} ${body.span.start}-${body.span.end}`;
  }
}

t.test('GET of a file: 200 with everything a cache needs', (t) => {
  const got = answer();
  t.equal(got.status, 200);
  t.same(got.fields, [
    ...['ETag', ETAG, 'Last-Modified', LAST_MODIFIED, 'Cache-Control', 'max-age=60'],
    ...['Accept-Ranges', 'bytes', 'Content-Type', 'text/html; charset=utf-8'],
    ...['Content-Length', '1000'],
  ]);
  t.equal(bodyOf(got), 'read:cold 0-1000');
  t.equal(got.close, false);
  t.end();
});

t.test('preconditions decide before anything else, RFC 9110 §13.2.2', (t) => {
  const rows: ReadonlyArray<readonly [fields: RequestFields, status: number, why?: string]> = [
    [{ 'if-none-match': ETAG }, 304],
    [{ 'if-none-match': `W/${ETAG}` }, 304],
    [{ 'if-none-match': `"x", ${ETAG}` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"x"' }, 200],
    [{ 'if-modified-since': LAST_MODIFIED }, 304],
    [{ 'if-modified-since': LATER }, 304],
    [{ 'if-modified-since': EARLIER }, 200],
    [{ 'if-modified-since': 'garbage' }, 200],
    [{ 'if-none-match': '"x"', 'if-modified-since': LATER }, 200, 'nginx: 304'],
    [{ 'if-match': ETAG }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': '"x"' }, 412],
    [{ 'if-match': `W/${ETAG}` }, 412],
    [{ 'if-unmodified-since': LAST_MODIFIED }, 200],
    [{ 'if-unmodified-since': EARLIER }, 412],
    [{ 'if-unmodified-since': 'garbage' }, 200, 'nginx: 412'],
    [{ 'if-match': ETAG, 'if-unmodified-since': EARLIER }, 200],
    [{ 'if-match': '"x"', 'if-none-match': ETAG }, 412],
    // §14.2: Range only after all of them
    [{ 'if-none-match': ETAG, range: 'bytes=0-0' }, 304],
    [{ 'if-none-match': ETAG, range: 'bytes=5000-' }, 304],
    [{ 'if-match': '"x"', range: 'bytes=0-0' }, 412],
    [{ 'if-match': ETAG, range: 'bytes=0-0' }, 206],
    [{ 'if-none-match': '"x"', range: 'bytes=0-0' }, 206],
    [{ 'if-unmodified-since': LAST_MODIFIED, range: 'bytes=0-0' }, 206],
  ];
  for (const [fields, status, why = ''] of rows) {
    for (const method of ['GET', 'HEAD']) {
      const expected = method === 'HEAD' && status === 206 ? 200 : status;
      const got = answer(fields, found(), {}, method);
      t.equal(got.status, expected, `${method} ${JSON.stringify(fields)} ${why}`);
    }
  }
  t.end();
});

t.test('§15.4.5: a 304 has the fields that 200 would have, and no content', (t) => {
  const whole = answer();
  const got = answer({ 'if-none-match': ETAG });
  t.equal(bodyOf(got), 'none');
  for (const name of ['ETag', 'Cache-Control', 'Last-Modified', 'Vary', 'Accept-Ranges']) {
    t.equal(field(got.fields, name), field(whole.fields, name), name);
  }
  for (const name of ['Content-Type', 'Content-Length', 'Content-Encoding', 'Content-Range']) {
    t.equal(field(got.fields, name), undefined, `no ${name}`);
  }
  t.end();
});

t.test('a single range: 206 with Content-Range, by offset', (t) => {
  const rows: ReadonlyArray<
    readonly [range: string, contentRange: string, length: string, body: string]
  > = [
    ['bytes=0-0', 'bytes 0-0/1000', '1', 'read:cold 0-1'],
    ['bytes=-5', 'bytes 995-999/1000', '5', 'read:cold 995-1000'],
    ['bytes=-2000', 'bytes 0-999/1000', '1000', 'read:cold 0-1000'],
    ['bytes=999-5000', 'bytes 999-999/1000', '1', 'read:cold 999-1000'],
    ['bytes=50-50', 'bytes 50-50/1000', '1', 'read:cold 50-51'],
    ['bytes=0-5,3-9', 'bytes 0-9/1000', '10', 'read:cold 0-10'],
  ];
  for (const [range, contentRange, length, body] of rows) {
    const got = answer({ range });
    t.equal(got.status, 206, range);
    t.equal(field(got.fields, 'content-range'), contentRange);
    t.equal(field(got.fields, 'content-length'), length);
    t.equal(field(got.fields, 'content-type'), 'text/html; charset=utf-8');
    t.equal(field(got.fields, 'etag'), ETAG);
    t.equal(field(got.fields, 'cache-control'), 'max-age=60');
    t.equal(bodyOf(got), body);
  }
  t.end();
});

t.test('a range that is ignored gets the whole', (t) => {
  for (const range of ['bytes=5-2', 'bytes=abc', 'items=0-1', 'bytes=', '']) {
    const got = answer({ range });
    t.equal(got.status, 200, range);
    t.equal(field(got.fields, 'content-range'), undefined);
    t.equal(field(got.fields, 'content-length'), '1000');
  }
  t.equal(answer({ range: 'bytes=0-0' }, found(), { maxRanges: 0 }).status, 200, 'ranges are off');
  t.end();
});

t.test(
  '§15.5.17: an unsatisfiable range gets 416 with the size, and a page instead of the file',
  (t) => {
    for (const range of ['bytes=1000-', 'bytes=-0', 'bytes=5000-,6000-']) {
      const got = answer({ range });
      t.equal(got.status, 416, range);
      t.equal(field(got.fields, 'content-range'), 'bytes */1000');
      t.equal(bodyOf(got), 'bytes');
    }
    t.end();
  },
);

t.test('an empty file has no ranges', (t) => {
  for (const range of ['bytes=0-', 'bytes=-1', 'bytes=0-0,-1']) {
    const got = answer({ range }, found(file({ size: 0 })));
    t.equal(got.status, 200, range);
    t.equal(field(got.fields, 'content-range'), undefined);
    t.equal(field(got.fields, 'content-length'), '0');
    t.equal(bodyOf(got), 'read:cold 0-0');
  }
  t.end();
});

t.test('§15.3.7.2: several ranges are one multipart body', (t) => {
  const got = answer({ range: 'bytes=0-1,5-6' });
  t.equal(got.status, 206);
  t.equal(field(got.fields, 'content-type'), 'multipart/byteranges; boundary=zc-3e8-v1');
  t.equal(field(got.fields, 'content-range'), undefined, 'only in the parts');
  t.equal(field(got.fields, 'content-encoding'), undefined, 'only in the parts');
  t.equal(bodyOf(got), 'read:cold 0-2 5-7');
  if (got.body.kind === 'parts') {
    const framing = got.body.parts.map(({ head }) => head).join('') + got.body.tail;
    t.equal(field(got.fields, 'content-length'), String(framing.length + 4));
  }
  t.end();
});

t.test('several ranges of a large file go by sendfile, of a cached one from memory', (t) => {
  const range = 'bytes=0-9999,20000-29999';
  const large = found(file({ size: 1_000_000 }));
  t.equal(bodyOf(answer({ range }, large)), 'sendfile:size 0-10000 20000-30000');
  const cached = found(file({ size: 50_000, cached: true }));
  t.equal(bodyOf(answer({ range }, cached)), 'mmap:hot 0-10000 20000-30000');
  t.end();
});

t.test('no answer to a Range is longer than the file', (t) => {
  t.equal(answer({ range: 'bytes=0-0,2-2' }, found(file({ size: 100 }))).status, 200);
  t.equal(answer({ range: 'bytes=0-400,402-999' }).status, 200, 'two bytes saved, heads added');
  const spec = fc.tuple(fc.nat(1200), fc.nat(1200)).map(([a, b]) => `${a}-${Math.max(a, b)}`);
  fc.assert(
    fc.property(fc.array(spec, { minLength: 1, maxLength: 20 }), fc.nat(1000), (specs, size) => {
      const got = answer({ range: `bytes=${specs.join()}` }, found(file({ size })), {
        maxRanges: 100,
      });
      return got.status === 416 || Number(field(got.fields, 'content-length')) <= size;
    }),
  );
  t.end();
});

t.test('§13.1.5: If-Range', (t) => {
  const rows: ReadonlyArray<readonly [ifRange: string, status: number, why?: string]> = [
    [ETAG, 206],
    [LAST_MODIFIED, 206],
    ['"x"', 200],
    [`W/${ETAG}`, 200, 'serve-static: 206'],
    [EARLIER, 200],
    [LATER, 200],
    ['garbage', 200],
  ];
  for (const [ifRange, status, why = ''] of rows) {
    const got = answer({ range: 'bytes=0-0', 'if-range': ifRange });
    t.equal(got.status, status, `${ifRange} ${why}`);
  }
  const outdated = { 'if-range': '"x"', range: 'bytes=5000-' };
  t.equal(answer(outdated).status, 200, 'no 416 where Range does not count');
  t.equal(answer({ 'if-range': '"x"' }).status, 200, 'without Range it means nothing');
  t.end();
});

t.test('HEAD has the fields of GET and no content; Range is not for it, §14.2', (t) => {
  for (const resolution of everyResolution()) {
    for (const fields of [{}, { 'if-none-match': ETAG }, { 'if-match': '"x"' }]) {
      const head = answer(fields, resolution, {}, 'HEAD');
      const whole = answer(fields, resolution);
      t.equal(head.status, whole.status, resolution.kind);
      t.same(head.fields, whole.fields);
      t.equal(bodyOf(head), 'none');
    }
  }
  const ranged = answer({ range: 'bytes=0-0' }, found(), {}, 'HEAD');
  t.equal(ranged.status, 200, 'nginx: 206');
  t.equal(field(ranged.fields, 'content-length'), '1000');
  t.equal(field(ranged.fields, 'accept-ranges'), 'bytes');
  t.end();
});

function everyResolution(): Array<Resolution<Representation>> {
  return [
    found(),
    found(file(), [variant({ coding: 'br' })]),
    found(file({ path: '404.html' }), [], 404),
    { kind: 'redirect', status: 308, location: '/dir/' },
    {
      kind: 'listing',
      path: '/dir/',
      entries: [{ name: 'a', directory: false, size: 1, mtimeMs: 0 }],
      mtimeMs: 0,
    },
    { kind: 'not-found' },
    { kind: 'forbidden' },
    { kind: 'bad-path' },
    { kind: 'too-long' },
    { kind: 'failed', errno: 'EIO' },
    { kind: 'failed', errno: 'EMFILE' },
  ];
}

t.test('each resolution has its status', (t) => {
  const statuses = everyResolution().map((resolution) => answer({}, resolution).status);
  t.same(statuses, [200, 200, 404, 308, 200, 404, 403, 400, 414, 500, 503]);
  t.equal(field(answer({}, { kind: 'failed', errno: 'EMFILE' }).fields, 'retry-after'), '1');
  t.equal(field(answer({}, { kind: 'failed', errno: 'EIO' }).fields, 'retry-after'), undefined);
  t.end();
});

t.test('a redirect says where, and may be stored as its status allows', (t) => {
  const got = answer({}, { kind: 'redirect', status: 301, location: '/dir/?q' });
  t.equal(field(got.fields, 'location'), '/dir/?q');
  t.equal(field(got.fields, 'cache-control'), undefined);
  t.equal(bodyOf(got), 'bytes');
  t.end();
});

t.test('§9.3: other methods get 405 with Allow, whatever the target', (t) => {
  const methods = [
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'TRACE',
    'CONNECT',
    'PROPFIND',
    'get',
    'X',
    '',
  ];
  for (const method of methods) {
    for (const resolution of everyResolution()) {
      const got = answer({}, resolution, {}, method);
      t.equal(got.status, 405, `${method} of ${resolution.kind}`);
      t.equal(field(got.fields, 'allow'), 'GET, HEAD, OPTIONS');
      t.equal(got.close, method === 'CONNECT', 'what follows CONNECT is not HTTP');
    }
  }
  t.end();
});

t.test('§9.3.7: OPTIONS gets Allow, for any path and for *', (t) => {
  for (const resolution of everyResolution()) {
    const malformed = resolution.kind === 'bad-path' || resolution.kind === 'too-long';
    const got = answer({}, resolution, {}, 'OPTIONS');
    if (malformed) {
      t.ok(got.status >= 400, resolution.kind);
      continue;
    }
    t.equal(got.status, 204, resolution.kind);
    t.same(got.fields, ['Allow', 'GET, HEAD, OPTIONS']);
    t.equal(bodyOf(got), 'none');
  }
  t.equal(plan(get({}, 'OPTIONS', '*'), { kind: 'bad-path' }, policy()).status, 204);
  t.equal(plan(get({}, 'GET', '*'), { kind: 'bad-path' }, policy()).status, 400);
  t.equal(answer({ 'if-match': '"x"' }, found(), {}, 'OPTIONS').status, 204, '§13.2.1');
  t.end();
});

t.test('the coding that the client prefers, with everything that belongs to it', (t) => {
  const br = variant({ coding: 'br', size: 400 });
  const resource = found(file({ fields: ['ETag', ETAG, 'Vary', 'Accept-Encoding'] }), [br]);
  const coded = answer({ 'accept-encoding': 'br' }, resource);
  t.equal(field(coded.fields, 'content-encoding'), 'br');
  t.equal(field(coded.fields, 'content-length'), '400');
  t.equal(field(coded.fields, 'etag'), br.etag);
  t.equal(field(coded.fields, 'vary'), 'Accept-Encoding');
  t.equal(bodyOf(coded), 'read:cold 0-400');
  const plain = answer({}, resource);
  t.equal(field(plain.fields, 'content-encoding'), undefined);
  t.equal(field(plain.fields, 'etag'), ETAG);

  const rows: ReadonlyArray<readonly [fields: RequestFields, status: number, length?: string]> = [
    [{ 'if-none-match': br.etag }, 304],
    [{ 'if-none-match': ETAG }, 200, '400'],
    [{ range: 'bytes=0-9' }, 206, '10'],
    [{ range: 'bytes=-9' }, 206, '9'],
    [{ range: 'bytes=400-' }, 416],
    [{ range: 'bytes=0-9', 'if-range': br.etag }, 206],
    [{ range: 'bytes=0-9', 'if-range': ETAG }, 200],
    [{ 'if-match': ETAG }, 412],
  ];
  for (const [fields, status, length] of rows) {
    const got = answer({ 'accept-encoding': 'br', ...fields }, resource);
    t.equal(got.status, status, `on the variant: ${JSON.stringify(fields)}`);
    if (length !== undefined) t.equal(field(got.fields, 'content-length'), length);
  }
  t.equal(
    field(
      answer({ 'accept-encoding': 'br', range: 'bytes=400-' }, resource).fields,
      'content-range',
    ),
    'bytes */400',
  );
  t.end();
});

t.test('a custom error page is neither conditional nor partial, and not stored', (t) => {
  const page = found(file({ path: '404.html' }), [variant({ coding: 'br' })], 404);
  const requests: readonly RequestFields[] = [
    ...[{}, { 'if-none-match': ETAG }, { 'if-none-match': '*' }, { 'if-match': '"x"' }],
    ...[{ 'if-modified-since': LATER }, { range: 'bytes=0-0' }, { range: 'bytes=5000-' }],
  ];
  for (const fields of requests) {
    const got = answer(fields, page);
    t.equal(got.status, 404, JSON.stringify(fields));
    t.equal(bodyOf(got), 'read:cold 0-1000');
    t.equal(field(got.fields, 'cache-control'), 'no-store');
    for (const name of ['etag', 'last-modified', 'accept-ranges', 'content-range']) {
      t.equal(field(got.fields, name), undefined, name);
    }
    t.equal(got.memo, undefined);
  }
  t.equal(field(answer({ 'accept-encoding': 'br' }, page).fields, 'content-encoding'), 'br');
  t.end();
});

t.test('an answer that Accept chose says so', (t) => {
  const spa = { ...found(), judged: ['accept'] as const };
  t.equal(field(answer({}, spa).fields, 'vary'), 'accept');
  t.equal(field(answer({ 'if-none-match': ETAG }, spa).fields, 'vary'), 'accept');
  t.end();
});

t.test('Server-Timing tells strategy and reason, where there is a file to send', (t) => {
  const on = { serverTiming: true };
  const timing = (got: Answer) => field(got.fields, 'server-timing');
  t.equal(timing(answer({}, found(), on)), 'zc;desc="read:cold"');
  t.equal(timing(answer({}, found(file({ size: 1e6 })), on)), 'zc;desc="sendfile:size"');
  t.equal(timing(answer({}, found(file({ cached: true })), on)), 'zc;desc="mmap:hot"');
  t.equal(timing(answer({ range: 'bytes=0-0' }, found(), on)), 'zc;desc="read:cold"');
  t.equal(timing(answer({ range: 'bytes=0-0,9-9' }, found(), on)), 'zc;desc="read:cold"');
  t.equal(timing(answer({}, found(), on, 'HEAD')), 'zc;desc="read:cold"');
  t.equal(timing(answer({ 'if-none-match': ETAG }, found(), on)), undefined);
  t.equal(timing(answer({}, { kind: 'not-found' }, on)), undefined);
  t.equal(timing(answer()), undefined, 'only where it is on');
  t.end();
});

t.test('CORS: any origin', (t) => {
  const any = { cors: ['*'], common: ['Access-Control-Allow-Origin', '*'] };
  const fields = { origin: 'https://a.example' };
  for (const resolution of everyResolution()) {
    if (resolution.kind === 'file') continue; // its own fields have them, by representationFields
    const got = answer(fields, resolution, any);
    t.equal(field(got.fields, 'access-control-allow-origin'), '*', resolution.kind);
  }
  t.end();
});

t.test('CORS: origins on the list are reflected, on every answer; others are not', (t) => {
  const listed = { cors: ['https://a.example', 'https://b.example'], common: ['Vary', 'Origin'] };
  const requests: readonly RequestFields[] = [
    ...[{}, { range: 'bytes=0-0' }, { range: 'bytes=0-0,9-9' }, { range: 'bytes=5000-' }],
    ...[{ 'if-none-match': ETAG }, { 'if-match': '"x"' }],
  ];
  const allowed = (got: Answer) => field(got.fields, 'access-control-allow-origin');
  for (const resolution of everyResolution()) {
    for (const fields of requests) {
      const with_ = (origin: string) => answer({ ...fields, origin }, resolution, listed);
      const why = `${resolution.kind} ${JSON.stringify(fields)}`;
      t.equal(allowed(with_('https://b.example')), 'https://b.example', why);
      t.equal(allowed(with_('https://c.example')), undefined, why);
      t.equal(allowed(with_('null')), undefined, why);
    }
    t.equal(allowed(answer({}, resolution, listed)), undefined, 'no Origin');
  }
  t.end();
});

t.test('CORS: the preflight', (t) => {
  const preflight = {
    origin: 'https://a.example',
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'range',
  };
  const any = { cors: ['*'], common: ['Access-Control-Allow-Origin', '*'] };
  const got = answer(preflight, found(), any, 'OPTIONS');
  t.equal(got.status, 204);
  t.equal(field(got.fields, 'access-control-allow-origin'), '*');
  t.equal(field(got.fields, 'access-control-allow-methods'), 'GET, HEAD, OPTIONS');
  t.equal(field(got.fields, 'access-control-allow-headers'), '*');
  t.equal(field(got.fields, 'access-control-max-age'), '86400');

  const listed = { cors: ['https://a.example'], common: ['Vary', 'Origin'] };
  t.equal(
    field(answer(preflight, found(), listed, 'OPTIONS').fields, 'access-control-allow-origin'),
    'https://a.example',
  );
  const stranger = { ...preflight, origin: 'https://c.example' };
  t.equal(
    field(answer(stranger, found(), listed, 'OPTIONS').fields, 'access-control-allow-origin'),
    undefined,
  );
  t.equal(
    field(answer(preflight, found(), {}, 'OPTIONS').fields, 'access-control-allow-methods'),
    undefined,
    'off',
  );
  t.end();
});

t.test('common fields are on every answer that is no file’s', (t) => {
  for (const resolution of everyResolution()) {
    if (resolution.kind === 'file') continue;
    const got = answer({}, resolution, { common: ['X-Common', '1'] });
    t.equal(field(got.fields, 'x-common'), '1', resolution.kind);
  }
  for (const fields of [{ 'if-match': '"x"' }, { range: 'bytes=5000-' }]) {
    t.equal(field(answer(fields, found(), { common: ['X-Common', '1'] }).fields, 'x-common'), '1');
  }
  t.end();
});

const anyFields: fc.Arbitrary<RequestFields> = fc.dictionary(
  fc.constantFrom(...FIELD_NAMES),
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
  const listing = fc.record({
    kind: fc.constant('listing' as const),
    path: fc.string({ unit: 'binary' }),
    entries: fc.array(
      fc.record({
        name: fc.string({ unit: 'binary' }),
        directory: fc.boolean(),
        size: fc.double(),
        mtimeMs: fc.double(),
      }),
    ),
    mtimeMs: fc.double(),
  });
  const surrogate = { kind: 'listing' as const, path: '\udfff', mtimeMs: 0 };
  const resolution: fc.Arbitrary<Resolution<Representation>> = fc.oneof(
    fc.constantFrom(...everyResolution(), {
      ...surrogate,
      entries: [{ name: '\ud800', directory: true, size: -1, mtimeMs: -1e300 }],
    }),
    listing,
    fc.record({ kind: fc.constant('failed' as const), errno: fc.string() }),
  );
  fc.assert(
    fc.property(request, resolution, fc.boolean(), (head, resolved, serverTiming) => {
      const got = plan(head, resolved, policy({ serverTiming, cors: ['https://a.example'] }));
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
