// Live answers: what asks for one, its head, and what else is said of a file that grows. RFC 8673, RFC 9110 §13, §14.
import t from 'tap';
import { liveAsked } from '../../src/plan/live.ts';
import type { Live, LiveForm, Representation } from '../../src/plan/types.ts';
import { answer, bodyOf, ETAG, field, file, found, get, policy } from './given.ts';

const LARGE = '9007199254740991';

function live(form: LiveForm, over: Partial<Live<Representation>> = {}): Live<Representation> {
  const identity = file({ path: 'a.log', contentFields: ['Content-Type', 'text/plain'] });
  return {
    ...{ kind: 'live', form, resource: { identity, variants: [] }, validators: identity },
    ...{ size: 1000, from: 0, open: async function* () {} },
    ...over,
  };
}

t.test('which range has no end', async (t) => {
  for (const [range, from, last] of [
    [`bytes=0-${LARGE}`, 0, LARGE],
    [`BYTES=5-${LARGE}`, 5, LARGE],
    ['bytes=5-9007199254740992', 5, '9007199254740992'],
    ['bytes=5-18446744073709551615', 5, '18446744073709551615'],
    [`bytes=5-000${LARGE}`, 5, `000${LARGE}`],
    ['bytes=99999999999999999999-99999999999999999999', Number(LARGE), '99999999999999999999'],
  ] as const) {
    const asked = liveAsked(get({ range }));
    t.same(asked, { form: { kind: 'range', last }, start: { from }, resumes: false }, range);
  }
  for (const range of [
    ...['bytes=0-', 'bytes=0-9', 'bytes=-5', 'bytes=0-999999999999', 'bytes=0-9007199254740990'],
    ...[`bytes=0-${LARGE},5-6`, `bytes=-${LARGE}`, `lines=0-${LARGE}`, ''],
  ]) {
    t.equal(liveAsked(get({ range })), undefined, range);
  }
  t.equal(liveAsked(get()), undefined);
});

t.test('what ?live asks for', async (t) => {
  for (const [query, start] of [
    ['live', { from: 0 }],
    ['live=', { from: 0 }],
    ['live=0', { from: 0 }],
    ['a=b&live=12', { from: 12 }],
    ['live=-12', { last: 12 }],
    ['live=-0', { last: 0 }],
  ] as const) {
    const bytes = liveAsked(get({ range: `bytes=7-${LARGE}` }, 'GET', `/a.log?${query}`));
    t.same(bytes, { form: { kind: 'bytes' }, start, resumes: false }, query);
    const events = liveAsked(get({ accept: 'text/event-stream' }, 'GET', `/a.log?${query}`));
    t.same(events, { form: { kind: 'events' }, start, resumes: false }, query);
  }
  for (const query of ['live=x', 'live=1.5', 'live=--1', 'live=12345678901234567', 'live=%31']) {
    t.equal(liveAsked(get({}, 'GET', `/a.log?${query}`)), 'malformed', query);
  }
  for (const query of ['', 'alive', 'lives=1', 'Live', 'a=live']) {
    t.equal(liveAsked(get({}, 'GET', `/a.log?${query}`)), undefined, query);
  }
});

t.test('who may have events, and where they go on', async (t) => {
  for (const [accept, kind] of [
    ['text/event-stream', 'events'],
    ['text/html, Text/Event-Stream;q=0.1', 'events'],
    ['text/event-stream;q=0', 'bytes'],
    ['*/*', 'bytes'],
    ['text/*', 'bytes'],
    [undefined, 'bytes'],
  ] as const) {
    const asked = liveAsked(get({ accept }, 'GET', '/a.log?live'));
    t.same(typeof asked === 'object' && asked.form, { kind }, String(accept));
  }
  for (const [id, start, resumes] of [
    ['12', { from: 12 }, true],
    ['0', { from: 0 }, true],
    ['', { last: 5 }, false],
    ['-1', { last: 5 }, false],
    ['12x', { last: 5 }, false],
    ['12345678901234567', { last: 5 }, false],
  ] as const) {
    const fields = { accept: 'text/event-stream', 'last-event-id': id };
    const asked = liveAsked(get(fields, 'GET', '/a.log?live=-5'));
    t.same(asked, { form: { kind: 'events' }, start, resumes }, id);
  }
  const bytes = liveAsked(get({ 'last-event-id': '12' }, 'GET', '/a.log?live'));
  t.same(bytes, { form: { kind: 'bytes' }, start: { from: 0 }, resumes: false });
});

