// What HPACK's decoder refuses, and how it keeps its bounds: RFC 7541, and RFC 9113 §6.5.2 for the list.
import t from 'tap';
import {
  buildHpack,
  type Conversation,
  type Decoded,
  type Field,
  hpackOf,
} from '../support/hpack-program.ts';

const { decode } = hpackOf(buildHpack(t, 'hpack_cli.cc'));

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('latin1');
const hexOf = (text: string) => Buffer.from(text, 'latin1').toString('hex').padStart(2, '0');
/** A string without Huffman coding. */
const text = (of: string) => {
  if (of.length < 127) return hexOf(String.fromCharCode(of.length) + of);
  const rest = of.length - 127;
  return `7f${hexOf(String.fromCharCode((rest & 0x7f) | 0x80, rest >> 7))}${hexOf(of)}`;
};
/** A literal that goes into the table. */
const added = (name: string, value: string) => `40${text(name)}${text(value)}`;

/** What the last of some blocks decodes to. */
function last(blocks: readonly string[], limits: Omit<Conversation, 'blocks'> = {}): Decoded {
  const [results = []] = decode([{ ...limits, blocks: blocks.map(bytes) }]);
  return results.at(-1) as Decoded;
}

const ok = (...lines: readonly Field[]): Decoded => ({ result: 'ok', lines });
const tooLarge = (...lines: readonly Field[]): Decoded => ({ result: 'too_large', lines });

const GET: Field = [':method', 'GET'];

/** Each with the reason; what stands in front of it is a good block's. */
const BROKEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '§2.3.3: an index of no entry': {
    'ff 00': 'field 127 of an empty table',
    be: 'field 62 of an empty table',
    'ff ff ff ff 7f': 'the highest index',
    '7f 00 01 61': 'the name of a literal with indexing',
    '0f 2f 01 61': 'the name of a literal without',
    '1f 2f 01 61': 'the name of one never indexed',
    '40 01 61 01 62 bf': 'one behind the only entry',
  },
  '§6.1: the index 0': { '80': 'in its prefix' },
  '§5.1: an integer that does not end': {
    ff: 'an index',
    'ff 80': 'an index, further on',
    '7f': 'the index of a name',
    '0f': 'the index of a name, without indexing',
    '1f 80 80': 'the index of a name, never indexed',
    '3f': 'a size',
    '40 7f': 'the length of a name',
    '40 ff 80 80 80': 'the length of a coded name',
    '41 ff': 'the length of a value',
  },
  '§5.1: an integer that is too large': {
    'ff ff ff ff ff 0f': 'an index of 32 bits',
    'ff ff ff ff ff ff ff ff ff ff 01': 'an index of more than 64',
    'ff 80 80 80 80 00': 'an index of too many bytes, all of them zero',
    '3f 80 80 80 80 00': 'such a size',
    '7f 80 80 80 80 80 01 01 61': 'the index of a name that wraps round to 63',
    '40 7f 80 80 80 80 10': 'a length that wraps round',
    '40 7f ff ff ff 7f': 'the largest length',
  },
  '§5.2: a string that does not end': {
    '40': 'a name that is missing',
    '00 01': 'a name without bytes',
    '10 03 61 62': 'a name that is cut',
    '40 01 61': 'a value that is missing',
    '41': 'a value that is missing after an indexed name',
    '0f 01 05 61 62 63 64': 'a value that is cut',
    '00 01 61 82 1f': 'a coded value that is cut',
    '00 81': 'a coded name without bytes',
  },
  '§5.2: padding that is none': {
    '00 81 ff 00': 'a whole byte of it in a name',
    '00 01 61 81 ff': 'a whole byte of it',
    '00 01 61 82 1f ff': 'eleven bits of it',
    '00 01 61 83 1f ff ff': 'nineteen',
    '00 01 61 85 1f ff ff ff ff': 'thirty-five',
    '00 01 61 81 18': 'zeros',
    '00 01 61 81 1e': 'a zero at its end',
    '00 01 61 81 1b': 'a zero at its begin',
    '00 01 61 82 fe 00': 'zeros after a code that is longer',
    '00 01 61 81 fe': 'a code that is cut',
    '00 01 61 83 ff ff fe': 'a code of 28 bits that is cut',
  },
  '§5.2: EOS in a string': {
    '00 01 61 84 ff ff ff ff': 'its thirty bits, with two of padding',
    '00 01 61 85 ff ff ff fc 1f': 'before a character',
    '00 01 61 85 1f ff ff ff ff': 'after one',
    '00 85 ff ff ff fc 1f 01 61': 'in a name',
  },
  '§4.2: a size behind a field': {
    '82 20': 'even if it changes nothing else',
    '82 3f e1 1f': 'even if it is as before',
    '20 82 20': 'even if there was one in its place',
  },
  '§6.3: a size over the limit': {
    '3f e2 1f': '4097',
    '20 3f e2 1f': 'after another',
    '3f ff ff ff 7f': 'the largest',
  },
};

