// Dictionaries of structured fields: the grammar of RFC 9651 §4.2 to the letter, and no input that is too much for it.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { parseDictionary } from '../../src/http/structured-fields.ts';

/** Members as text: `name=5`, `name?1`, or the name alone for what is not read. */
function shown(text: string): string | undefined {
  const members = parseDictionary(text);
  if (members === undefined) return undefined;
  return [...members]
    .map(([name, member]) => {
      if (member.kind === 'integer') return `${name}=${member.value}`;
      return member.kind === 'boolean' ? `${name}?${Number(member.value)}` : name;
    })
    .join(' ');
}

t.test('what is a dictionary', async (t) => {
  for (const [text, members] of [
    ['', ''],
    ['  ', ''],
    ['sha-256=10', 'sha-256=10'],
    [' sha-256=10 , sha-512=3 ', 'sha-256=10 sha-512=3'],
    ['a=1,\t b=2\t,c=3', 'a=1 b=2 c=3'],
    ['a=1, a=2', 'a=2'],
    ['a', 'a?1'],
    ['a, b;x', 'a?1 b?1'],
    ['a=?0;x=1;  y="z", b=-15', 'a?0 b=-15'],
    ['a=999999999999999', 'a=999999999999999'],
    ['a=0.5, b=123456789012.123', 'a b'],
    ['a="x, \\" \\\\ =", b=to/k:en, *c=*', 'a b *c'],
    ['a=:aGFzaA==:, b=::, c=@1659578233', 'a b c'],
    ['a=(), b=( 1 "x";y  tok ), c=(1 2);q=1', 'a b c'],
    ['a=%"f%c3%bc", _b=1', undefined],
    ['a=%"f%c3%bc"', 'a'],
  ] as const) {
    t.equal(shown(text), members, text);
  }
});

t.test('what is none', async (t) => {
  for (const text of [
    ...[
      'a=1,',
      ',a=1',
      'a=1,,b=2',
      'a=1 b=2',
      'a =1',
      'a= 1',
      '=1',
      'A=1',
      '1a=1',
      '\ta=1',
      'a=1;',
    ],
    ...['a=1000000000000000', 'a=1.', 'a=.1', 'a=1.2345', 'a=1234567890123.1', 'a=--1', 'a=+1'],
    ...['a="x', 'a="\\x"', 'a="ü"', 'a="\t"', 'a=?2', 'a=?', 'a=:x', 'a=:x y:', 'a=@', 'a=@1.5'],
    ...['a=(', 'a=(1', 'a=(1,2)', 'a=("x"1)', 'a=(1)(2)', 'a=%"%C3"', 'a=%"%ff"', 'a=%"x', 'a=ü'],
    ...['a=1;=2', 'a=1;B', 'a=1; =2', 'a=\x00', 'a\n=1', 'a=((1))'],
  ]) {
    t.equal(shown(text), undefined, JSON.stringify(text));
  }
});

const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,8}$/);
const bareItem = fc.oneof(
  fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }).map(String),
  fc.stringMatching(/^-?\d{1,12}\.\d{1,3}$/),
  fc.stringMatching(/^[ !#-[\]-~]{0,8}$/).map((text) => `"${text}"`),
  fc.stringMatching(/^[A-Za-z*][!#$%&'*+.^_`|~\w:/-]{0,8}$/),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => `:${Buffer.from(bytes).toString('base64')}:`),
  fc.boolean().map((is) => `?${Number(is)}`),
);
const parameters = fc
  .array(fc.tuple(key, fc.option(bareItem)), { maxLength: 2 })
  .map((all) =>
    all.map(([name, value]) => `; ${name}${value === null ? '' : `=${value}`}`).join(''),
  );
const item = fc.tuple(bareItem, parameters).map((parts) => parts.join(''));
const member = fc.oneof(
  item,
  fc.array(item, { maxLength: 3 }).map((items) => `( ${items.join('  ')})`),
);

t.test('whatever is written by the grammar is read, by the last value of each name', async () => {
  const dictionary = fc.array(fc.tuple(key, member), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(dictionary, (members) => {
      const text = members.map(([name, value]) => `${name}=${value}`).join(' \t,  ');
      const read = parseDictionary(text);
      assert.deepEqual([...(read?.keys() ?? [])], [...new Map(members).keys()], text);
      for (const [name, value] of new Map(members)) {
        const known = read?.get(name);
        const integer = /^-?\d+(?![\d.])/.exec(value)?.[0];
        assert.equal(known?.kind === 'integer', integer !== undefined, text);
        if (known?.kind === 'integer') assert.equal(known.value, Number(integer));
      }
      assert.equal(parseDictionary(`${text},`), undefined);
    }),
    { numRuns: 500 },
  );
});

t.test('of anything else there is nothing, at once', async (t) => {
  const near = fc.stringMatching(/^[a=1";,:?@%() \\\t.-]{0,40}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), (text) => void parseDictionary(text)),
    { numRuns: 1000 },
  );
  // As long as a head may be.
  for (const part of ['a,', 'a=(1 ', '"', ';a', 'a=%"%c3', '  ', ':', '1']) {
    t.type(parseDictionary(`a=1,${part.repeat(16_384)}!`), 'undefined', part);
  }
});
