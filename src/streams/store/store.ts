// The streams of one directory: which are open, and what is done with the name of one, in turn for each name.
import { codeOf } from '../../files/errno.ts';
import { textOf } from '../../log/log.ts';
import { noCounts } from './counts.ts';
import { createStream } from './create.ts';
import { type Disk, syncDirectory } from './disk.ts';
import { Expiry } from './expiry.ts';
import { FileStream, type Shared } from './file-stream.ts';
import { Journal } from './journal.ts';
import type { Made } from './make.ts';
import { fileNamesOf, type StreamFileNames } from './names.ts';
import { OpenStreams } from './open-streams.ts';
import { type Recovered, recover, UnsafeError } from './recover.ts';
import { type Removal, removeStream, removeTombstone } from './remove.ts';
import { Rooms } from './rooms.ts';
import { Space } from './space.ts';
import { removeLeftovers, survey } from './survey.ts';
import { erase } from './tombstones.ts';
import type {
  Created,
  Deleted,
  First,
  Fork,
  ForkConfig,
  Found,
  Room,
  StoreOptions,
  StoreStats,
  StreamConfig,
  StreamStore,
} from './types.ts';
import { isAsWished, type Wish } from './wish.ts';

export class FileStreamStore implements StreamStore {
  readonly #shared: Shared;
  readonly #streams: OpenStreams;
  readonly #expiry: Expiry;
  /** What is done with a name, one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Not to be opened before the next start. */
  readonly #unsafe = new Map<string, UnsafeError>();
  #closing: Promise<void> | undefined;
  #count = 0;