t.test('a broken block is broken wherever it stands', async (t) => {
  for (const [section, cases] of Object.entries(BROKEN)) {
    await t.test(`RFC 7541 ${section}`, async (t) => {
      for (const [block, why] of Object.entries(cases)) {
        t.equal(last([block]).result, 'broken', `${why}: ${block}`);
        t.equal(last(['82', block]).result, 'broken', `${why}, in a second block`);
        t.equal(last([block], { list: 0 }).result, 'broken', `${why}, in a list without room`);
        if (!/^(?:20 )?(?:82|20|3)/.test(block)) {
          t.equal(last([`82${block}`]).result, 'broken', `${why}, after a field`);
        }
      }
    });
  }
});

t.test('what is next to broken is not', async (t) => {
  const value = (coded: string) => last([`00 01 61 ${coded}`]);
  t.strictSame(last(['']), ok(), 'no field');
  t.strictSame(last(['81']), ok([':authority', '']), 'the lowest index');
  t.strictSame(last(['bd']), ok(['www-authenticate', '']), 'the highest of the static table');
  t.strictSame(last(['3f e1 1f 82']), ok(GET), 'a size of 4096');
  t.strictSame(last(['3f e1 9f 80 00 82']), ok(GET), 'the same in more bytes');
  t.strictSame(last(['20 3f e1 1f 82']), ok(GET), 'two sizes before the first field');
  t.strictSame(last(['20', '3f e1 1f']), ok(), 'a size and no field');
  t.strictSame(last(['00 00 00']), ok(['', '']), 'empty strings');
  t.strictSame(last(['00 80 80']), ok(['', '']), 'empty strings, coded');
  t.strictSame(value('85 18 c6 31 8c 63'), ok(['a', 'aaaaaaaa']), 'no padding');
  t.strictSame(value('84 18 c6 31 ff'), ok(['a', 'aaaaa']), 'seven bits of padding');
  t.strictSame(value('84 ff ff ff f3'), ok(['a', '\n']), 'a code of thirty bits');
  t.strictSame(value('82 ff 3f'), ok(['a', '?']), 'one of ten');
});

t.test('a list has as many lines as fit its limit (RFC 9113 §6.5.2)', async (t) => {
  t.strictSame(last(['82'], { list: 42 }), ok(GET), 'name, value and 32 bytes for it');
  t.strictSame(last(['82'], { list: 41 }), tooLarge(), 'one less');
  t.strictSame(last(['82'], { list: 0 }), tooLarge(), 'none');
  t.strictSame(last(['20'], { list: 0 }), ok(), 'no line needs no limit');
  t.strictSame(
    last(['82 82 82'], { list: 84 }),
    tooLarge(GET, GET),
    'the lines before it are kept',
  );
  const a: Field = ['a', ''];
  t.strictSame(last(['82 00 01 61 00'], { list: 75 }), ok(GET, a), 'a small one after another');
  t.strictSame(
    last([`82 00 01 61 ${text('x'.repeat(40))} 00 01 61 00`], { list: 75 }),
    tooLarge(GET),
    'but none after the one that went over',
  );
  const coded = '00 01 61 84 18 c6 31 ff';
  t.strictSame(
    last([coded], { list: 38 }),
    ok(['a', 'aaaaa']),
    'coded ones count as what they say',
  );
  t.strictSame(last([coded], { list: 37 }), tooLarge(), 'and not as what they take');
  const bomb = [added('x', 'y'.repeat(4000)), 'be'.repeat(100_000)];
  const bombed = last(bomb, { list: 10_000 });
  t.equal(bombed.result, 'too_large');
  t.equal(bombed.lines.length, 2, 'a hundred thousand times an entry of four thousand bytes');
});

