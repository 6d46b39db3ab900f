// What directories contain: read once for all who ask at the same time, kept while it holds.
import { LRUCache } from 'lru-cache';
import type { Log } from '../log/log.ts';
import type { Contents, ListingRun } from '../plan/types.ts';
import { CARRIED_NAMES } from './carried.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { codeOf } from './errno.ts';
import type { FileCache, Freshness } from './freshness.ts';
import { closeAll, type DirectoryRead, directoryOf, type Found, type Root } from './root.ts';

export interface ListingsOptions {
  /** Runs it on one root throughout. */
  readonly use: <T>(work: (root: Pick<Root, 'open' | 'read'>) => Promise<T>) => Promise<T>;
  /** Hidden names too? */
  readonly dotfiles: boolean;
  /** Are the root's files of rules left out (carried.ts)? */
  readonly siteRules: boolean;
  readonly freshness: Freshness;
  readonly log: Log;
}

/** Contents, or why there are none: whatever stands there instead of a directory. */
export type Read = Contents | Exclude<Found, { type: 'directory' }>;

interface Kept {
  readonly read: Read;
  readonly version: string;
  freshUntil: number;
}

interface Flight {
  readonly read: Promise<Read>;
  /** When it began to look; undefined while it waits for others. */
  since: number | undefined;
  /** Something changed there since, or may have. */
  overtaken: boolean;
  /** Of the directory that it reads; undefined until that is open. */
  version: string | undefined;
  /** The one after it, for those who come too late for this one. */
  next: Promise<Read> | undefined;
}

/** Entries from which contents are kept at once. Of fewer, once they are asked for again: most directories are listed once. */
const KEPT_MIN = 500;

/** Contents that are kept, bytes: half a million names of 16 characters. */
const MAX_KEPT = 16 * 1024 * 1024;

/** What a directory that is kept takes beside its contents: a place here, and a watch. */
const KEPT_BYTES = 1024;

/**
 * A file system's times move by ticks of its kernel, 1 to 10 ms: of a directory that changed so lately, the version
 * does not tell whether it has changed again.
 */
const TICK_MS = 20;

/**
 * What takes long to read is trusted for so many times as long: whoever goes on asking for a million entries, which take
 * seconds, has a part of one core, not all of it.
 */
const REST = 4;

/** Directories that are read at a time: each holds a descriptor, and has a thread of libuv's pool now and then. */
const MAX_READING = 2;

/** More are no page for anybody: a million rows take 100 MB and a minute of a browser. */
const MAX_ENTRIES = 1_000_000;

export class Listings implements FileCache {
  readonly #options: ListingsOptions;
  readonly #kept: LRUCache<string, Kept>;
  readonly #flights = new Map<string, Flight>();
  #reading = 0;
  readonly #waiting: Array<() => void> = [];
  readonly #doorkeeper = new Doorkeeper();

