// What becomes of an append, by what the stream knows: PROTOCOL.md §5.2 and §5.2.1, in its order. Pure.
import type { Append, Appended, Producer } from './types.ts';

/** The last that was accepted of a producer. */
export interface ProducerState {
  readonly epoch: number;
  readonly seq: number;
}

/** What the stream was closed by: a producer's request, or another. */
export type ClosedBy = Producer | 'writer';

/** A stream as a writer finds it. */
export interface Ledger {
  readonly tail: number;
  readonly closedBy: ClosedBy | undefined;
  readonly lastSeq: string | undefined;
  producer(id: string): ProducerState | undefined;
}

export type Verdict =
  | 'accepted'
  | Extract<
      Appended,
      {
        readonly kind:
          | 'duplicate'
          | 'closed'
          | 'seq-regressed'
          | 'stale-epoch'
          | 'epoch-must-start'
          | 'seq-gap';
      }
    >;

export function judge(append: Append, ledger: Ledger): Verdict {
  return (
    judgeClosed(append, ledger) ??
    judgeProducer(append, ledger) ??
    judgeSeq(append, ledger) ??
    'accepted'
  );
}

function judgeClosed({ producer }: Append, { closedBy, tail }: Ledger): Verdict | undefined {
  if (closedBy === undefined) return undefined;
  if (producer !== undefined && closedBy !== 'writer' && isSame(producer, closedBy)) {
    return { kind: 'duplicate', tail, closed: true, epoch: producer.epoch, seq: producer.seq };
  }
  return { kind: 'closed', tail };
}

function judgeProducer({ producer }: Append, ledger: Ledger): Verdict | undefined {
  if (producer === undefined) return undefined;
  const { epoch, seq } = producer;
  const last = ledger.producer(producer.id);
  if (last === undefined) return seq === 0 ? undefined : gap(0, seq);
  if (epoch < last.epoch) return { kind: 'stale-epoch', epoch: last.epoch };
  if (epoch > last.epoch) return seq === 0 ? undefined : { kind: 'epoch-must-start' };
  if (seq <= last.seq) {
    return { kind: 'duplicate', tail: ledger.tail, closed: false, epoch, seq: last.seq };
  }
  return seq === last.seq + 1 ? undefined : gap(last.seq + 1, seq);
}

function gap(expected: number, received: number): Verdict {
  return { kind: 'seq-gap', expected, received };
}

/** Strings of a field's bytes: their order as strings is that of the bytes. */
function judgeSeq({ seq }: Append, { lastSeq }: Ledger): Verdict | undefined {
  if (seq === undefined || lastSeq === undefined || seq > lastSeq) return undefined;
  return { kind: 'seq-regressed', last: lastSeq };
}

function isSame(a: Producer, b: Producer): boolean {
  return a.id === b.id && a.epoch === b.epoch && a.seq === b.seq;
}
