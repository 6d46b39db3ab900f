import fc from 'fast-check';
import t from 'tap';
import { plan } from '../../src/plan/plan.ts';
import type { Terms } from '../../src/plan/policy.ts';
import { resolveRanges } from '../../src/plan/ranges.ts';
import { ASKER, type RequestFields, type RequestHead } from '../../src/plan/request.ts';
import type { ListingPage, Memo, Representation, ResponsePlan } from '../../src/plan/types.ts';
import {
  ETAG,
  type FileResolution,
  file,
  found,
  get,
  LAST_MODIFIED,
  NOW,
  page,
  policy,
  variant,
} from './given.ts';

const CACHED = found(file({ cached: true }));
const VARIED = found(file({ cached: true }), [variant({ coding: 'br', cached: true })]);
const HINTED = found(file({ cached: true, early: ['Link', '</a.css>; rel=preload'] }));
const MISS = { evidence: [{ path: 'gone', version: '' }], judged: ['accept'] as const };
const BR_ETAG = variant({ coding: 'br' }).etag ?? '';

function memo(
  fields: RequestFields,
  resolution: FileResolution = CACHED,
  over: Partial<Terms> = {},
  method = 'GET',
): Memo | undefined {
  return plan(get(fields, method), resolution, policy(over), NOW).memo;
}

t.test('the plain 200 may be repeated, for GET and HEAD, and as 304 for its ETag', (t) => {
  const licence = memo({});
  t.same(licence?.guard, []);
  t.same(licence?.judged, [
    ...['range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since'],
    'if-unmodified-since',
  ]);
  t.equal(licence?.head, true);
  t.equal(licence?.etag, ETAG);
  t.same(licence?.evidence, CACHED.evidence);
  t.same(licence?.notModified, plan(get({ 'if-none-match': ETAG }), CACHED, policy(), NOW).fields);
  t.end();
});

t.test('what may be repeated, and what not', (t) => {
  const dates = { 'if-modified-since': LAST_MODIFIED };
  const rows: ReadonlyArray<readonly [claim: string, licence: Memo | undefined, yes: boolean]> = [
    [
      'fields that no answer depends on',
      memo({ accept: 'x', 'access-control-request-method': 'y' }),
      true,
    ],
    ['206 of a Range', memo({ range: 'bytes=0-9' }), true],
    ['206 of several ranges', memo({ range: 'bytes=0-9,20-29' }), true],
    ['304 of the current ETag', memo({ 'if-none-match': ETAG }), true],
    ['HEAD (it has no body to repeat)', memo({}, CACHED, {}, 'HEAD'), false],
    ['OPTIONS', memo({}, CACHED, {}, 'OPTIONS'), false],
    ['POST', memo({}, CACHED, {}, 'POST'), false],
    ['200 of an ignored Range', memo({ range: 'bytes=5-2' }), false],
    ['206 with If-Range', memo({ range: 'bytes=0-9', 'if-range': ETAG }), false],
    ['200 with another If-None-Match', memo({ 'if-none-match': '"x"' }), false],
    ['304 by a list', memo({ 'if-none-match': `${ETAG}, "x"` }), false],
    ['304 by *', memo({ 'if-none-match': '*' }), false],
    ['304 by date', memo(dates), false],
    ['304 by both', memo({ 'if-none-match': ETAG, ...dates }), false],
    ['200 with If-Match', memo({ 'if-match': ETAG }), false],
    ['412', memo({ 'if-match': '"x"' }), false],
    ['416', memo({ range: 'bytes=5000-' }), false],
    ['a custom page for a failure', memo({}, { ...CACHED, status: 503 }), false],
    ['a custom 404 of an unknown miss', memo({}, { ...CACHED, status: 404 }), false],
    ['a custom 404 of a known miss', memo({}, { ...CACHED, status: 404, miss: MISS }), true],
    [
      'the same before the page is in memory',
      memo({}, { ...found(), status: 404, miss: MISS }),
      false,
    ],
    ['a small file that is not in memory yet', memo({}, found()), false],
    ['its 206', memo({ range: 'bytes=0-9' }, found()), false],
    ['its 304', memo({ 'if-none-match': ETAG }, found()), true],
    ['a small file without room in memory', memo({}, found(file({ crowded: true }))), true],
    ['a large file', memo({}, found(file({ size: 1e6 }))), true],
  ];
  for (const [claim, licence, yes] of rows) t.equal(licence !== undefined, yes, claim);
  t.end();
});

t.test('a list of ranges is for GET with this very Range only', (t) => {
  const licence = memo({ range: 'bytes=0-9,20-29' });
  t.same(licence?.guard, [['range', 'bytes=0-9,20-29']]);
  t.equal(licence?.head, false);
  t.equal(licence?.etag, undefined);
  t.equal(licence?.slices, undefined);
  t.end();
});

