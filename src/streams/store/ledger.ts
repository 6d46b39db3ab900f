// What is known of a stream beside its bytes: as it was committed last, and what a commit is to add.
import type { ClosedBy, Ledger, ProducerState } from './judge.ts';
import type { Entry } from './sidecar.ts';
import type { Append } from './types.ts';

/**
 * Producers of one stream that are remembered, in the order in which they were heard of last: 64 Ki take about 10 MiB. A
 * producer that is forgotten has to begin anew at 0.
 */
const MAX_PRODUCERS = 65_536;

/** As it was committed last: the sum of the entries so far. */
export class CommittedLedger implements Ledger {
  tail = 0;
  closedBy: ClosedBy | undefined;
  lastSeq: string | undefined;
  /** When it was read or written last, milliseconds since the epoch, as far as the sidecar knows. */
  touchedMs: number | undefined;
  readonly producers = new Map<string, ProducerState>();
  readonly forks = new Set<string>();

  producer(id: string): ProducerState | undefined {
    return this.producers.get(id);
  }

  add(entry: Entry): void {
    this.tail = entry.tail;
    this.closedBy = entry.closed ?? this.closedBy;
    this.lastSeq = entry.seq ?? this.lastSeq;
    this.touchedMs = entry.touched ?? this.touchedMs;
    for (const { id, epoch, seq } of entry.producers ?? []) {
      this.producers.delete(id);
      this.producers.set(id, { epoch, seq });
    }
    for (const id of this.producers.keys()) {
      if (this.producers.size <= MAX_PRODUCERS) break;
      this.producers.delete(id);
    }
    for (const fork of entry.forks ?? []) this.forks.add(fork);
    for (const fork of entry.unforks ?? []) this.forks.delete(fork);
  }

  /** All of it as one entry. */
  get whole(): Pick<Entry, 'tail' | 'closed' | 'seq' | 'touched' | 'producers' | 'forks'> {
    return {
      tail: this.tail,
      closed: this.closedBy,
      seq: this.lastSeq,
      touched: this.touchedMs,
      producers: [...this.producers].map(([id, last]) => ({ id, ...last })),
      forks: [...this.forks],
    };
  }
}

/** A commit while it is put together: appends are judged by what those before them will have done. */
export class Draft implements Ledger {
  readonly #base: Ledger;
  readonly #producers = new Map<string, ProducerState>();
  tail: number;
  closedBy: ClosedBy | undefined;
  lastSeq: string | undefined;

  constructor(base: Ledger) {
    this.#base = base;
    this.tail = base.tail;
    this.closedBy = base.closedBy;
    this.lastSeq = base.lastSeq;
  }

  producer(id: string): ProducerState | undefined {
    return this.#producers.get(id) ?? this.#base.producer(id);
  }

  add({ bytes, seq, producer, close }: Pick<Append, 'bytes' | 'close'> & Partial<Append>): void {
    this.tail += bytes.length;
    if (seq !== undefined) this.lastSeq = seq;
    if (producer !== undefined) {
      this.#producers.delete(producer.id);
      this.#producers.set(producer.id, { epoch: producer.epoch, seq: producer.seq });
    }
    if (close) this.closedBy = producer ?? 'writer';
  }

  /** What has changed. */
  get changes(): Pick<Entry, 'tail' | 'closed' | 'seq' | 'producers'> {
    return {
      tail: this.tail,
      closed: this.closedBy === this.#base.closedBy ? undefined : this.closedBy,
      seq: this.lastSeq === this.#base.lastSeq ? undefined : this.lastSeq,
      producers: [...this.#producers].map(([id, last]) => ({ id, ...last })),
    };
  }
}
