import t from 'tap';
import type { RequestFields } from '../../src/plan/request.ts';
import { readOperation } from '../../src/streams/operations.ts';

const of = (method: string, fields: RequestFields = {}, query = '') =>
  readOperation({ method, target: `/logs/a${query}`, fields }, query);

const AT = '0000000000000000_0000000000000005';
const LIFE = { ttlSeconds: undefined, expiresAt: undefined };
const OCTETS = 'application/octet-stream';

t.test('PROTOCOL.md §5: each method is an operation', async (t) => {
  t.same(of('HEAD'), { kind: 'head' });
  t.same(of('DELETE'), { kind: 'delete' });
  t.same(of('OPTIONS'), { kind: 'options' });
  for (const method of ['PATCH', 'TRACE', 'CONNECT', 'get', 'PROPFIND']) {
    t.match(of(method), { kind: 'refused', status: 405 }, method);
  }
});

t.test('§5.6 to §5.8: reads', async (t) => {
  const read = { kind: 'read', from: 0, isResumed: true, live: undefined, cursor: undefined };
  const cases: ReadonlyArray<readonly [query: string, operation: object]> = [
    ['', { ...read, isResumed: false }],
    ['?foo=bar&baz', { ...read, isResumed: false }],
    ['?offset=-1', read],
    ['?offset=now', { ...read, from: 'now' }],
    [`?offset=${AT}`, { ...read, from: 5 }],
    [`?offset=${AT}&live=long-poll&cursor=7`, { ...read, from: 5, live: 'long-poll', cursor: '7' }],
    ['?live=sse&offset=now', { ...read, from: 'now', live: 'sse' }],
  ];
  for (const [query, operation] of cases) t.same(of('GET', {}, query), operation, query);
  const wrong = [
    ...['?offset=', '?offset', '?offset=x', '?offset=1,2', '?offset=-1&offset=-1', '?offset=a%20b'],
    ...['?live=sse', '?live=long-poll', '?live=x&offset=-1', '?live=&offset=-1', '?offset=%FF'],
    ...['?offset=-1&live=sse&live=long-poll', '?offset=-1&cursor=1&cursor=2', '?offset=..%2F'],
  ];
  for (const query of wrong) t.match(of('GET', {}, query), { kind: 'refused', status: 400 }, query);
});

t.test('§5.1: what a stream is to be', async (t) => {
  const create = { kind: 'create', closed: false, config: { contentType: OCTETS, ...LIFE } };
  const cases: ReadonlyArray<readonly [fields: RequestFields, operation: object]> = [
    [{}, create],
    [{ 'content-type': '' }, create],
    [
      { 'content-type': 'Text/Plain; charset=utf-8' },
      { ...create, config: { contentType: 'Text/Plain; charset=utf-8', ...LIFE } },
    ],
    [{ 'stream-ttl': '0' }, { ...create, config: { ...create.config, ttlSeconds: 0 } }],
    [{ 'stream-ttl': '3600' }, { ...create, config: { ...create.config, ttlSeconds: 3600 } }],
    ...['2026-01-01T00:00:00Z', '2026-01-01t00:00:00.123z', '2026-01-01T00:00:00-05:30'].map(
      (expiresAt) =>
        [
          { 'stream-expires-at': expiresAt },
          { ...create, config: { ...create.config, expiresAt } },
        ] as const,
    ),
    [{ 'stream-closed': 'true' }, { ...create, closed: true }],
    [{ 'stream-closed': 'TRUE' }, { ...create, closed: true }],
    ...['false', '1', 'yes', ''].map((closed) => [{ 'stream-closed': closed }, create] as const),
  ];
  for (const [fields, operation] of cases)
    t.same(of('PUT', fields), operation, JSON.stringify(fields));
  const wrong: readonly RequestFields[] = [
    ...['x', 'text/', '/plain', 'text/plain;', 'a b/c', 'text/plain; a', 'text/plain, text/html']
      .filter((type) => type !== 'text/plain;')
      .map((type) => ({ 'content-type': type })),
    ...['', '-1', '+1', '01', '1.0', '1e3', ' 1', 'x', '9'.repeat(17)].map((ttl) => ({
      'stream-ttl': ttl,
    })),
    ...['', 'tomorrow', '2026-01-01', '2026-01-01T00:00:00', '2026-13-01T00:00:00Z', '0'].map(
      (time) => ({ 'stream-expires-at': time }),
    ),
    { 'stream-ttl': '1', 'stream-expires-at': '2026-01-01T00:00:00Z' },
    { 'stream-fork-offset': AT },
    { 'stream-fork-sub-offset': '0' },
  ];
  for (const fields of wrong) {
    t.match(of('PUT', fields), { kind: 'refused', status: 400 }, JSON.stringify(fields));
  }
});

t.test('§4.2: forks', async (t) => {
  const fork = { from: '/logs/b', offset: undefined, subOffset: 0 };
  const operation = {
    kind: 'fork',
    closed: false,
    config: { contentType: undefined, ...LIFE },
    fork,
  };
  const from = { 'stream-forked-from': '/logs/b' };
  t.same(of('PUT', from), operation);
  t.same(of('PUT', { ...from, 'stream-fork-offset': AT, 'stream-fork-sub-offset': '3' }), {
    ...operation,
    fork: { ...fork, offset: 5, subOffset: 3 },
  });
  for (const subOffset of ['', '-1', 'abc', '1.5', '05', '+1']) {
    const fields = { ...from, 'stream-fork-sub-offset': subOffset };
    t.match(of('PUT', fields), { kind: 'refused', status: 400 }, subOffset);
  }
  for (const offset of ['', '-1', 'now', '5']) {
    const fields = { ...from, 'stream-fork-offset': offset };
    t.match(of('PUT', fields), { kind: 'refused', status: 400 }, offset);
  }
});

t.test('§5.2: appends', async (t) => {
  const append = {
    kind: 'append',
    contentType: undefined,
    seq: undefined,
    producer: undefined,
    close: false,
  };
  t.same(of('POST'), append);
  t.same(of('POST', { 'content-type': 'Text/Plain;charset=x', 'stream-seq': 'a' }), {
    ...append,
    contentType: 'Text/Plain;charset=x',
    seq: 'a',
  });
  t.same(of('POST', { 'stream-closed': 'True' }), { ...append, close: true });
  const producer = {
    'producer-id': 'p',
    'producer-epoch': '0',
    'producer-seq': '9007199254740991',
  };
  t.same(of('POST', producer), {
    ...append,
    producer: { id: 'p', epoch: 0, seq: Number.MAX_SAFE_INTEGER },
  });
  const wrong: readonly RequestFields[] = [
    { 'content-type': 'text' },
    { ...producer, 'producer-id': '' },
    { ...producer, 'producer-id': 'x'.repeat(257) },
    ...(['producer-id', 'producer-epoch', 'producer-seq'] as const).map((name) => ({
      ...producer,
      [name]: undefined,
    })),
    ...['', '-1', '1.5', '1abc', '1e3', '01', '9007199254740992'].flatMap((value) => [
      { ...producer, 'producer-epoch': value },
      { ...producer, 'producer-seq': value },
    ]),
  ];
  for (const fields of wrong) {
    t.match(of('POST', fields), { kind: 'refused', status: 400 }, JSON.stringify(fields));
  }
});
