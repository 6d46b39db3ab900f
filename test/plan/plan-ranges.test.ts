import fc from 'fast-check';
import t from 'tap';
import { answer, bodyOf, ETAG, field, file, found, LAST_MODIFIED } from './given.ts';

const EARLIER = 'Sun, 06 Nov 1994 08:49:36 GMT';
const LATER = 'Sun, 06 Nov 1994 08:49:38 GMT';

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
