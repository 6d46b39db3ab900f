// Which files a stream has.
import fc from 'fast-check';
import t from 'tap';
import { fileNamesOf, readFileName } from '../../src/streams/store/names.ts';

const CASES: ReadonlyArray<readonly [stream: string, data: string | undefined]> = [
  ['log', 'log.stream'],
  ['a/b', 'a%2Fb.stream'],
  ['..', '...stream'],
  ['../x', '..%2Fx.stream'],
  ['.lock', '.lock.stream'],
  ['a.commits', 'a.commits.stream'],
  ['ä b', '%C3%A4%20b.stream'],
  ['50%', '50%25.stream'],
  ["*?:'~", '%2A%3F%3A%27%7E.stream'],
  ['\0', '%00.stream'],
  ['x'.repeat(243), `${'x'.repeat(243)}.stream`],
  ['x'.repeat(244), undefined],
  ['ä'.repeat(41), undefined],
  ['', undefined],
  ['\ud800', undefined],
];

for (const [stream, data] of CASES) {
  t.test(JSON.stringify(stream.slice(0, 20)), async (t) =>
    t.equal(fileNamesOf(stream)?.data, data),
  );
}

t.test('a file tells whose it is, and no two streams share one', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (stream) => {
      const names = fileNamesOf(stream);
      if (names === undefined) return;
      t.same(readFileName(names.data), { kind: 'data', stream });
      t.same(readFileName(names.sidecar), { kind: 'sidecar', stream });
      t.same(readFileName(names.unfinished), { kind: 'unfinished', stream });
      for (const file of Object.values(names)) t.match(file, /^[\w.%-]{1,255}$/);
    }),
  );
});

t.test('files of others are left alone', async (t) => {
  for (const file of ['.lock', 'x', 'x.txt', '.stream', '%zz.stream', 'a b.stream', '%61.stream']) {
    t.same(readFileName(file), { kind: 'other' }, file);
  }
});
