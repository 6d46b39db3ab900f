// One stream: what waits to be appended, who listens, when it expires. All that changes its files is done in turn.
import { codeOf } from '../../files/errno.ts';
import type { GrowingFile } from '../../files/growing-file.ts';
import { type Batch, formBatch, type Waiting } from './batch.ts';
import type { AppendCounts } from './counts.ts';
import type { Disk } from './disk.ts';
import type { Changes, Journal } from './journal.ts';
import type { CommittedLedger } from './ledger.ts';
import { Listeners } from './listeners.ts';
import type { StreamFileNames } from './names.ts';
import type { Rooms } from './rooms.ts';
import type { Header } from './sidecar.ts';
import type { Space } from './space.ts';
import { openFiles, type StreamFiles } from './stream-files.ts';
import type {
  Append,
  Appended,
  Durability,
  Room,
  StoreOptions,
  Stream,
  StreamConfig,
  StreamState,
} from './types.ts';
import { Work } from './work.ts';

/** What streams of one directory share. */
export interface Shared {
  readonly disk: Disk;
  options: StoreOptions;
  readonly rooms: Rooms;
  readonly space: Space;
  readonly counts: AppendCounts;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** It is open now, by this call or before: it was used last. */
  readonly used: (stream: FileStream) => void;
}

/** Bytes of one commit, but for an append that is larger: a few milliseconds of a disk. */
const MAX_COMMIT = 8 * 1024 * 1024;

/**
 * Of its time to live: a stream's last reading is written down when it is so much later than what was. A crash may end that
 * time earlier by as much, and never later.
 */
const TOUCH_SHARE = 1 / 8;
const MIN_TOUCH_MS = 1000;

export class FileStream implements Stream {
  readonly header: Header;
  readonly names: StreamFileNames;
  readonly #shared: Shared;
  readonly #journal: Journal;
  #files: StreamFiles | undefined;
  #state: StreamState = 'live';
  #touchedMs: number;
  #waiting: Waiting[] = [];
  readonly #work = new Work(() => (this.#waiting.length === 0 ? undefined : this.#appendWaiting()));
  readonly #listeners: Listeners;

  constructor(
    shared: Shared,
    header: Header,
    names: StreamFileNames,
    journal: Journal,
    files: StreamFiles,
  ) {
    this.#shared = shared;
    this.header = header;
    this.names = names;
    this.#journal = journal;
    this.#files = files;
    this.#listeners = new Listeners(shared.disk.log);
    this.#touchedMs = this.#ledger.touchedMs ?? header.createdMs;
  }

