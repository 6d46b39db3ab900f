// Commits of one stream: bytes to the one file, a line to the other, synced as was asked for. One at a time.
import { codeOf } from '../../files/errno.ts';
import { type Disk, gather, sumOf, syncDirectory } from './disk.ts';
import type { CommittedLedger } from './ledger.ts';
import { type Entry, entryLine, type Header, headerLine } from './sidecar.ts';
import type { StreamFiles } from './stream-files.ts';
import type { Durability } from './types.ts';

/** What a commit adds to the ledger. */
export type Changes = Omit<Entry, 'n' | 'crc' | 'synced'>;

/** Bytes of a sidecar that is not worth to be written anew: some thousand commits. */
const SIDECAR = 256 * 1024;
/** The same at the end of its use. */
const TIDY = 16 * 1024;
/** Bytes of data that may have to be read again after a crash: a quarter of a second's work. */
const UNSYNCED = 64 * 1024 * 1024;
/** After which a commit of durability `async` is synced, milliseconds. */
const SOON_MS = 100;

export class Journal {
  readonly ledger: CommittedLedger;
  readonly #disk: Disk;
  readonly #header: Header;
  #n: number;
  #synced: number;
  #syncedTail: number;
  /** A sidecar of so many bytes is written anew. */
  #bound: number;
  #fatal: string | undefined;
  #soon: NodeJS.Timeout | undefined;
  /** What syncs or replaces the files, one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    disk: Disk,
    header: Header,
    ledger: CommittedLedger,
    n: number,
    synced: number,
    sidecarSize: number,
  ) {
    this.ledger = ledger;
    this.#disk = disk;
    this.#header = header;
    this.#n = n;
    this.#synced = synced;
    this.#syncedTail = synced === n ? ledger.tail : 0;
    this.#bound = Math.max(SIDECAR, 2 * sidecarSize);
  }

  /** The errno of a sync that failed, or of files that could not be made what they were: nothing is committed any more. */
  get fatal(): string | undefined {
    return this.#fatal;
  }

  /** Does the disk have all of it? */
  get isSynced(): boolean {
    return this.#synced === this.#n;
  }

  /** Undefined when it is committed, and as durable as that says; an errno's name when nothing has changed. */
  async commit(
    files: StreamFiles,
    chunks: readonly Uint8Array[],
    changes: Changes,
    durability: Durability,
  ): Promise<string | undefined> {
    const isSynced = durability === 'group' || durability === 'sync';
    // What was written before without a sync is synced with it.
    if (isSynced && this.#syncedTail < this.ledger.tail) await this.sync(files);
    if (this.#fatal !== undefined) return this.#fatal;
    const bytes = gather(chunks);
    const n = this.#n + 1;
    const crc = sumOf(bytes, this.#disk.checksum);
    const entry = { n, crc, synced: this.#synced, ...changes };
    const before = files.sidecarSize;
    const line = entryLine(entry, this.#disk.checksum);
    const written = await files.write(bytes, this.ledger.tail, line, isSynced);
    if (written.kind !== 'done') {
      if (written.kind === 'unsafe') this.#fail(written.error);
      // Nobody has seen it, and after the next start nobody shall.
      await this.#undo(files, before);
      return codeOf(written.error);
    }
    this.#n = n;
    this.ledger.add(entry);
    if (isSynced) this.#settle(n, entry.tail);
    else if (durability === 'async') this.#syncSoon(files);
    return undefined;
  }

  /** Resolves when the sidecar is short, if it had become long. Never rejects. */
  async compact(files: StreamFiles): Promise<void> {
    const isLong =
      files.sidecarSize > this.#bound || this.ledger.tail - this.#syncedTail > UNSYNCED;
    if (isLong) await this.checkpoint(files);
  }

  /** The same at the end of its use: the next start has less to read. Never rejects. */
  async tidy(files: StreamFiles): Promise<void> {
    if (files.sidecarSize > TIDY) await this.checkpoint(files);
  }

  /** Syncs everything and writes the sidecar anew. Never rejects. */
  checkpoint(files: StreamFiles): Promise<void> {
    return this.#alone(async () => {
      await this.#sync(files);
      if (this.#fatal !== undefined) return;
      const { checksum, log } = this.#disk;
      const n = this.#n;
      const entry = { n, crc: 0, synced: n, ...this.ledger.whole };
      try {
        await files.replaceSidecar([
          headerLine(this.#header, checksum),
          entryLine(entry, checksum),
        ]);
        // Else what is committed to the new one might be lost with its name.
        await syncDirectory(this.#disk).catch((error) => this.#fail(error));
      } catch (error) {
        const what = `stream ${this.#header.stream}: its sidecar stays long`;
        log.warn(`${what}: ${codeOf(error)}`, 'streams-sidecar');
      }
      this.#bound = Math.max(SIDECAR, 2 * files.sidecarSize);
    });
  }

  /** Never rejects. */
  sync(files: StreamFiles): Promise<void> {
    return this.#alone(() => this.#sync(files));
  }

  /** Nothing uses the files any more. What is not synced stays so. Never rejects. */
  async rest(): Promise<void> {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    await this.#last;
  }

  #syncSoon(files: StreamFiles): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.sync(files);
    }, SOON_MS);
  }

  async #sync(files: StreamFiles): Promise<void> {
    if (this.#fatal !== undefined || this.isSynced) return;
    const n = this.#n;
    const { tail } = this.ledger;
    try {
      await files.sync(tail > this.#syncedTail);
      this.#settle(n, tail);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** `run` never rejects. */
  #alone(run: () => Promise<void>): Promise<void> {
    const running = this.#last.then(run);
    this.#last = running;
    return running;
  }

  #settle(n: number, tail: number): void {
    this.#synced = Math.max(this.#synced, n);
    this.#syncedTail = Math.max(this.#syncedTail, tail);
  }

  /** Nothing of a commit is left. */
  async #undo(files: StreamFiles, sidecarSize: number): Promise<void> {
    try {
      await files.cutBack(this.ledger.tail, sidecarSize);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#fatal !== undefined) return;
    this.#fatal = codeOf(error);
    this.#disk.log.error(
      `stream ${this.#header.stream}: ${this.#fatal}: what the disk has of it is not known; it takes nothing until the next start`,
    );
  }
}
