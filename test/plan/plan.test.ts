import t from 'tap';
import { plan } from '../../src/plan/plan.ts';
import type { RequestFields } from '../../src/plan/request.ts';
import {
  type Answer,
  answer,
  bodyOf,
  ETAG,
  everyResolution,
  field,
  file,
  found,
  get,
  LAST_MODIFIED,
  NOW,
  policy,
  variant,
} from './given.ts';

const EARLIER = 'Sun, 06 Nov 1994 08:49:36 GMT';
const LATER = 'Sun, 06 Nov 1994 08:49:38 GMT';

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

t.test('each resolution has its status', (t) => {
  const statuses = everyResolution().map((resolution) => answer({}, resolution).status);
  t.same(statuses, [200, 200, 404, 308, 200, 200, 404, 404, 403, 400, 414, 500, 503]);
  t.equal(
    answer({}, { kind: 'failed', errno: 'EIO' }).errno,
    'EIO',
    'for whoever makes an error of it',
  );
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
  t.equal(plan(get({}, 'OPTIONS', '*'), { kind: 'bad-path' }, policy(), NOW).status, 204);
  t.equal(plan(get({}, 'GET', '*'), { kind: 'bad-path' }, policy(), NOW).status, 400);
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
  t.equal(field(answer({}, page).fields, 'retry-after'), undefined);
  t.equal(field(answer({}, { ...page, status: 503 }).fields, 'retry-after'), '1');
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
