// The file beside a stream's bytes: lines of JSON, the first of them what the stream is, then one for each commit.
// Each line ends with the checksum of what stands before it in the line.
import { type Checksum, hexOf } from './checksum.ts';
import type { ClosedBy } from './judge.ts';
import type { Producer, StreamConfig } from './types.ts';

/** The first line. */
export interface Header {
  readonly stream: string;
  readonly id: string;
  readonly createdMs: number;
  readonly config: StreamConfig;
  readonly fork?: HeaderFork | undefined;
  /** It is deleted, and only its name is kept, for these forks. */
  readonly deleted?: readonly string[] | undefined;
}

export interface HeaderFork {
  readonly from: string;
  /** Of the source. */
  readonly id: string;
  /** As they were found, and asked for. */
  readonly offset: number;
  readonly subOffset: number;
  /** It asked for no expiry of its own. */
  readonly inherits: boolean;
}

/** A commit. */
export interface Entry {
  /** One more than that of the line before. */
  readonly n: number;
  readonly tail: number;
  /** CRC-32 of the bytes between the tail before and this. */
  readonly crc: number;
  /** The last entry of which it was known, when this was written, that the disk has it with all before it. */
  readonly synced: number;
  readonly closed?: ClosedBy | undefined;
  /** Stream-Seq. */
  readonly seq?: string | undefined;
  /** Those that changed. */
  readonly producers?: readonly Producer[] | undefined;
  /** When it was read or written last, where it has a time to live: milliseconds since the epoch. */
  readonly touched?: number | undefined;
  readonly forks?: readonly string[] | undefined;
  readonly unforks?: readonly string[] | undefined;
}

export function headerLine(header: Header, checksum: Checksum): Buffer {
  return lineOf({ zcserve: 1, ...header }, checksum);
}

export function entryLine(entry: Entry, checksum: Checksum): Buffer {
  const { n, tail, crc, synced, closed, seq, producers, touched, forks, unforks } = entry;
  return lineOf(
    {
      n,
      tail,
      crc: hexOf(crc),
      synced,
      closed: closed === undefined || closed === 'writer' ? closed : tupleOf(closed),
      seq,
      producers: some(producers)?.map(tupleOf),
      touched,
      forks: some(forks),
      unforks: some(unforks),
    },
    checksum,
  );
}

function some<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

type Tuple = readonly [id: string, epoch: number, seq: number];

const tupleOf = ({ id, epoch, seq }: Producer): Tuple => [id, epoch, seq];
const producerOf = ([id, epoch, seq]: Tuple): Producer => ({ id, epoch, seq });

function lineOf(value: object, checksum: Checksum): Buffer {
  const text = JSON.stringify(value).slice(0, -1);
  return Buffer.from(`${text},"check":"${hexOf(checksum(text))}"}\n`);
}

/** What a sidecar says, as far as it can be believed without a look at the data. */
export type Sidecar =
  | {
      readonly kind: 'read';
      readonly header: Header;
      /** At least one, unless the stream is deleted. `end`: where its line does. */
      readonly entries: ReadonlyArray<{ readonly entry: Entry; readonly end: number }>;
    }
  | { readonly kind: 'damaged'; readonly why: string };

/**
 * Lines from the first on that is not whole are left out: they were being written. Unless one behind it says that it had
 * been synced.
 */
export function readSidecar(bytes: Buffer, checksum: Checksum): Sidecar {
  const lines = linesOf(bytes, checksum);
  const header = lines.next().value;
  if (header?.value === undefined || !isHeader(header.value)) {
    return { kind: 'damaged', why: 'its first line is not whole' };
  }
  const entries: Array<{ entry: Entry; end: number }> = [];
  let isTorn = false;
  for (const { value, end } of lines) {
    const entry = value && readEntry(value);
    const last = entries.at(-1)?.entry;
    const isNext = last === undefined || entry?.n === last.n + 1;
    if (entry === undefined || isTorn || !isNext) {
      isTorn = true;
      if (entry !== undefined && entry.synced > (last?.n ?? -1)) {
        return { kind: 'damaged', why: 'a line in its middle is not whole' };
      }
    } else {
      entries.push({ entry, end });
    }
  }
  if (entries.length === 0 && header.value.deleted === undefined) {
    return { kind: 'damaged', why: 'it has no commit' };
  }
  return { kind: 'read', header: header.value, entries };
}

/** The header of a sidecar of which this is the start; undefined where it is not whole. */
export function readHeader(bytes: Buffer, checksum: Checksum): Header | undefined {
  const value = linesOf(bytes, checksum).next().value?.value;
  return value !== undefined && isHeader(value) ? value : undefined;
}

/** Each with the value that it holds: undefined where it is not whole. */
function* linesOf(
  bytes: Buffer,
  checksum: Checksum,
): Generator<{ readonly value: object | undefined; readonly end: number }, undefined> {
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline < 0 ? bytes.length : newline + 1;
    yield {
      value: newline < 0 ? undefined : parseLine(bytes.subarray(at, newline), checksum),
      end,
    };
    at = end;
  }
}

/** `,"check":"0a1b2c3d"}` */
const CHECK = 20;

function parseLine(line: Buffer, checksum: Checksum): object | undefined {
  const text = line.subarray(0, -CHECK);
  if (line.toString('latin1', text.length) !== `,"check":"${hexOf(checksum(text))}"}`) {
    return undefined;
  }
  return JSON.parse(`${text}}`);
}

function isHeader(value: object): value is Header {
  return 'zcserve' in value && value.zcserve === 1;
}

type WrittenEntry = Omit<Entry, 'crc' | 'closed' | 'producers'> & {
  readonly crc: string;
  readonly closed?: 'writer' | Tuple;
  readonly producers?: readonly Tuple[];
};

/** It is what was written: its checksum says so. */
function readEntry(value: object): Entry | undefined {
  if (!('n' in value)) return undefined;
  const { crc, closed, producers, ...rest } = value as WrittenEntry;
  return {
    ...rest,
    crc: Number.parseInt(crc, 16),
    closed: closed === undefined || closed === 'writer' ? closed : producerOf(closed),
    producers: producers?.map(producerOf),
  };
}
