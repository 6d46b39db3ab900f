// Lines of a sidecar: what is written is read, and what is damaged is told from what was being written.
import fc from 'fast-check';
import t from 'tap';
import { loadChecksum } from '../../src/streams/store/checksum.ts';
import {
  type Entry,
  entryLine,
  type Header,
  headerLine,
  readSidecar,
} from '../../src/streams/store/sidecar.ts';
import { TEXT } from './fixture.ts';

const checksum = loadChecksum();
const HEADER: Header = { stream: 'ä/"b"\n', id: '0123456789abcdef', createdMs: 1, config: TEXT };

function entry(n: number, synced: number, more: Partial<Entry> = {}): Entry {
  return { n, tail: n * 10, crc: n, synced, ...more };
}

function fileOf(entries: readonly Entry[]): Buffer {
  const lines = entries.map((one) => entryLine(one, checksum));
  return Buffer.concat([headerLine(HEADER, checksum), ...lines]);
}

/** The numbers of the entries that are believed, or what is said against them. */
function read(bytes: Buffer): readonly number[] | string {
  const sidecar = readSidecar(bytes, checksum);
  return sidecar.kind === 'damaged' ? sidecar.why : sidecar.entries.map((one) => one.entry.n);
}

t.test('what is written is read', async (t) => {
  const text = fc.string({ unit: 'binary' });
  const producer = fc.record({ id: text, epoch: fc.maxSafeNat(), seq: fc.maxSafeNat() });
  const closed = fc.option(fc.oneof(fc.constant('writer' as const), producer), { nil: undefined });
  fc.assert(
    fc.property(
      fc.record({
        n: fc.maxSafeNat(),
        tail: fc.maxSafeNat(),
        crc: fc.nat(2 ** 32 - 1),
        synced: fc.maxSafeNat(),
        closed,
        seq: text,
        producers: fc.array(producer, { minLength: 1 }),
        touched: fc.maxSafeNat(),
        forks: fc.array(text, { minLength: 1 }),
        unforks: fc.array(text, { minLength: 1 }),
      }),
      (one) => {
        const bytes = fileOf([one]);
        const sidecar = readSidecar(bytes, checksum);
        if (sidecar.kind === 'damaged') throw new Error(sidecar.why);
        const [first] = sidecar.entries;
        t.strictSame(JSON.stringify(first?.entry.producers), JSON.stringify(one.producers));
        t.match(first, { entry: { ...one, closed: one.closed }, end: bytes.length });
        t.equal(sidecar.header.stream, HEADER.stream);
      },
    ),
  );
});

t.test('it is lines that anybody can read', async (t) => {
  const lines = fileOf([entry(0, 0), entry(1, 0, { closed: 'writer' })])
    .toString()
    .split('\n');
  t.equal(lines.pop(), '');
  t.same(
    lines.map((line) => Object.keys(JSON.parse(line))),
    [
      ['zcserve', 'stream', 'id', 'createdMs', 'config', 'check'],
      ['n', 'tail', 'crc', 'synced', 'check'],
      ['n', 'tail', 'crc', 'synced', 'closed', 'check'],
    ],
  );
});

t.test('cut off anywhere, it is what was whole', async (t) => {
  const entries = [entry(0, 0), entry(1, 0), entry(2, 1)];
  const whole = fileOf(entries);
  const ends = entries.map((_, i) => fileOf(entries.slice(0, i + 1)).length);
  for (let size = 0; size <= whole.length; size++) {
    const there = ends.filter((end) => end <= size).length;
    const result = read(whole.subarray(0, size));
    if (there === 0) t.type(result, 'string', `${size} bytes`);
    else t.same(result, [0, 1, 2].slice(0, there), `${size} bytes`);
  }
});

t.test('any byte that is another one is seen', async (t) => {
  const entries = [entry(5, 5), entry(6, 5), entry(7, 5)];
  const whole = fileOf(entries);
  const start = headerLine(HEADER, checksum).length;
  const ends = entries.map((_, i) => fileOf(entries.slice(0, i + 1)).length);
  for (let at = 0; at < whole.length; at++) {
    const bytes = Buffer.from(whole);
    bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
    const result = read(bytes);
    const hit = ends.findIndex((end) => at < end);
    if (at < start || hit === 0) t.type(result, 'string', `byte ${at}`);
    else t.same(result, [5, 6, 7].slice(0, hit), `byte ${at}`);
  }
});

/** A line that is there, or one that is not whole. */
type Line = Entry | 'torn';

const CASES: ReadonlyArray<readonly [claim: string, readonly Line[], ReturnType<typeof read>]> = [
  ['the last is torn', [entry(0, 0), 'torn'], [0]],
  ['some of the last are', [entry(0, 0), 'torn', 'torn'], [0]],
  [
    'one is that was not synced, so those behind it are none',
    [entry(0, 0), 'torn', entry(2, 0)],
    [0],
  ],
  [
    'one is that was synced',
    [entry(0, 0), 'torn', entry(2, 1)],
    'a line in its middle is not whole',
  ],
  [
    'one is missing that was synced',
    [entry(0, 0), entry(2, 1)],
    'a line in its middle is not whole',
  ],
  ['one is missing that was not', [entry(0, 0), entry(2, 0)], [0]],
  ['one is there twice', [entry(0, 0), entry(1, 0), entry(1, 0)], [0, 1]],
  ['none is there', [], 'it has no commit'],
  ['none is whole', ['torn'], 'it has no commit'],
  ['the first is not', ['torn', entry(1, 1)], 'a line in its middle is not whole'],
];

for (const [claim, lines, expected] of CASES) {
  t.test(claim, async (t) => {
    const parts = lines.map((line) =>
      line === 'torn' ? Buffer.from('{"n":1,"ta\0\0\n') : entryLine(line, checksum),
    );
    t.same(read(Buffer.concat([headerLine(HEADER, checksum), ...parts])), expected);
  });
}