  constructor(options: ListingsOptions) {
    this.#options = options;
    this.#kept = new LRUCache({
      maxSize: MAX_KEPT,
      sizeCalculation: ({ read }) => Math.min(sizeOf(read), MAX_KEPT),
      dispose: (_, directory, reason) => {
        options.freshness.unwatch(directory);
        // Nobody hears of its changes any more.
        if (reason !== 'set') options.freshness.forget([directory]);
      },
    });
  }

  /**
   * The contents of a directory that has this version. The same object means the same contents. Names that come and go
   * change the version; what happens to the files themselves is seen by the next read, after `revalidateMs`, or once
   * somebody drops the directory.
   */
  get(directory: string, version: string): Read | Promise<Read> {
    const kept = this.#kept.get(directory);
    if (kept?.version === version && this.#options.freshness.now() < kept.freshUntil)
      return kept.read;
    return this.#read(directory, version);
  }

  /** For how long, ms, these contents are what `get` returns for this version; 0 where it would read. */
  lasts(directory: string, version: string, contents: Contents): number {
    const kept = this.#kept.peek(directory);
    if (kept?.read !== contents || kept.version !== version) return 0;
    return Math.max(0, Math.floor(kept.freshUntil - this.#options.freshness.now()));
  }

  /** What its directory holds is no longer what it was. */
  drop(path: string): void {
    const directory = directoryOf(path);
    const kept = this.#kept.peek(directory);
    if (kept !== undefined) {
      kept.freshUntil = 0;
      this.#options.freshness.forget([directory]);
    }
    const flight = this.#flights.get(directory);
    if (flight !== undefined) flight.overtaken = true;
  }

  /** What was read before is of another root: whoever asks from now on shares nothing with it. */
  clear(): void {
    this.#flights.clear();
    this.#kept.clear();
  }

  /** Who asks later than `revalidateMs` after a read began, or of a later version, shares the one after it. */
  #read(directory: string, version: string): Promise<Read> {
    const flying = this.#flights.get(directory);
    if (flying === undefined) return this.#start(directory);
    if (flying.since === undefined || this.#isInTime(flying, version)) return flying.read;
    flying.next ??= flying.read.then(() => this.#start(directory));
    return flying.next;
  }

  #isInTime({ since = 0, overtaken, version }: Flight, wanted: string): boolean {
    const { freshness } = this.#options;
    if (overtaken || (version !== undefined && version !== wanted)) return false;
    return freshness.now() < since + freshness.revalidateMs;
  }

  #start(directory: string): Promise<Read> {
    const flight: Flight = {
      read: this.#slot()
        .then(() => {
          flight.since = this.#options.freshness.now();
          flight.overtaken = false;
          return this.#options.use((root) => this.#look(root, directory, flight));
        })
        .finally(() => {
          if (this.#flights.get(directory) === flight) this.#flights.delete(directory);
          this.#reading--;
          this.#waiting.shift()?.();
        }),
      since: undefined,
      overtaken: false,
      version: undefined,
      next: undefined,
    };
    this.#flights.set(directory, flight);
    return flight.read;
  }

  /** Settles when fewer than MAX_READING are under way. */
  async #slot(): Promise<void> {
    while (this.#reading >= MAX_READING) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#reading++;
  }

  async #look(root: Pick<Root, 'open' | 'read'>, directory: string, flight: Flight): Promise<Read> {
    const { dotfiles, siteRules } = this.#options;
    const began = Date.now();
    const [found] = await root.open([directory]);
    if (found === undefined) return { type: 'error', errno: 'EIO' };
    if (found.type !== 'directory') {
      closeAll([found]);
      return found;
    }
    flight.version = found.version;
    if (Math.abs(began - found.mtimeMs) < TICK_MS) flight.overtaken = true;
    try {
      const all = await root.read(found.file, directory, dotfiles, MAX_ENTRIES);
      const contents = siteRules && directory === '' ? withoutCarried(all) : all;
      tellLeftOut(directory, contents, this.#options.log);
      if (this.#doorkeeper.knows(directory) || contents.count >= KEPT_MIN) {
        return this.#keep(directory, found.version, contents, flight);
      }
      this.#kept.delete(directory);
      return contents;
    } catch (error) {
      const failure: Read = { type: 'error', errno: codeOf(error) };
      // It would be read to the same end by the next one.
      if (failure.errno === 'EFBIG') return this.#keep(directory, found.version, failure, flight);
      return failure;
    } finally {
      closeAll([found]);
    }
  }

  #keep(directory: string, version: string, read: Read, flight: Flight): Read {
    const { freshness } = this.#options;
    const before = this.#kept.peek(directory)?.read;
    const same = before !== undefined && isSame(before, read) ? before : read;
    // Before what was kept goes: the directory stays watched.
    freshness.watch(directory);
    this.#kept.set(directory, {
      read: same,
      version,
      freshUntil: this.#freshUntil(flight),
    });
    return same;
  }

  #freshUntil({ since = 0, overtaken }: Flight): number {
    const { now, revalidateMs } = this.#options.freshness;
    if (overtaken || revalidateMs === 0) return Number.NEGATIVE_INFINITY;
    return since + Math.max(revalidateMs, REST * (now() - since));
  }
}

function withoutCarried(read: DirectoryRead): DirectoryRead {
  const runs = CARRIED_NAMES.reduce(
    (left, name) => left.map((run) => withoutName(run, name)),
    read.runs,
  );
  return { ...read, runs, count: runs.reduce((sum, { numbers }) => sum + numbers.length / 2, 0) };
}

/** There may be a million: they are not made texts for the sake of one. */
function withoutName(run: ListingRun, name: string): ListingRun {
  const names = Buffer.from(run.names.buffer, run.names.byteOffset, run.names.byteLength);
  const own = Buffer.from(`\0${name}\0`);
  const isFirst = names.subarray(0, own.length - 1).equals(own.subarray(1));
  const start = isFirst ? 0 : names.indexOf(own) + 1;
  if (start === 0 && !isFirst) return run;
  const end = start + name.length + 1;
  const at = 2 * names.subarray(0, start).reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0);
  const numbers = new Float64Array(run.numbers.length - 2);
  numbers.set(run.numbers.subarray(0, at));
  numbers.set(run.numbers.subarray(at + 2), at);
  return { names: Buffer.concat([names.subarray(0, start), names.subarray(end)]), numbers };
}

function sizeOf(read: Read): number {
  const runs = 'runs' in read ? read.runs : [];
  return runs.reduce(
    (sum, { names, numbers }) => sum + names.byteLength + numbers.byteLength + 256,
    KEPT_BYTES,
  );
}

function isSame(a: Read, b: Read): boolean {
  return (
    'runs' in a &&
    'runs' in b &&
    a.count === b.count &&
    a.runs.length === b.runs.length &&
    a.runs.every(({ names, numbers }, i) => {
      const other = b.runs[i];
      return other && isEqual(names, other.names) && isEqual(numbers, other.numbers);
    })
  );
}

function isEqual(a: Uint8Array | Float64Array, b: Uint8Array | Float64Array): boolean {
  const bytesOf = ({ buffer, byteOffset, byteLength }: typeof a) =>
    Buffer.from(buffer, byteOffset, byteLength);
  return bytesOf(a).equals(bytesOf(b));
}

/** Whoever put it there looks for it in the listing. */
function tellLeftOut(directory: string, { unnameable, refused }: DirectoryRead, log: Log): void {
  const left = [
    ...(unnameable > 0 ? [`names with a backslash or not in UTF-8: ${unnameable}`] : []),
    ...(refused > 0 ? [`links that are not followed: ${refused}`] : []),
  ];
  if (left.length === 0) return;
  log.warn(
    `/${directory} is listed without what cannot be asked for: ${left.join(', ')}`,
    `left:${directory}`,
  );
}