t.test('the heads of live answers', async (t) => {
  for (const [form, status, type, range] of [
    [{ kind: 'range', last: LARGE }, 206, 'text/plain', `bytes 7-${LARGE}/*`],
    [{ kind: 'bytes' }, 200, 'text/plain', undefined],
    [{ kind: 'events' }, 200, 'text/event-stream', undefined],
  ] as const) {
    for (const method of ['GET', 'HEAD']) {
      const got = answer({}, live(form, { from: 7 }), {}, method);
      const of = (name: string) => field(got.fields, name);
      t.equal(got.status, status, `${form.kind} ${method}`);
      t.equal(bodyOf(got), method === 'GET' ? 'feed' : 'none');
      t.equal(of('content-type'), type);
      t.equal(of('content-range'), range);
      t.equal(of('incremental'), '?1');
      t.equal(of('cache-control'), 'no-store, no-transform');
      t.equal(of('x-content-type-options'), 'nosniff');
      t.equal(of('vary'), form.kind === 'range' ? undefined : 'Accept');
      for (const name of ['etag', 'last-modified', 'content-length', 'content-encoding']) {
        t.equal(of(name), undefined, name);
      }
      t.equal(got.memo, undefined, 'nobody repeats it');
    }
  }
  const over = { cors: ['https://a.example'] };
  const cross = answer({ origin: 'https://a.example' }, live({ kind: 'events' }), over);
  t.equal(field(cross.fields, 'access-control-allow-origin'), 'https://a.example');
});

t.test('conditions mean the file as it is now', async (t) => {
  const form = { kind: 'range', last: LARGE } as const;
  for (const [fields, status] of [
    [{ 'if-match': ETAG }, 206],
    [{ 'if-match': '*' }, 206],
    [{ 'if-match': '"other"' }, 412],
    [{ 'if-none-match': ETAG }, 304],
    [{ 'if-none-match': '"other"' }, 206],
    [{ 'if-modified-since': 'Sun, 06 Nov 1994 08:49:36 GMT' }, 206],
  ] as const) {
    t.equal(answer(fields, live(form)).status, status, JSON.stringify(fields));
  }
  const validators = { etag: undefined, lastModified: undefined };
  t.equal(answer({ 'if-match': ETAG }, live(form, { validators })).status, 412);
  t.equal(answer({ 'if-none-match': ETAG }, live(form, { validators })).status, 206);
});

t.test('it begins at the end at the latest', async (t) => {
  for (const kind of ['bytes', 'events'] as const) {
    t.equal(answer({}, live({ kind }, { from: 1000 })).status, 200);
    const beyond = answer({}, live({ kind }, { from: 1001 }));
    t.equal(beyond.status, 416);
    t.equal(field(beyond.fields, 'content-range'), 'bytes */1000');
  }
});

t.test('a range without an end says that the file grows', async (t) => {
  const grows = { ...found(), grows: true } as const;
  for (const [range, method, status, contentRange] of [
    ['bytes=0-', 'GET', 206, 'bytes 0-999/*'],
    ['bytes=0-', 'HEAD', 206, 'bytes 0-999/*'],
    ['bytes=990-', 'GET', 206, 'bytes 990-999/*'],
    ['bytes=1000-', 'HEAD', 416, 'bytes */1000'],
    ['bytes=0-9', 'GET', 206, 'bytes 0-9/1000'],
    ['bytes=0-9', 'HEAD', 200, undefined],
    ['bytes=-10', 'GET', 206, 'bytes 990-999/1000'],
  ] as const) {
    const got = answer({ range }, grows, {}, method);
    t.equal(got.status, status, `${method} ${range}`);
    t.equal(field(got.fields, 'content-range'), contentRange);
    t.equal(got.memo, undefined, 'no other range is answered by it');
  }
  const cached = { ...found(file({ cached: true })), grows: true } as const;
  t.ok(answer({}, cached).memo, 'its 200 is repeated as ever');
  t.equal(answer({ range: 'bytes=0-' }, cached).memo, undefined);
  t.ok(answer({ range: 'bytes=0-' }, found(file({ cached: true }))).memo);
  t.equal(answer({ range: 'bytes=0-' }, grows, policy({ maxRanges: 0 })).status, 200);
});
