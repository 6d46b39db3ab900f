// What is left of a stream after a crash: a state that it had, with all that was synced, and no byte of another.
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { createLog } from '../../src/log/log.ts';
import { loadChecksum } from '../../src/streams/store/checksum.ts';
import type { Disk } from '../../src/streams/store/disk.ts';
import { CommittedLedger } from '../../src/streams/store/ledger.ts';
import { fileNamesOf } from '../../src/streams/store/names.ts';
import { recover } from '../../src/streams/store/recover.ts';
import { type Entry, entryLine, type Header, headerLine } from '../../src/streams/store/sidecar.ts';
import { Turns } from '../../src/streams/store/turns.ts';
import { makeTree } from '../support/tree.ts';
import { contentOf, dataFile, found, sidecarFile, startStore, TEXT, text } from './fixture.ts';

const checksum = loadChecksum();
const NAME = 's';
const HEADER: Header = { stream: NAME, id: 'id', createdMs: 1, config: TEXT };

const directory = makeTree(t);
const lines: string[] = [];
const disk: Disk = {
  directory,
  addon: undefined,
  checksum,
  log: createLog({ write: (line) => lines.push(line) }),
  turns: new Turns(2),
  counts: { commits: 0, syncs: 0 },
};

/** Both files after each commit, and what they say. */
interface State {
  readonly dataSize: number;
  readonly sidecarSize: number;
  readonly whole: CommittedLedger['whole'];
}

interface History {
  readonly data: Buffer;
  readonly sidecar: Buffer;
  readonly states: readonly State[];
  /** The last that the disk has for sure. */
  readonly synced: number;
}

interface Commit {
  readonly bytes: Uint8Array;
  readonly producer: string | undefined;
  readonly seq: string | undefined;
  readonly closes: boolean;
  /** Had the one before been synced when it was written? */
  readonly isSynced: boolean;
}

function plain(bytes: Uint8Array): Commit {
  return { bytes, producer: undefined, seq: undefined, closes: false, isSynced: true };
}

function historyOf(commits: readonly Commit[]): History {
  const ledger = new CommittedLedger();
  const states: State[] = [];
  let data = Buffer.of();
  let sidecar = headerLine(HEADER, checksum);
  let synced = 0;
  for (const [n, { bytes, producer, seq, closes, isSynced }] of commits.entries()) {
    if (isSynced && n > 0) synced = n - 1;
    const crc = n === 0 ? 0 : checksum(bytes);
    const producers = producer === undefined ? [] : [{ id: producer, epoch: 0, seq: n }];
    const closed = closes ? ('writer' as const) : undefined;
    const tail = data.length + bytes.length;
    const entry: Entry = { n, tail, crc, synced, producers, seq, closed };
    data = Buffer.concat([data, bytes]);
    sidecar = Buffer.concat([sidecar, entryLine(entry, checksum)]);
    ledger.add(entry);
    states.push({ dataSize: data.length, sidecarSize: sidecar.length, whole: ledger.whole });
  }
  return { data, sidecar, states, synced };
}

const commit = fc.record({
  bytes: fc.uint8Array({ maxLength: 30 }),
  producer: fc.option(fc.constantFrom('p', 'q'), { nil: undefined }),
  seq: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
  closes: fc.boolean(),
  isSynced: fc.boolean(),
});
const history = fc.array(commit, { minLength: 1, maxLength: 8 }).map(historyOf);

/** Opens it, and looks at what is there then. Returns which of the states it is; throws if it is none. */
async function stateAfter({ data, states, synced }: History): Promise<number> {
  const names = fileNamesOf(NAME);
  if (names === undefined) throw new Error('no names');
  const recovered = await recover(disk, NAME, names, false);
  if (recovered?.kind !== 'stream') throw new Error('no stream');
  await recovered.files.close();
  const { n, ledger } = recovered;
  const state = states[n];
  if (state === undefined || n < synced) throw new Error(`state ${n}, ${synced} was synced`);
  t.same(ledger.whole, state.whole);
  const content = readFileSync(dataFile(directory, NAME));
  if (!content.equals(data.subarray(0, state.dataSize))) throw new Error('other bytes');
  if (statSync(sidecarFile(directory, NAME)).size !== state.sidecarSize) throw new Error('not cut');
  return n;
}

function put(data: Uint8Array, sidecar: Uint8Array): void {
  writeFileSync(dataFile(directory, NAME), data);
  writeFileSync(sidecarFile(directory, NAME), sidecar);
}

t.test('cut off at any byte of the last commit, of one file or both', async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.nat(), fc.nat(), async (one, cutData, cutSidecar) => {
      const { data, sidecar, states } = one;
      const last = states.length - 1;
      const before = states[last - 1];
      if (before === undefined) return;
      const dataSize = before.dataSize + (cutData % (data.length - before.dataSize + 1));
      const sidecarSize =
        before.sidecarSize + (cutSidecar % (sidecar.length - before.sidecarSize + 1));
      put(data.subarray(0, dataSize), sidecar.subarray(0, sidecarSize));
      const isWhole = dataSize === data.length && sidecarSize === sidecar.length;
      const n = await stateAfter(one);
      if (n !== (isWhole ? last : last - 1)) throw new Error(`state ${n} of ${last}`);
      if ((await stateAfter(one)) !== n) throw new Error('another one at the second opening');
    }),
    { numRuns: 300 },
  );
});