t.test('the 206 of one range is that of all others, whose strategy goes by their length', (t) => {
  const large = found(file({ size: 1e6 }));
  const licence = memo({ range: 'bytes=0-9' }, large, { serverTiming: true });
  t.same(licence?.guard, []);
  t.ok(licence?.judged.includes('range'));
  t.equal(licence?.head, false);
  t.equal(licence?.etag, ETAG, 'which If-Range may have');
  const { identity } = large.resource;
  t.same(licence?.slices, {
    fields: [...identity.fields, ...identity.contentFields],
    small: {
      strategy: 'read',
      reason: 'size',
      fields: ['Server-Timing', 'zc;desc="read:size"'],
    },
    large: {
      strategy: 'sendfile',
      reason: 'size',
      fields: ['Server-Timing', 'zc;desc="sendfile:size"'],
    },
    largeFrom: policy().limits.sendfileMin,
  });
  t.end();
});

t.test('a transport that repeats nothing gets no licence', (t) => {
  t.equal(memo({}, CACHED, { reach: 'socket' }), undefined);
  const missing = { kind: 'not-found', ...MISS } as const;
  t.equal(plan(get(), missing, policy({ reach: 'socket' }), NOW).memo, undefined);
  t.end();
});

t.test('Accept-Encoding is judged where there is a choice', (t) => {
  t.notOk(memo({ 'accept-encoding': 'br' })?.judged.includes('accept-encoding'));
  t.same(memo({ 'accept-encoding': 'br' })?.guard, []);
  const licence = memo({ 'accept-encoding': 'br' }, VARIED);
  t.ok(licence?.judged.includes('accept-encoding'));
  t.same(licence?.guard, [['accept-encoding', 'br']]);
  t.equal(licence?.etag, BR_ETAG, 'the ETag of the variant');
  t.ok(memo({}, VARIED)?.judged.includes('accept-encoding'), 'absent is a value too');
  t.end();
});

t.test('Origin is judged where the list decides, Accept where it chose the file', (t) => {
  const origin = 'https://a.example';
  t.notOk(memo({ origin }, CACHED, { cors: ['*'] })?.judged.includes('origin'));
  const listed = memo({ origin }, CACHED, { cors: [origin] });
  t.same(listed?.guard, [['origin', origin]]);
  const spa = { ...CACHED, judged: ['accept'] as const };
  t.same(memo({ accept: 'text/html' }, spa)?.guard, [['accept', 'text/html']]);
  t.end();
});

t.test('what a page is loaded for is judged where it has early hints', (t) => {
  const load = { 'sec-fetch-dest': 'document' };
  t.same(memo(load)?.guard, []);
  t.same(memo(load, HINTED)?.guard, [['sec-fetch-dest', 'document']]);
  t.ok(memo({}, HINTED)?.judged.includes('sec-purpose'), 'absent is a value too');
  t.same(memo(load, { ...HINTED, status: 404, miss: MISS })?.guard, [], 'an error has none');
  t.end();
});

t.test('no guard holds what only one client says', (t) => {
  const long = `gzip, ${'x'.repeat(300)}`;
  t.equal(memo({ 'accept-encoding': long }, VARIED), undefined, 'a long Accept-Encoding');
  t.ok(memo({ 'accept-encoding': long }, CACHED), 'unless it is not judged');
  const spa = { ...CACHED, judged: ['accept'] as const };
  const chrome =
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,' +
    '*/*;q=0.8,application/signed-exchange;v=b3;q=0.7';
  t.ok(memo({ accept: chrome }, spa), "a browser's Accept");
  t.equal(memo({ accept: `text/html,${long}` }, spa), undefined, 'a long Accept');
  t.equal(memo({ range: `bytes=0-9,${' '.repeat(300)}20-29` }), undefined, 'a long list of ranges');
  t.ok(memo({ range: `bytes=${'0'.repeat(300)}-9` }), 'one range is in no guard');
  const cors = ['https://a.example'];
  t.equal(memo({ origin: 'https://b.example' }, CACHED, { cors }), undefined, 'another origin');
  t.ok(memo({}, CACHED, { cors }), 'none is fine');
  const missing = { kind: 'not-found', ...MISS } as const;
  const miss = (fields: RequestFields) => plan(get(fields), missing, policy({ cors }), NOW).memo;
  t.equal(miss({ accept: long }), undefined, 'nor that of a 404');
  t.equal(miss({ origin: 'https://b.example' }), undefined);
  t.ok(miss({ origin: 'https://a.example' }));
  t.end();
});

