import fc from 'fast-check';
import t from 'tap';
import { readJsonMessages } from '../../src/streams/json-messages.ts';

function textOf(body: string | Uint8Array): string | undefined {
  const read = readJsonMessages(Buffer.from(body));
  return read.kind === 'messages' ? Buffer.from(read.bytes).toString() : undefined;
}

t.test('PROTOCOL.md §9.1.2: one level of an array is flattened', async (t) => {
  const cases: ReadonlyArray<readonly [body: string, stored: string]> = [
    ['{"event":"created"}', '{"event":"created"},\n'],
    ['[{"a":1},{"b":2}]', '{"a":1},\n{"b":2},\n'],
    ['[[1,2],[3,4]]', '[1,2],\n[3,4],\n'],
    ['[[[1,2,3]]]', '[[1,2,3]],\n'],
    ['[]', ''],
    [' [ ] ', ''],
    ['[[]]', '[],\n'],
    ['[{}]', '{},\n'],
    ['1', '1,\n'],
    ['"x"', '"x",\n'],
    ['null', 'null,\n'],
  ];
  for (const [body, stored] of cases) t.equal(textOf(body), stored, body);
  t.same(readJsonMessages(Buffer.from('[1,[2],{"a":3}]')), {
    kind: 'messages',
    bytes: Buffer.from('1,\n[2],\n{"a":3},\n'),
    count: 3,
  });
});

t.test('numbers and strings stay as they are, white space between tokens goes', async (t) => {
  const cases: ReadonlyArray<readonly [body: string, stored: string]> = [
    ['12345678901234567890.10', '12345678901234567890.10,\n'],
    ['[ -0.0 , 1E+5 ,\t1e-5,\r\n 0e0 ]', '-0.0,\n1E+5,\n1e-5,\n0e0,\n'],
    [' { "a b" : [ true , false , null ] } ', '{"a b":[true,false,null]},\n'],
    ['"\\u0041\\/\\n \u2028 \\ud800"', '"\\u0041\\/\\n \u2028 \\ud800",\n'],
    ['{"a":1,"a":2}', '{"a":1,"a":2},\n'],
    ['"ünïcödé 😀"', '"ünïcödé 😀",\n'],
  ];
  for (const [body, stored] of cases) t.equal(textOf(body), stored, encodeURI(body));
});

t.test('what is no JSON text is none', async (t) => {
  const cases = [
    ...['', ' ', 'x', 'tru', 'nulll', 'True', '[1,]', '[,1]', '[1 2]', '[1', '[1]]', '1]', '1,2'],
    ...['{', '}', '{"a"}', '{"a":}', '{"a":1,}', '{a:1}', '{"a":1 "b":2}', '{"a":1]', '[1}'],
    ...['01', '-', '+1', '.5', '1.', '1e', '1e+', '0x1', '1_000', 'NaN', 'Infinity', '--1', '00'],
    ...[
      '"',
      '"a',
      '"\\"',
      '"\\x41"',
      '"\\u12g4"',
      '"\\u123"',
      '"a\nb"',
      '"a\tb"',
      "'a'",
      '"\u0000"',
    ],
    ...[
      '\ufeff1',
      '1\u00a0',
      '/* */1',
      '1//',
      '{"a":1}{"b":2}',
      '[1][2]',
      '\u000b1',
      '{"a":1}\u0000',
    ],
  ];
  for (const body of cases) t.equal(textOf(body), undefined, JSON.stringify(body));
  for (const hex of ['22ff22', '22c3', '22c3a9c322', '22eda08022', 'c0a2', '22f8888080802 2']) {
    const body = Buffer.from(hex.replace(' ', ''), 'hex');
    t.equal(textOf(body), undefined, `no UTF-8: ${hex}`);
  }
});

t.test('it agrees with JSON.parse', async (t) => {
  const expected = (text: string): string | undefined => {
    try {
      const value: unknown = JSON.parse(text);
      const messages = Array.isArray(value) ? value : [value];
      return messages.map((each) => `${JSON.stringify(each)},\n`).join('');
    } catch {
      return undefined;
    }
  };
  const spaced = fc
    .tuple(fc.json(), fc.constantFrom('', ' ', '\n', '\t\r\n '))
    .map(([text, space]) => text.replace(/(?<=^[^"]*)[,:[\]{}]/g, `${space}$&${space}`));
  fc.assert(fc.property(fc.json(), (text) => t.equal(textOf(text), expected(text), text)));
  fc.assert(fc.property(spaced, (text) => t.equal(textOf(text), expected(text), text)));
  // A letter is changed: most are none any more, and both say so.
  const broken = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom(...'{}[]",:.-+eE01 \\utfn\u0001'))
    .map(
      ([text, at, char]) =>
        text.slice(0, at % text.length) + char + text.slice((at % text.length) + 1),
    );
  fc.assert(
    fc.property(broken, (text) => {
      t.equal(textOf(text) === undefined, expected(text) === undefined, text);
    }),
    { numRuns: 1000 },
  );
});

t.test('it nests as deep as it likes', async (t) => {
  const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000);
  t.equal(textOf(deep)?.length, deep.length);
  t.equal(textOf('['.repeat(1_000_000)), undefined);
  t.equal(textOf(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)?.length, 600_003);
  t.equal(textOf(`[${'[1],'.repeat(100_000)}{}]`)?.length, 5 * 100_000 + 4);
});