t.test('whatever a disk has kept of what was not synced', async () => {
  const damage = fc.array(
    fc.record({ at: fc.nat(), length: fc.nat(60), value: fc.constantFrom(0, 0xff) }),
    { maxLength: 4 },
  );
  const size = fc.nat();
  await fc.assert(
    fc.asyncProperty(history, damage, damage, size, size, async (one, ofData, ofSidecar, d, s) => {
      const { states, synced } = one;
      const known = states[synced];
      if (known === undefined) return;
      const kept = (
        whole: Buffer,
        from: number,
        holes: typeof damage extends fc.Arbitrary<infer T> ? T : never,
        cut: number,
      ) => {
        const end = from + (cut % (whole.length - from + 1));
        const bytes = Buffer.from(whole.subarray(0, end));
        for (const { at, length, value } of holes) {
          const start = from + (at % (whole.length - from + 1));
          bytes.fill(value, Math.min(start, end), Math.min(start + length, end));
        }
        return bytes;
      };
      put(
        kept(one.data, known.dataSize, ofData, d),
        kept(one.sidecar, known.sidecarSize, ofSidecar, s),
      );
      await stateAfter(one);
    }),
    { numRuns: 500 },
  );
});

t.test('what was synced and is not there is damage, and nothing is cut', async (t) => {
  const bytes = Buffer.from('0123456789');
  const commits = [0, 1, 2, 3].map(() => plain(bytes));
  const { data, sidecar, states } = historyOf(commits);
  const known = states[2];
  if (known === undefined) throw new Error('no such state');
  const broken = Buffer.from(sidecar);
  broken.writeUInt8(0, (states[0]?.sidecarSize ?? 0) + 5);
  const headless = Buffer.from(sidecar);
  headless.writeUInt8(0, 3);
  const cases: ReadonlyArray<readonly [why: RegExp, Buffer, Buffer]> = [
    [/s\.stream is damaged: 29 bytes, of 30 that were synced/, data.subarray(0, 29), sidecar],
    [/s\.commits is damaged: a line in its middle is not whole/, data, broken],
    [/s\.commits is damaged: its first line is not whole/, data, headless],
    [/s\.commits is damaged: its first line is not whole/, data, Buffer.of()],
    [/s\.commits is damaged: it has no commit/, data, headerLine(HEADER, checksum)],
  ];
  for (const [why, dataThere, sidecarThere] of cases) {
    put(dataThere, sidecarThere);
    const { store, lines } = await startStore(t, { directory });
    await t.rejects(async () => store.find(NAME), { code: 'EBADMSG', message: why });
    t.same(await store.create(NAME, TEXT), { kind: 'failed', errno: 'EBADMSG' });
    await store.close();
    t.ok(readFileSync(dataFile(directory, NAME)).equals(dataThere), 'the data is as it was');
    t.ok(readFileSync(sidecarFile(directory, NAME)).equals(sidecarThere), 'the sidecar too');
    t.same(lines, []);
  }
  const { store } = await startStore(t, { directory });
  t.same(await store.delete(NAME), { kind: 'deleted' }, 'it can be deleted');
  t.equal(await store.find(NAME), undefined);
});

t.test('what was cut off is told once, with how much it was', async (t) => {
  const bytes = Buffer.from('0123456789');
  const { data, sidecar } = historyOf([plain(bytes)]);
  put(Buffer.concat([data, Buffer.from('torn')]), Buffer.concat([sidecar, Buffer.from('{"n":')]));
  const first = await startStore(t, { directory });
  const stream = await found(first.store, NAME);
  t.same(first.lines, [
    'zcserve: warn: stream s: cut off what was not committed: 4 bytes, 5 of its sidecar\n',
  ]);
  t.match(await stream.append(text('abc')), { kind: 'appended', tail: 13 });
  const again = await first.reopen();
  t.equal((await found(again.store, NAME)).tail, 13);
  t.equal(contentOf(directory, NAME), '0123456789abc');
  t.same(again.lines, []);
});

t.test('a large stream is not read to be opened', async (t) => {
  const SIZE = 2 ** 30;
  put(Buffer.of(), Buffer.of());
  truncateSync(dataFile(directory, NAME), SIZE + 3);
  const { store } = await startStore(t, { directory });
  // Its checksums are wrong: whoever reads it finds out.
  const entries = [
    { n: 7, tail: SIZE / 2, crc: 1, synced: 7 },
    { n: 8, tail: SIZE, crc: 2, synced: 7 },
    { n: 9, tail: SIZE, crc: 0, synced: 8 },
  ];
  const sidecar = entries.map((entry) => entryLine(entry, checksum));
  writeFileSync(
    sidecarFile(directory, NAME),
    Buffer.concat([headerLine(HEADER, checksum), ...sidecar]),
  );
  const stream = await found(store, NAME);
  t.equal(stream.tail, SIZE);
  t.match(await stream.append(text('x')), { kind: 'appended', tail: SIZE + 1 });
});