t.test('a 404 may be repeated while nothing appears where it was looked for', (t) => {
  const missing = { kind: 'not-found', ...MISS } as const;
  const licence = plan(get({ accept: 'text/html' }), missing, policy(), NOW).memo;
  t.same(licence, {
    guard: [['accept', 'text/html']],
    judged: ['accept'],
    head: true,
    etag: undefined,
    notModified: [],
    slices: undefined,
    evidence: MISS.evidence,
    shared: [],
  });
  t.equal(
    plan(get(), { kind: 'not-found' }, policy(), NOW).memo,
    undefined,
    'not without evidence',
  );
  t.equal(plan(get({}, 'POST'), missing, policy(), NOW).memo, undefined, 'not for other methods');
  const paged = plan(get(), { ...VARIED, status: 404, miss: MISS }, policy(), NOW).memo;
  t.same(paged?.judged, ['accept', 'accept-encoding'], 'its page may have variants');
  t.end();
});

t.test('advice is repeated for the same host, and where nobody hands on', (t) => {
  const missing = { kind: 'not-found', advice: 'listing', ...MISS } as const;
  const miss = (fields: RequestFields) => plan(get(fields), missing, policy(), NOW).memo;
  const own = miss({ host: 'localhost:8080' });
  t.same(own?.guard, [['host', 'localhost:8080']]);
  t.same(own?.judged, ['accept', ...ASKER]);
  t.equal(miss({ host: 'a.example' }), undefined, 'not what strangers say');
  t.equal(miss({ host: 'localhost', via: '1.1 a' }), undefined);
  t.end();
});

t.test('the page of a listing may be repeated while its lease lasts, and what not', (t) => {
  const licenceOf = (
    of: ListingPage,
    fields: RequestFields = {},
    target = '/dir/',
    method = 'GET',
  ) => plan(get(fields, method, target), of, policy(), NOW).memo;
  t.match(licenceOf(page(), { accept: 'text/html' }), {
    guard: [['accept', 'text/html']],
    head: true,
    etag: ETAG,
    notModified: plan(get({ 'if-none-match': ETAG }), page(), policy(), NOW).fields,
    evidence: [{ path: 'dir', version: 'v1' }],
    lastsMs: 900,
  });
  t.match(licenceOf(page(), { 'if-none-match': ETAG }), {
    guard: [['if-none-match', ETAG]],
    etag: undefined,
    lastsMs: 900,
  });
  const rows: ReadonlyArray<readonly [claim: string, licence: Memo | undefined]> = [
    ['of what is read anew', licenceOf(page({ lease: undefined }))],
    ['by a query', licenceOf(page(), {}, '/dir/?sort=size')],
    ['another tag', licenceOf(page(), { 'if-none-match': '"x"' })],
    ['a condition', licenceOf(page(), { 'if-match': ETAG })],
    ['a range', licenceOf(page(), { range: 'bytes=0-0' })],
    ['HEAD', licenceOf(page(), {}, '/dir/', 'HEAD')],
    ['a long Accept', licenceOf(page(), { accept: 'a'.repeat(300) })],
    ['elsewhere', plan(get(), page(), policy({ reach: 'socket' }), NOW).memo],
  ];
  for (const [claim, licence] of rows) t.equal(licence, undefined, `not ${claim}`);
  t.end();
});

