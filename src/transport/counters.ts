// What one transport has sent, counted by the path that the bytes really took.
import type { Reason, Strategy } from '../plan/types.ts';
import type { Tally, TransportStats } from './transport.ts';

type TallyRow = { [reason in Reason]?: Tally };

/** The counters of one transport; senders write them, `snapshot` reads them. */
export class Counters {
  planned = 0;
  connections = 0;
  transfers = 0;
  truncated = 0;
  aborted = 0;
  accepted = 0;
  rejected = 0;
  timeouts = 0;
  refused = 0;
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
    return {
      byStrategy,
      hot: 0,
      planned: this.planned,
      connections: this.connections,
      transfers: this.transfers,
      truncated: this.truncated,
      aborted: this.aborted,
      accepted: this.accepted,
      rejected: this.rejected,
      timeouts: this.timeouts,
      refused: this.refused,
    };
  }
}
