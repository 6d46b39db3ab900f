// What one transport has sent, counted by the path that the bytes really took, and by what was answered.
import { Counts, type ExchangeEnd, type Protocol, type Way, WIRE } from '../addon/wire.ts';
import type { Reason, Strategy } from '../plan/types.ts';
import type { Asked, TellEnded } from './ended.ts';
import type { Histogram, Tally, TransportStats } from './transport.ts';

type TallyRow = { [reason in Reason]?: Tally };
type StatusRow = Record<number, number>;

/** The counters of one transport; senders write them, `snapshot` reads them. */
export class Counters extends Counts {
  readonly none: Tally = { responses: 0, bytes: 0 };
  readonly bytes: Tally = { responses: 0, bytes: 0 };
  readonly feed: Tally = { responses: 0, bytes: 0 };
  readonly durations = emptyHistogram(WIRE.durationBounds);
  readonly sizes = emptyHistogram(WIRE.sizeBounds);
  readonly #files: { readonly [strategy in Strategy]: TallyRow } = {
    mmap: {},
    sendfile: {},
    read: {},
  };
  readonly #statuses: { [protocol in Protocol]?: StatusRow } = {};
  readonly #tell: TellEnded | undefined;

  /** `tell` is called with each exchange that ends. */
  constructor(tell?: TellEnded) {
    super();
    this.#tell = tell;
  }

  get tell(): TellEnded | undefined {
    return this.#tell;
  }

  /** Its client was gone before there was an answer. */
  tellUnanswered({ began, request }: Asked, protocol: Protocol): void {
    if (request === undefined) return;
    const answer = { status: 0, way: undefined, reason: undefined, bytes: 0 };
    this.#tell?.({ began, request, protocol, ...answer, how: 'gone' });
  }

  /** The tally of file bodies sent this way, to be counted up by the sender. */
  file(strategy: Strategy, reason: Reason): Tally {
    const row = this.#files[strategy];
    row[reason] ??= { responses: 0, bytes: 0 };
    return row[reason];
  }

  /** An answer that has ended, whole or not. */
  countStatus(status: number, protocol: Protocol): void {
    this.#statuses[protocol] ??= {};
    const row = this.#statuses[protocol];
    row[status] = (row[status] ?? 0) + 1;
  }

  snapshot(): TransportStats {
    const byStrategy: Record<string, Tally> = {};
    if (this.none.responses > 0) byStrategy.none = { ...this.none };
    if (this.bytes.responses > 0) byStrategy.bytes = { ...this.bytes };
    if (this.feed.responses + this.feed.bytes > 0) byStrategy.feed = { ...this.feed };
    for (const [strategy, row] of Object.entries(this.#files)) {
      for (const [reason, tally] of Object.entries(row)) {
        byStrategy[`${strategy}:${reason}`] = { ...tally };
      }
    }
    const { none: _, bytes: __, feed: ___, ...counts }: Counters = this;
    return {
      ...counts,
      byStrategy,
      byStatus: structuredClone(this.#statuses),
      durations: structuredClone(this.durations),
      sizes: structuredClone(this.sizes),
    };
  }
}

/**
 * One answer on its way. It is counted when it ends, and once: an end that is told after another one means nothing. One
 * that is never told is no answer of ours.
 */
export class Sending {
  readonly #counters: Counters;
  readonly #status: number;
  readonly #protocol: Protocol;
  readonly #asked: Asked;
  #way: Way = 'none';
  #reason: Reason | undefined;
  #tally: Tally;
  #bytes = 0;
  #ended = false;

  constructor(counters: Counters, status: number, protocol: Protocol, asked: Asked) {
    this.#counters = counters;
    this.#status = status;
    this.#protocol = protocol;
    this.#asked = asked;
    this.#tally = counters.none;
  }

  /** From here on its body is no file's. */
  byBytes(): void {
    this.#way = 'bytes';
    this.#tally = this.#counters.bytes;
  }

  /** From here on its body is made while it is sent. */
  byFeed(): void {
    this.#way = 'feed';
    this.#tally = this.#counters.feed;
  }

  /** From here on its body leaves this way; as the answer that it is in the end, it is counted there. */
  by(strategy: Strategy, reason: Reason): void {
    this.#way = strategy;
    this.#reason = reason;
    this.#tally = this.#counters.file(strategy, reason);
  }

  /** So many bytes of the body were taken. */
  add(bytes: number): void {
    this.#tally.bytes += bytes;
    this.#bytes += bytes;
  }

  /** The same, of a file in a body that is none: under the way that they took. */
  addFile(strategy: Strategy, reason: Reason, bytes: number): void {
    this.#counters.file(strategy, reason).bytes += bytes;
    this.#bytes += bytes;
  }

  end(how: ExchangeEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tell(how);
    const counters = this.#counters;
    counters.countStatus(this.#status, this.#protocol);
    switch (how) {
      case 'done':
        this.#tally.responses++;
        observe(counters.durations, performance.now() - this.#asked.began);
        observe(counters.sizes, this.#bytes);
        return;
      case 'file-fault':
        counters.truncated++;
        return;
      case 'gone':
      case 'timed-out':
        counters.aborted++;
        return;
      case 'cancelled':
        counters.cancelled++;
        return;
      default:
        how satisfies never;
    }
  }

  #tell(how: ExchangeEnd): void {
    const { began, request } = this.#asked;
    if (request === undefined) return;
    this.#counters.tell?.({
      began,
      request,
      protocol: this.#protocol,
      status: this.#status,
      way: this.#way,
      reason: this.#reason,
      bytes: this.#bytes,
      how,
    });
  }
}

interface Counting extends Histogram {
  readonly counts: number[];
  sum: number;
}

function emptyHistogram(bounds: readonly number[]): Counting {
  return { bounds, counts: Array(bounds.length + 1).fill(0), sum: 0 };
}

function observe(histogram: Counting, value: number): void {
  const at = histogram.bounds.findIndex((bound) => value <= bound);
  const index = at < 0 ? histogram.bounds.length : at;
  histogram.counts[index] = (histogram.counts[index] ?? 0) + 1;
  histogram.sum += value;
}
