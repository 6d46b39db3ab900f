// HPACK against a model of its peer: whatever a peer does with its table, the lists come out as they went in.
import fc from 'fast-check';
import t from 'tap';
import { PeerEncoder, type PeerStep } from '../support/hpack-peer.ts';
import { buildHpack, type Field, hpackOf } from '../support/hpack-program.ts';

const { decode, encode } = hpackOf(buildHpack(t, 'hpack_cli.cc'));

/** Fixed, so that a failure is the same failure tomorrow. */
const seed = Number(process.env.ZCSERVE_FUZZ_SEED ?? 7541);
const sampled = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number) =>
  fc.sample(fc.noBias(arbitrary), { numRuns, seed });

const textOf = (maxLength: number) =>
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength,
    size: 'max',
  });
/** Of what one peer says, much is the same. */
const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'accept', 'x-name', '', 'b'.repeat(60)) },
  { weight: 2, arbitrary: textOf(8) },
  { weight: 1, arbitrary: textOf(160) },
);

t.test('what is written is read: any bytes, any number of lines', async (t) => {
  const lists = sampled(fc.array(fc.tuple(word, word), { maxLength: 12, size: 'max' }), 2000);
  const blocks = encode(lists);
  const read = decode(blocks.map((block) => ({ table: 0, blocks: [block] })));
  for (const [at, list] of lists.entries()) {
    if (!t.strictSame(read[at], [{ result: 'ok', lines: list }], `seed ${seed}, ${at}`)) return;
  }
  t.ok(lists.flat().length > 5000, 'there were lines');
});

t.test('every status is read as it was written', async (t) => {
  const all = Array.from({ length: 900 }, (_, i): Field => [':status', String(100 + i)]);
  const [[read] = []] = decode([{ table: 0, blocks: encode([all]) }]);
  t.strictSame(read, { result: 'ok', lines: all });
});

const step: fc.Arbitrary<PeerStep> = fc.record({
  name: word,
  value: word,
  way: fc.constantFrom('indexing', 'indexing', 'without', 'never'),
  reuses: fc.boolean(),
});

t.test('a peer may use its table in any way (RFC 7541 §2.3.2, §4, §6)', async (t) => {
  const tables = [0, 33, 256, 700, 1000, 4096];
  const conversation = fc.record({
    table: fc.constantFrom(...tables),
    blocks: fc.array(
      fc.record({
        sizes: fc.array(fc.constantFrom(0, 0.3, 1), { maxLength: 2 }),
        resizes: fc.nat(4).map((number) => number === 0),
        steps: fc.array(step, { maxLength: 20, size: 'max' }),
      }),
      { minLength: 1, maxLength: 12, size: 'max' },
    ),
  });
  const conversations = sampled(conversation, 1000).map(({ table, blocks }) => {
    const peer = new PeerEncoder(table);
    return {
      table,
      blocks: blocks.map(({ sizes, resizes, steps }) =>
        peer.write(resizes ? sizes.map((share) => Math.floor(share * table)) : [], steps),
      ),
      lists: blocks.map(({ steps }) => steps.map(({ name, value }): Field => [name, value])),
      evicted: peer.evicted,
      indexed: peer.indexed,
    };
  });
  const read = decode(conversations);
  for (const [at, { lists }] of conversations.entries()) {
    const wanted = lists.map((lines) => ({ result: 'ok', lines }));
    if (!t.strictSame(read[at], wanted, `seed ${seed}, conversation ${at}`)) return;
  }
  const sum = (of: 'evicted' | 'indexed') =>
    conversations.reduce((total, conversation) => total + conversation[of], 0);
  t.ok(sum('evicted') > 5000, `${sum('evicted')} entries were evicted`);
  t.ok(sum('indexed') > 5000, `${sum('indexed')} were used again`);
});
