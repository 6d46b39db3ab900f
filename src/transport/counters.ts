// What one transport has sent, counted by the path that the bytes really took.
import { Counts } from '../addon/wire.ts';
import type { Reason, Strategy } from '../plan/types.ts';
import type { Tally, TransportStats } from './transport.ts';

type TallyRow = { [reason in Reason]?: Tally };

/** The counters of one transport; senders write them, `snapshot` reads them. */
export class Counters extends Counts {
  readonly none: Tally = { responses: 0, bytes: 0 };
  readonly bytes: Tally = { responses: 0, bytes: 0 };
  readonly #files: { readonly [strategy in Strategy]: TallyRow } = {
    mmap: {},
    sendfile: {},
    read: {},
  };

  /** The tally of file bodies sent this way, to be counted up by the sender. */
  file(strategy: Strategy, reason: Reason): Tally {
    const row = this.#files[strategy];
    row[reason] ??= { responses: 0, bytes: 0 };
    return row[reason];
  }

  snapshot(): TransportStats {
    const byStrategy: Record<string, Tally> = {};
    if (this.none.responses > 0) byStrategy.none = { ...this.none };
    if (this.bytes.responses > 0) byStrategy.bytes = { ...this.bytes };
    for (const [strategy, row] of Object.entries(this.#files)) {
      for (const [reason, tally] of Object.entries(row)) {
        byStrategy[`${strategy}:${reason}`] = { ...tally };
      }
    }
    const { none: _, bytes: __, ...counts }: Counters = this;
    return { ...counts, byStrategy };
  }
}