t.test('property: whoever meets the licence gets the same answer from the plan', (t) => {
  const fieldsOf: fc.Arbitrary<RequestFields> = fc.record(
    {
      range: fc.constantFrom(
        ...['bytes=0-9', 'bytes=5-', 'BYTES=-7', 'bytes=0-9,20-29', 'bytes=0-99999'],
        ...['bytes=2000000-', 'x'],
      ),
      'if-range': fc.constantFrom(ETAG, '"x"', LAST_MODIFIED),
      'if-match': fc.constantFrom(ETAG, '"x"', '*'),
      'if-none-match': fc.constantFrom(ETAG, BR_ETAG, '"x"', '*'),
      'if-modified-since': fc.constantFrom(LAST_MODIFIED, 'x'),
      'if-unmodified-since': fc.constantFrom(LAST_MODIFIED, 'x'),
      'accept-encoding': fc.constantFrom('br', 'gzip', 'br;q=0', ''),
      accept: fc.constantFrom('text/html', '*/*', 'application/json'),
      origin: fc.constantFrom('https://a.example', 'https://b.example'),
      'user-agent': fc.constantFrom('a', 'b'),
      cookie: fc.constantFrom('a', 'b'),
      host: fc.constantFrom('localhost', 'localhost:8080', 'a.example'),
      via: fc.constantFrom('1.1 a'),
      'sec-fetch-dest': fc.constantFrom('document', 'empty'),
      'sec-purpose': fc.constantFrom('prefetch'),
    },
    { requiredKeys: [] },
  );
  // Mostly bare requests: a licence is given to them only.
  const sparse = fc
    .tuple(fieldsOf, fc.array(fc.nat(14), { maxLength: 3 }))
    .map(([fields, keep]) =>
      Object.fromEntries(Object.entries(fields).filter((_, at) => keep.includes(at))),
    );
  const request = fc.record({
    method: fc.constantFrom('GET', 'HEAD'),
    target: fc.constantFrom('/page.html', '/page.html?q', '/page.html?r'),
    fields: sparse,
  });
  const resolution = fc.constantFrom(
    ...[CACHED, VARIED, HINTED, found(), found(file({ size: 1e6 })), { ...CACHED, status: 404 }],
    { ...VARIED, judged: ['accept'] as const },
    { kind: 'not-found', advice: 'listing', ...MISS } as const,
    page(),
  );
  const policies = fc.constantFrom(
    policy(),
    policy({ serverTiming: true, cors: ['*'] }),
    policy({ cors: ['https://a.example'], maxRanges: 1 }),
  );
  const requests = fc.array(request, { minLength: 20, maxLength: 20 });
  let licences = 0;
  let repeats = 0;
  fc.assert(
    fc.property(fc.tuple(request, requests), resolution, policies, ([first, others], to, rules) => {
      const planned = plan(first, to, rules, NOW);
      if (planned.memo === undefined) return;
      licences++;
      for (const other of [first, ...others]) {
        const repeated =
          repeatRange(planned, planned.memo, other) ?? repeat(planned, planned.memo, other);
        if (repeated === undefined) continue;
        repeats++;
        const { memo: _, resource: __, ...wanted } = plan(other, to, rules, NOW);
        if (JSON.stringify(repeated) !== JSON.stringify(wanted)) {
          throw new Error(`${JSON.stringify(repeated)} is not ${JSON.stringify(wanted)}`);
        }
      }
    }),
    { numRuns: 3000 },
  );
  t.ok(licences > 100 && repeats > 500, `${licences} licences, ${repeats} repeated answers`);
  t.end();
});

/** The engine's side of `Memo`, as its contract says; undefined = ask. */
function repeat(
  planned: ResponsePlan<Representation>,
  licence: Memo,
  { method, target, fields }: RequestHead,
): Omit<ResponsePlan<Representation>, 'memo'> | undefined {
  const { status, fields: own, body, close, early } = planned;
  if (licence.lastsMs !== undefined && target.includes('?')) return undefined;
  if (method !== 'GET' && !(method === 'HEAD' && licence.head)) return undefined;
  if (licence.slices !== undefined) return undefined;
  const guard = new Map(licence.guard);
  const differing = licence.judged.filter((name) => fields[name] !== guard.get(name));
  if (differing.length === 0) {
    return method === 'HEAD'
      ? { status, fields: own, body: { kind: 'none' }, close }
      : { status, fields: own, body, close, early };
  }
  const onlyEtag = differing.length === 1 && differing[0] === 'if-none-match';
  if (!onlyEtag || licence.etag === undefined || fields['if-none-match'] !== licence.etag) {
    return undefined;
  }
  return { status: 304, fields: licence.notModified, body: { kind: 'none' }, close };
}

/** The same for the slices of a licence. */
function repeatRange(
  { body }: ResponsePlan<Representation>,
  licence: Memo,
  { method, fields }: RequestHead,
): Omit<ResponsePlan<Representation>, 'memo'> | undefined {
  const { slices, etag } = licence;
  if (slices === undefined || method !== 'GET' || !('file' in body)) return undefined;
  const { file } = body;
  const guard = new Map(licence.guard);
  const differing = licence.judged.filter(
    (name) =>
      name !== 'range' &&
      fields[name] !== guard.get(name) &&
      !(name === 'if-range' && fields[name] === etag),
  );
  const ranges = resolveRanges(fields.range ?? '', file.size, 1);
  if (differing.length > 0 || ranges.kind !== 'spans') return undefined;
  const [span] = ranges.spans;
  if (span === undefined) return undefined;
  const length = span.end - span.start;
  const slice = length < slices.largeFrom ? slices.small : slices.large;
  return {
    status: 206,
    fields: [
      ...slices.fields,
      ...['Content-Range', `bytes ${span.start}-${span.end - 1}/${file.size}`],
      ...['Content-Length', String(length), ...slice.fields],
    ],
    body: { kind: slice.strategy, reason: slice.reason, file, span },
    close: false,
  };
}