t.test('over the limit or not, the table stays in step', async (t) => {
  const long = 'x'.repeat(40);
  const limited = { list: 80 };
  t.strictSame(last([`82 82 ${added('name', long)}`], limited), tooLarge(GET));
  t.strictSame(last([`82 82 ${added('name', long)}`, 'be'], limited), ok(['name', long]));
  t.strictSame(
    last([`82 82 ${added('name', long)} 7e ${text('other')}`, 'be'], limited),
    ok(['name', 'other']),
    'a name of the table, and into it',
  );
  t.strictSame(
    last([`82 82 40 01 61 84 18 c6 31 ff`, 'be'], limited),
    ok(['a', 'aaaaa']),
    'and what is coded',
  );
});

t.test('the table evicts the oldest, and counts 32 for each (RFC 7541 §4.1, §4.4)', async (t) => {
  const filled = [added('a', 'x'.repeat(31)), added('b', 'y'.repeat(31))];
  const table = 128;
  t.strictSame(last([...filled, 'be bf'], { table }).lines.map(String), [
    `b,${'y'.repeat(31)}`,
    `a,${'x'.repeat(31)}`,
  ]);
  t.equal(last([...filled, 'be bf'], { table: table - 1 }).result, 'broken', 'one byte less');
  t.strictSame(last([...filled, added('c', ''), 'be'], { table }), ok(['c', '']));
  t.equal(last([...filled, added('c', ''), 'bf c0'], { table }).result, 'broken', 'a is gone');
  t.strictSame(
    last([...filled, `7f 00 ${text('new')}`, 'be'], { table }),
    ok(['a', 'new']),
    'the name of an entry that the new one evicts',
  );
  const whole = added('a', 'z'.repeat(95));
  t.strictSame(last([...filled, whole, 'be'], { table }), ok(['a', 'z'.repeat(95)]), 'all of it');
  const larger = added('a', 'z'.repeat(96));
  t.strictSame(last([...filled, larger], { table }), ok(['a', 'z'.repeat(96)]), 'larger than it');
  t.equal(last([...filled, larger, 'be'], { table }).result, 'broken', 'leaves it empty');
  t.strictSame(last([larger, added('d', 'e'), 'be'], { table }), ok(['d', 'e']), 'but in use');
});

t.test('a size holds from where it is said (RFC 7541 §4.2, §4.3)', async (t) => {
  const filled = [added('a', 'b'), added('c', 'd')];
  t.equal(last([...filled, '3f 03 bf']).result, 'broken', '34 has room for the newer');
  t.strictSame(last([...filled, '3f 03 be']), ok(['c', 'd']));
  t.equal(last([...filled, '3f 02 be']).result, 'broken', '33 for none');
  t.equal(last([...filled, '20 3f e1 1f be']).result, 'broken', '0 empties it, whatever follows');
  t.strictSame(last([...filled, '20 3f e1 1f', added('e', 'f'), 'be']), ok(['e', 'f']));
  t.equal(last([...filled, '20', added('e', 'f'), 'be']).result, 'broken', '0 keeps it empty');
  t.strictSame(last(['20', added('e', 'f')]), ok(['e', 'f']), 'which breaks nothing');
});

t.test('the limit of sizes is our own setting', async (t) => {
  t.equal(last(['21'], { table: 0 }).result, 'broken');
  t.strictSame(last([`20 ${added('a', 'b')}`], { table: 0 }), ok(['a', 'b']));
  t.equal(last([added('a', 'b'), 'be'], { table: 0 }).result, 'broken', 'no table at all');
  const large = added('a', 'b'.repeat(5000));
  t.equal(last([large, 'be'], { table: 65536 }).result, 'broken', 'a peer begins with 4096');
  const raised = '3f e1 ff 03';
  t.strictSame(last([raised, large, 'be'], { table: 65536 }), ok(['a', 'b'.repeat(5000)]));
  t.equal(last(['3f e2 ff 03'], { table: 65536 }).result, 'broken', 'one more');
});