  /** `now`: milliseconds since the epoch. */
  constructor(disk: Disk, options: StoreOptions, now: () => number = Date.now) {
    this.#streams = new OpenStreams(options.openStreams);
    this.#expiry = new Expiry((name) => void this.#expire(name), now);
    this.#shared = {
      disk,
      options,
      now,
      rooms: new Rooms(options.maxWaiting),
      space: new Space(disk.directory, options),
      counts: noCounts(),
      used: (stream) => this.#streams.use(stream),
    };
  }

  get #isSynced(): boolean {
    return this.#shared.options.durability !== 'none';
  }

  /** Looks at what is there: all of it before this resolves where there is a quota. Never rejects. */
  async begin(): Promise<void> {
    const { disk, space, options, now } = this.#shared;
    const sinceMs = now();
    await space.look();
    const surveyed = survey(disk, {
      isOver: () => this.#closing !== undefined,
      tell: ({ name, createdMs, bytes, expiresMs }) => {
        // Counted already.
        if (createdMs >= sinceMs) return;
        this.#count++;
        space.used += bytes;
        this.#expiry.set(name, expiresMs);
      },
      tellOther: (name) =>
        this.#inTurn(name, async () => {
          const names = fileNamesOf(name);
          const isUsed = this.#streams.get(name) !== undefined;
          if (names !== undefined && !isUsed) await removeLeftovers(disk, names);
        }),
    });
    if (options.quota !== undefined) await surveyed;
  }

  /** From now on. Rejects with an Error that has `code`. */
  async configure(options: StoreOptions): Promise<void> {
    const { disk, rooms, space } = this.#shared;
    const wasSynced = this.#isSynced;
    this.#shared.options = options;
    rooms.most = options.maxWaiting;
    space.options = options;
    this.#streams.most = options.openStreams;
    // Names of streams that were made before.
    if (this.#isSynced && !wasSynced) await syncDirectory(disk);
  }

  find(name: string): Found | Promise<Found> {
    return this.#find(name);
  }

  create(name: string, config: StreamConfig, first?: First, room?: Room): Promise<Created> {
    return this.#create(name, { config, first, room });
  }

  async fork(
    name: string,
    config: ForkConfig,
    fork: Fork,
    first?: First,
    room?: Room,
  ): Promise<Created> {
    let found: FileStream | 'soft-deleted' | undefined;
    try {
      // Before it is this name's turn: two that wait for each other would wait forever.
      found = await this.#find(fork.from);
    } catch (error) {
      return { kind: 'failed', errno: codeOf(error) };
    }
    if (!(found instanceof FileStream)) {
      return this.#create(name, { config, fork: { ...fork, source: found }, first, room });
    }
    const { file, tail, id, config: inherited } = found;
    file.retain();
    const source = { file, tail, id, config: inherited };
    try {
      return await this.#create(name, { config, fork: { ...fork, source }, first, room }, found);
    } finally {
      file.release();
    }
  }

  async delete(name: string): Promise<Deleted> {
    try {
      const removal = await this.#inTurn(name, () => this.#delete(name));
      if (typeof removal === 'string') return { kind: removal };
      await this.#unfork(name, removal);
      return { kind: 'deleted' };
    } catch (error) {
      return { kind: 'failed', errno: codeOf(error) };
    }
  }

  reserve(bytes: number): Room | Promise<Room> {
    return this.#shared.rooms.reserve(bytes);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  stats(): StoreStats {
    const { disk, rooms, space, counts } = this.#shared;
    return {
      ...disk.counts,
      ...counts,
      open: this.#streams.open,
      streams: this.#count,
      storedBytes: space.used,
      waitingBytes: rooms.taken,
    };
  }

  async #close(): Promise<void> {
    this.#expiry.close();
    await Promise.allSettled(this.#turns.values());
    await Promise.all(this.#streams.all().map((stream) => stream.end('closing')));
  }

  /** Resolves or rejects as `run`, beside which nothing else is done with this name. */
  #inTurn<T>(name: string, run: () => Promise<T>): Promise<T> {
    const running = (this.#turns.get(name) ?? Promise.resolve()).then(run, run);
    this.#turns.set(name, running);
    const end = () => {
      if (this.#turns.get(name) === running) this.#turns.delete(name);
    };
    running.then(end, end);
    return running;
  }

  #find(name: string): FileStream | Promise<FileStream | 'soft-deleted' | undefined> {
    const stream = this.#streams.get(name);
    if (stream === undefined || !stream.isOpen || this.#isExpired(stream)) {
      return this.#inTurn(name, () => this.#load(name));
    }
    this.#streams.use(stream);
    return stream;
  }

  #isExpired({ expiresMs }: FileStream): boolean {
    return expiresMs !== undefined && !(this.#shared.now() < expiresMs);
  }

  /** In the name's turn. Rejects with an Error that has `code`. */
  async #load(name: string): Promise<FileStream | 'soft-deleted' | undefined> {
    if (this.#closing !== undefined) throw closed();
    const names = fileNamesOf(name);
    if (names === undefined) return undefined;
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      const recovered = await this.#recover(name, names);
      if (recovered === undefined) return undefined;
      if (recovered.kind === 'tombstone') return 'soft-deleted';
      stream = this.#adopt(names, recovered);
    } else {
      await stream.wake();
    }
    if (!this.#isExpired(stream)) return stream;
    const removal = await this.#remove(stream, 'expired');
    // Not in this name's turn: its source may wait for that.
    setImmediate(() => void this.#unfork(name, removal));
    return removal.kind === 'tombstone' ? 'soft-deleted' : undefined;
  }

  async #recover(name: string, names: StreamFileNames): Promise<Recovered> {
    const before = this.#unsafe.get(name);
    if (before !== undefined) throw before;
    try {
      return await recover(this.#shared.disk, name, names, this.#isSynced);
    } catch (error) {
      if (error instanceof UnsafeError) {
        this.#unsafe.set(name, error);
        this.#shared.disk.log.error(`stream ${name}: ${error.code}: ${error.message}`);
      }
      throw error;
    }
  }

  #adopt(names: StreamFileNames, { header, ledger, n, synced, files }: Made): FileStream {
    const { disk } = this.#shared;
    const journal = new Journal(disk, header, ledger, n, synced, files.sidecarSize);
    const stream = new FileStream(this.#shared, header, names, journal, files);
    this.#streams.add(stream);
    this.#expiry.set(stream.name, stream.expiresMs);
    return stream;
  }

  /** It is due as far as the timer knows. */
  async #expire(name: string): Promise<void> {
    try {
      const found = await this.#find(name);
      if (found instanceof FileStream) this.#expiry.set(name, found.expiresMs);
    } catch (error) {
      if (this.#closing === undefined) this.#shared.disk.log.warn(textOf(error), 'streams-expiry');
    }
  }

  async #create(name: string, wish: Wish, source?: FileStream): Promise<Created> {
    const names = fileNamesOf(name);
    if (names === undefined) return { kind: 'bad-name' };
    return this.#inTurn(name, async () => {
      try {
        const found = await this.#load(name);
        if (found === 'soft-deleted') return { kind: 'soft-deleted' };
        if (found !== undefined) {
          const isSame = isAsWished({ ...found.header, closed: found.closed }, wish);
          return isSame ? { kind: 'exists', stream: found } : { kind: 'conflict' };
        }
        const creation = await createStream(this.#shared, name, names, wish, source);
        if (creation.kind !== 'made') return creation;
        this.#count++;
        return { kind: 'created', stream: this.#adopt(names, creation.made) };
      } catch (error) {
        return { kind: 'failed', errno: codeOf(error) };
      }
    });
  }

  /** In the name's turn. Rejects with an Error that has `code`. */
  async #delete(name: string): Promise<Removal | 'missing' | 'soft-deleted'> {
    let found: FileStream | 'soft-deleted' | undefined;
    try {
      found = await this.#load(name);
    } catch (error) {
      const names = fileNamesOf(name);
      if (codeOf(error) !== 'EBADMSG' || names === undefined) throw error;
      // Nobody can use it: it can only go.
      await erase(this.#shared.disk, names, this.#isSynced);
      return { kind: 'erased', fork: undefined };
    }
    return found instanceof FileStream ? this.#remove(found, 'deleted') : (found ?? 'missing');
  }

  /** In its name's turn. Rejects with an Error that has `code`. */
  async #remove(stream: FileStream, state: 'deleted' | 'expired'): Promise<Removal> {
    this.#count = Math.max(0, this.#count - 1);
    this.#expiry.forget(stream.name);
    try {
      return await removeStream(this.#shared, stream, state);
    } finally {
      this.#streams.forget(stream);
    }
  }

  /** What follows for its source, and for the source of that. Never rejects. */
  async #unfork(name: string, removal: Removal): Promise<void> {
    if (removal.kind === 'tombstone' || removal.fork === undefined) return;
    const { fork } = removal;
    try {
      const source = await this.#inTurn(fork.from, async () => {
        const stream = this.#streams.get(fork.from);
        if (stream === undefined) return removeTombstone(this.#shared, fork, name);
        if (stream.id === fork.id) await stream.removeFork(name);
        return undefined;
      });
      if (source !== undefined) await this.#unfork(fork.from, source);
    } catch (error) {
      // It is found out when the source is looked at again.
      this.#shared.disk.log.warn(`stream ${fork.from}: ${codeOf(error)}`, 'streams-forks');
    }
  }
}

function closed(): Error {
  return Object.assign(new Error('ECANCELED: the streams are closed'), { code: 'ECANCELED' });
}
