// What is handed to the engine to repeat: what is asked for again, in bounds that no client can move.
import t from 'tap';
import type { HotReply } from '../../src/addon/engine.ts';
import type { Memo } from '../../src/plan/types.ts';
import { HotIndex } from '../../src/transport/engine/hot-index.ts';

/** An engine that only keeps what it is told to keep. */
function makeIndex(max = 100) {
  const paths = new Map<string, Map<number, HotReply>>();
  const used = new Set<string>();
  const handles: string[] = [''];
  const pathOf = (handle: number) => handles[handle] ?? '';
  const engine = {
    add: (path: string) => handles.push(path) - 1,
    put: (handle: number, at: number, reply: HotReply) => {
      const replies = paths.get(pathOf(handle)) ?? new Map<number, HotReply>();
      paths.set(pathOf(handle), replies.set(at, reply));
    },
    remove: (handle: number) => void paths.delete(pathOf(handle)),
    used: (handle: number) => used.delete(pathOf(handle)),
  };
  const index = new HotIndex(engine, max);
  /** Bytes of the replies that the engine has. */
  const bytes = () =>
    [...paths.values()]
      .flatMap((replies) => [...replies.values()])
      .reduce((n, r) => n + r.fields.length, 0);
  return { index, paths, used, bytes };
}

/** The reply with a body of its own. */
function pageOf(bytes: number): HotReply {
  return { ...replyOf(), source: new Uint8Array(bytes) };
}

function memo(file: string, encoding?: string, over: Partial<Memo> = {}): Memo {
  return {
    guard: encoding === undefined ? [] : [['accept-encoding', encoding]],
    judged: ['range', 'accept-encoding'],
    head: true,
    etag: '"e"',
    notModified: [],
    slices: undefined,
    evidence: [{ path: file, version: '1' }],
    shared: undefined,
    ...over,
  };
}

function replyOf(fields = 'Name: value\r\n'): HotReply {
  const none = {
    source: undefined,
    start: 0,
    end: 0,
    parts: undefined,
    tail: '',
    early: '',
    flags: 0,
  };
  const hot = { guard: [], answersHead: true, etag: '"e"', notModified: '', largeFrom: 0 };
  return { fields, ...none, ...hot, large: undefined };
}