  get #ledger(): CommittedLedger {
    return this.#journal.ledger;
  }

  get name(): string {
    return this.header.stream;
  }

  get id(): string {
    return this.header.id;
  }

  get config(): StreamConfig {
    return this.header.config;
  }

  get createdMs(): number {
    return this.header.createdMs;
  }

  get expiresMs(): number | undefined {
    const { ttlSeconds, expiresAt } = this.config;
    if (ttlSeconds !== undefined) return this.#touchedMs + ttlSeconds * 1000;
    return expiresAt === undefined ? undefined : Date.parse(expiresAt);
  }

  get tail(): number {
    return this.#ledger.tail;
  }

  get closed(): boolean {
    return this.#ledger.closedBy !== undefined;
  }

  get state(): StreamState {
    return this.#state;
  }

  get forks(): ReadonlySet<string> {
    return this.#ledger.forks;
  }

  get file(): GrowingFile {
    if (this.#files === undefined) throw new Error(`stream ${this.name} is closed: asked too late`);
    return this.#files.data;
  }

  get isOpen(): boolean {
    return this.#files !== undefined;
  }

  /** Does nobody need its files? One that may not be opened again is not closed either. */
  get isIdle(): boolean {
    return this.#listeners.isEmpty && this.#work.isIdle && this.#journal.fatal === undefined;
  }

  append(append: Append, room?: Room): Promise<Appended> {
    const own = room === undefined ? this.#shared.rooms.take(append.bytes.length) : undefined;
    const { counts, options } = this.#shared;
    return new Promise((resolve) => {
      counts.waiting++;
      const answer = (appended: Appended) => {
        counts.waiting--;
        counts.outcomes[appended.kind]++;
        own?.free();
        resolve(appended);
      };
      const isBusy = (room === undefined && own === undefined) || this.#state === 'closing';
      if (append.bytes.length > options.maxAppend) answer({ kind: 'too-large', of: 'append' });
      else if (isBusy) answer({ kind: 'busy' });
      else {
        this.#waiting.push({ append, answer });
        this.#work.start();
      }
    });
  }

  touch(): void {
    const { ttlSeconds } = this.config;
    if (ttlSeconds === undefined || this.#state !== 'live') return;
    this.#touchedMs = this.#shared.now();
    const late = this.#touchedMs - (this.#ledger.touchedMs ?? this.createdMs);
    if (late < Math.max(MIN_TOUCH_MS, ttlSeconds * 1000 * TOUCH_SHARE)) return;
    void this.#work.do(() => this.#commit([], {}, 'none'));
  }

  onChange(run: () => void): () => void {
    return this.#listeners.add(run);
  }

  /** Undefined when the fork is noted; the errno's name or `gone` where it is not. */
  addFork(fork: string): Promise<string | undefined> {
    return this.#work.do(async () =>
      this.#state === 'live' ? this.#commit([], { forks: [fork] }, this.#durability) : 'gone',
    );
  }

  /** As well as it can be done: a fork that is not there is found out. */
  removeFork(fork: string): Promise<unknown> {
    return this.#work.do(async () => {
      if (this.forks.has(fork)) await this.#commit([], { unforks: [fork] }, this.#durability);
    });
  }

  /** Opens its files again. Rejects with an Error that has `code`. */
  wake(): Promise<void> {
    return this.#work.do(async () => {
      await this.#open();
    });
  }

  /** Closes its files, if nobody needs them. Never rejects. */
  sleep(): Promise<void> {
    return this.#work.do(async () => {
      if (!this.#listeners.isEmpty || this.#waiting.length > 0) return;
      await this.#shut();
    });
  }

  /**
   * It takes no more, and whoever listens is told. Where the store is closing, what waits is committed before; resolves when
   * its files are closed. Never rejects.
   */
  async end(state: Exclude<StreamState, 'live'>): Promise<void> {
    if (this.#state !== 'live') return;
    this.#state = state;
    queueMicrotask(() => this.#listeners.tell());
    while (state === 'closing' && this.#waiting.length > 0) await this.#work.finished();
    await this.#work.do(() => (state === 'closing' ? this.#shut() : this.#closeFiles()));
  }

  /** With all that is known of it on the disk, but for durability `none`. */
  async #shut(): Promise<void> {
    const files = this.#files;
    if (files === undefined) return;
    const isLate =
      this.config.ttlSeconds !== undefined && this.#touchedMs !== this.#ledger.touchedMs;
    if (isLate) await this.#commit([], {}, 'none');
    if (this.#durability !== 'none') await this.#journal.sync(files);
    await this.#journal.tidy(files);
    // Opened again by this process, what was not synced would seem to be.
    if (this.#journal.fatal !== undefined && this.#state === 'live') return;
    await this.#closeFiles();
  }

  async #closeFiles(): Promise<void> {
    await this.#journal.rest();
    const files = this.#files;
    this.#files = undefined;
    await files?.close();
  }

  get #durability(): Durability {
    return this.#shared.options.durability;
  }

  /** Rejects with an Error that has `code`. */
  async #open(): Promise<StreamFiles> {
    if (this.#files === undefined) {
      // By now its name may be another one's.
      if (this.#state !== 'live') throw Object.assign(new Error('ESTALE'), { code: 'ESTALE' });
      this.#files = await openFiles(this.#shared.disk, this.names);
    }
    this.#shared.used(this);
    return this.#files;
  }

  /** Undefined when it is committed, else an errno's name. */
  async #commit(
    chunks: readonly Uint8Array[],
    changes: Partial<Changes>,
    durability: Durability,
  ): Promise<string | undefined> {
    try {
      const touched = this.config.ttlSeconds === undefined ? undefined : this.#touchedMs;
      const all = { tail: this.tail, touched, ...changes };
      return await this.#journal.commit(await this.#open(), chunks, all, durability);
    } catch (error) {
      return codeOf(error);
    }
  }

  /** Some of what waits. Never rejects. */
  async #appendWaiting(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const end = this.#answerToAll;
    if (end !== undefined) {
      for (const { answer } of waiting) answer(end);
      return;
    }
    const batch = formBatch(waiting, this.#ledger, {
      appends: this.#durability === 'sync' ? 1 : Number.POSITIVE_INFINITY,
      bytes: MAX_COMMIT,
      maxStream: this.#shared.options.maxStream,
      takeSpace: (bytes) => this.#shared.space.take(bytes),
    });
    const isWritten = batch.accepted.length === 0 || (await this.#append(batch));
    // What was judged by appends that have failed is judged again.
    const again = isWritten ? [] : batch.refused.map((refused) => refused.waiting);
    if (isWritten) for (const { waiting, why } of batch.refused) waiting.answer(why);
    this.#waiting = [...again, ...batch.rest, ...this.#waiting];
    if (this.#files !== undefined) await this.#journal.compact(this.#files);
  }

  /** What becomes of every append, whatever it is. */
  get #answerToAll(): Appended | undefined {
    if (this.#state !== 'live' && this.#state !== 'closing') return { kind: 'gone' };
    const { fatal } = this.#journal;
    return fatal === undefined ? undefined : { kind: 'failed', errno: fatal };
  }

  async #append({ accepted, draft }: Batch): Promise<boolean> {
    const { space, counts } = this.#shared;
    const added = draft.tail - this.tail;
    let { tail } = this;
    this.#touchedMs = this.#shared.now();
    const errno = await this.#commit(
      accepted.map(({ append }) => append.bytes),
      draft.changes,
      this.#durability,
    );
    if (errno !== undefined) {
      space.give(added);
      for (const { answer } of accepted) answer({ kind: 'failed', errno });
      return false;
    }
    counts.appends += accepted.length;
    counts.bytes += added;
    for (const { append, answer } of accepted) {
      tail += append.bytes.length;
      answer({ kind: 'appended', tail, closed: append.close });
    }
    this.#listeners.tell();
    return true;
  }
}
