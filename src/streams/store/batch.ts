// Which of the appends that wait are committed together, and what becomes of the others.
import { judge, type Ledger } from './judge.ts';
import { Draft } from './ledger.ts';
import type { Append, Appended, Refused } from './types.ts';

/** An append that waits, and whoever waits for it. */
export interface Waiting {
  readonly append: Append;
  readonly answer: (appended: Appended) => void;
}

export interface Batch {
  /** In their order. None: nothing is to be written. */
  readonly accepted: readonly Waiting[];
  readonly draft: Draft;
  /**
   * Those that are not accepted, and why: by what was committed before, and by those accepted before them. So they can be
   * told when these are committed.
   */
  readonly refused: ReadonlyArray<{ readonly waiting: Waiting; readonly why: Appended }>;
  /** They came after them. */
  readonly rest: readonly Waiting[];
}

export interface BatchLimits {
  /** At most so many are accepted. */
  readonly appends: number;
  /** But for one append that is larger. */
  readonly bytes: number;
  /** Of the stream. */
  readonly maxStream: number;
  /** Takes room on the disk for one more, or says why there is none. */
  readonly takeSpace: (bytes: number) => Refused | undefined;
}

export function formBatch(waiting: readonly Waiting[], ledger: Ledger, limits: BatchLimits): Batch {
  const draft = new Draft(ledger);
  const accepted: Waiting[] = [];
  const refused: Array<{ waiting: Waiting; why: Appended }> = [];
  let bytes = 0;
  for (const [at, one] of waiting.entries()) {
    const { length } = one.append.bytes;
    const isFull =
      accepted.length === limits.appends || (accepted.length > 0 && bytes + length > limits.bytes);
    if (isFull) return { accepted, draft, refused, rest: waiting.slice(at) };
    const verdict = judge(one.append, draft);
    const why = verdict === 'accepted' ? refuse(length, draft.tail, limits) : verdict;
    if (why === undefined) {
      draft.add(one.append);
      accepted.push(one);
      bytes += length;
    } else {
      refused.push({ waiting: one, why });
    }
  }
  return { accepted, draft, refused, rest: [] };
}

function refuse(bytes: number, tail: number, limits: BatchLimits): Refused | undefined {
  if (bytes === 0) return undefined;
  if (tail + bytes > limits.maxStream) return { kind: 'too-large', of: 'stream' };
  return limits.takeSpace(bytes);
}