/** Offered as often as it takes. */
function twice(index: HotIndex, path: string, licence: Memo, fields?: string): void {
  for (let i = 0; i < 2; i++) index.offer(path, licence, () => replyOf(fields));
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test('an answer is prepared when it is wanted for the second time', (t) => {
  const { index, paths } = makeIndex();
  let prepared = 0;
  const reply = () => {
    prepared++;
    return replyOf();
  };
  index.offer('/a', memo('a'), reply);
  index.offer('/b', memo('b'), reply);
  index.offer('/a', memo('a', 'br'), reply);
  t.same([prepared, paths.size], [0, 0], 'once is nothing');
  index.offer('/a', memo('a'), reply);
  t.same([prepared, [...paths.keys()]], [1, ['/a']]);
  t.end();
});

t.test('only the normal spelling of a path is prepared', (t) => {
  const { index, paths } = makeIndex();
  const aliases = ['//app.js', '/./app.js', '/x/../app.js', '/%61pp.js', '/%c3%bc', '/app.js//'];
  for (const path of aliases) twice(index, path, memo('app.js'));
  t.same([...paths.keys()], []);
  const normal = ['/app.js', '/%C3%BC', '/a%20b(c).js'];
  for (const path of normal) twice(index, path, memo('app.js'));
  t.same([...paths.keys()], normal);
  t.end();
});

t.test(
  'an answer that was planned before its file was forgotten is not prepared after it',
  async (t) => {
    const { index, paths } = makeIndex();
    twice(index, '/a', memo('a'));
    index.forget(['a']);
    t.equal(paths.size, 0);
    twice(index, '/a', memo('a'));
    twice(
      index,
      '/alias',
      memo('b', undefined, { evidence: [...memo('b').evidence, ...memo('a').evidence] }),
    );
    t.equal(paths.size, 0, 'in the same turn');
    twice(index, '/b', memo('b'));
    t.equal(paths.size, 1, 'which says nothing about others');
    await turn();
    index.offer('/a', memo('a'), () => replyOf());
    t.equal(paths.size, 2, 'and nothing after it');
  },
);

t.test('a 200 and the slices of its file stand side by side', (t) => {
  const { index, paths } = makeIndex();
  const none = { strategy: 'read', reason: 'size', fields: [] } as const;
  const slices = { fields: [], small: none, large: none, largeFrom: 1 };
  twice(index, '/a', memo('a'), 'whole');
  twice(index, '/a', memo('a', undefined, { slices }), 'slices');
  twice(index, '/a', memo('a'), 'whole again');
  t.same(
    [...(paths.get('/a')?.values() ?? [])].map(({ fields }) => fields),
    ['whole again', 'slices'],
  );
  t.end();
});

t.test('a path has 16 replies; the next takes the place of the oldest', (t) => {
  const { index, paths } = makeIndex();
  for (let i = 0; i < 18; i++) twice(index, '/a', memo('a', `x${i}`), `${i}`);
  const heads = [...(paths.get('/a')?.values() ?? [])].map(({ fields }) => fields);
  t.same(heads, ['16', '17', ...Array.from({ length: 14 }, (_, i) => `${i + 2}`)]);
  t.end();
});

t.test('bounds', (t) => {
  t.test('in number', (t) => {
    const { index, paths, used } = makeIndex(10);
    for (let i = 0; i < 10; i++) twice(index, `/${i}`, memo(`${i}`));
    used.add('/0');
    twice(index, '/10', memo('10'));
    t.equal(paths.size, 10);
    t.ok(paths.has('/0'), 'what the engine used is spared');
    t.notOk(paths.has('/1'));
    t.end();
  });

  t.test('in bytes, whatever they are bytes of', (t) => {
    const { index, paths, bytes } = makeIndex(100);
    for (let i = 0; i < 2000; i++) {
      const head = 'h'.repeat(1000 + ((i * 7919) % 20_000));
      twice(index, `/${i % 150}`, memo(`${i % 150}`, `x${i}`), head);
    }
    t.ok(bytes() < 100 * 8192, `${bytes()} bytes`);
    t.ok(bytes() > 100 * 4096, 'and they are used');
    const evidence = [{ path: 'p'.repeat(2 ** 20), version: '' }];
    twice(index, '/long', memo('long', undefined, { evidence }));
    t.equal(paths.has('/long'), false, 'what would fill it alone is not kept');
    const others = paths.size;
    for (let i = 0; i < 3; i++) index.offer('/page/', memo('page'), () => pageOf(100_000));
    t.equal(paths.has('/page/'), false, 'nor a page that takes an eighth of it');
    t.equal(paths.size, others, 'and nothing had to go for it');
    for (let i = 0; i < 2; i++) index.offer('/page/', memo('page'), () => pageOf(20_000));
    t.equal(paths.has('/page/'), true, 'a smaller one is');
    for (let i = 0; i < 100; i++) twice(index, `/again${i}`, memo(`${i}`));
    t.ok(paths.size > 90, 'and what is gone is not counted any more');
    t.end();
  });
  t.end();
});

t.test('the same path and file of two sites are two', async (t) => {
  const added: Array<readonly [path: string, site: number | undefined]> = [];
  const removed: number[] = [];
  const index = new HotIndex(
    {
      add: (path, _judged, _evidence, _lasts, site) => added.push([path, site]),
      put: () => {},
      remove: (handle) => void removed.push(handle),
      used: (handle) => handle === 2,
    },
    100,
  );
  const offer = (site: number) => {
    for (let i = 0; i < 2; i++) index.offer('/a', memo('a'), () => replyOf(), false, site);
  };
  index.offer('/a', memo('a'), () => replyOf(), false, 0);
  index.offer('/a', memo('a'), () => replyOf(), false, 1);
  t.same(added, [], 'once for each is not twice for one');
  offer(0);
  offer(1);
  t.same(added, [
    ['/a', 0],
    ['/a', 1],
  ]);
  t.same([index.used('a', 0), index.used('a', 1)], [false, true]);
  index.forget(['a'], 1);
  t.same(removed, [2]);
  t.same(index.stale('/a', 1), []);
  index.clear(1);
  t.same(index.stale('/a', 0), ['a'], 'what the other one has still stands');
});
