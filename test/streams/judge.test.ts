// What becomes of an append: PROTOCOL.md §5.2 and §5.2.1 as a table.
import t from 'tap';
import {
  type ClosedBy,
  judge,
  type Ledger,
  type ProducerState,
  type Verdict,
} from '../../src/streams/store/judge.ts';
import type { Append, Producer } from '../../src/streams/store/types.ts';

const TAIL = 10;

function ledger(last: ProducerState | undefined, closedBy?: ClosedBy, lastSeq?: string): Ledger {
  return { tail: TAIL, closedBy, lastSeq, producer: (id) => (id === 'p' ? last : undefined) };
}

function append(producer?: Producer, more: Partial<Append> = {}): Append {
  return { bytes: Buffer.from('x'), close: false, producer, ...more };
}

const by = (epoch: number, seq: number, id = 'p'): Producer => ({ id, epoch, seq });
const duplicate = (epoch: number, seq: number, closed = false): Verdict => ({
  kind: 'duplicate',
  tail: TAIL,
  closed,
  epoch,
  seq,
});
const gap = (expected: number, received: number): Verdict => ({
  kind: 'seq-gap',
  expected,
  received,
});

const CASES: ReadonlyArray<readonly [claim: string, Append, Ledger, Verdict]> = [
  ['anything goes to an open stream', append(), ledger(undefined), 'accepted'],
  ['a new producer begins at 0', append(by(0, 0)), ledger(undefined), 'accepted'],
  ['in any epoch', append(by(7, 0)), ledger(undefined), 'accepted'],
  ['and nowhere else', append(by(0, 1)), ledger(undefined), gap(0, 1)],
  ['the next of an epoch', append(by(3, 5)), ledger({ epoch: 3, seq: 4 }), 'accepted'],
  ['the last again', append(by(3, 4)), ledger({ epoch: 3, seq: 4 }), duplicate(3, 4)],
  [
    'one from before: the last is told',
    append(by(3, 0)),
    ledger({ epoch: 3, seq: 4 }),
    duplicate(3, 4),
  ],
  ['one too far', append(by(3, 6)), ledger({ epoch: 3, seq: 4 }), gap(5, 6)],
  [
    'an epoch before',
    append(by(2, 5)),
    ledger({ epoch: 3, seq: 4 }),
    { kind: 'stale-epoch', epoch: 3 },
  ],
  ['a new epoch begins at 0', append(by(4, 0)), ledger({ epoch: 3, seq: 4 }), 'accepted'],
  ['and may leave some out', append(by(9, 0)), ledger({ epoch: 3, seq: 4 }), 'accepted'],
  [
    'a new epoch elsewhere',
    append(by(4, 5)),
    ledger({ epoch: 3, seq: 4 }),
    { kind: 'epoch-must-start' },
  ],
  ['another producer is its own', append(by(0, 0, 'q')), ledger({ epoch: 3, seq: 4 }), 'accepted'],
  ['closed', append(), ledger(undefined, 'writer'), { kind: 'closed', tail: TAIL }],
  [
    'closed again',
    append(undefined, { bytes: Buffer.of(), close: true }),
    ledger(undefined, 'writer'),
    { kind: 'closed', tail: TAIL },
  ],
  [
    'the request that closed it, again',
    append(by(3, 4)),
    ledger({ epoch: 3, seq: 4 }, by(3, 4)),
    duplicate(3, 4, true),
  ],
  [
    'one before that',
    append(by(3, 3)),
    ledger({ epoch: 3, seq: 4 }, by(3, 4)),
    { kind: 'closed', tail: TAIL },
  ],
  [
    'the same of another producer',
    append(by(3, 4, 'q')),
    ledger({ epoch: 3, seq: 4 }, by(3, 4)),
    { kind: 'closed', tail: TAIL },
  ],
  [
    'closed goes before a stale epoch',
    append(by(0, 0)),
    ledger({ epoch: 3, seq: 4 }, 'writer'),
    { kind: 'closed', tail: TAIL },
  ],
  ['the first Stream-Seq', append(undefined, { seq: '' }), ledger(undefined), 'accepted'],
  ['a greater one', append(undefined, { seq: 'b' }), ledger(undefined, undefined, 'a'), 'accepted'],
  [
    'the same',
    append(undefined, { seq: 'a' }),
    ledger(undefined, undefined, 'a'),
    { kind: 'seq-regressed', last: 'a' },
  ],
  [
    'greater as a number only',
    append(undefined, { seq: '10' }),
    ledger(undefined, undefined, '9'),
    { kind: 'seq-regressed', last: '9' },
  ],
  ['a longer one', append(undefined, { seq: 'aa' }), ledger(undefined, undefined, 'a'), 'accepted'],
  ['by bytes', append(undefined, { seq: '\xff' }), ledger(undefined, undefined, '~'), 'accepted'],
  ['none where there was one', append(), ledger(undefined, undefined, 'a'), 'accepted'],
  [
    'a duplicate goes before Stream-Seq',
    append(by(3, 4), { seq: 'a' }),
    ledger({ epoch: 3, seq: 4 }, undefined, 'a'),
    duplicate(3, 4),
  ],
  [
    'and Stream-Seq before nothing',
    append(by(3, 5), { seq: 'a' }),
    ledger({ epoch: 3, seq: 4 }, undefined, 'a'),
    { kind: 'seq-regressed', last: 'a' },
  ],
];

for (const [claim, one, of, verdict] of CASES) {
  t.test(claim, async (t) => t.same(judge(one, of), verdict));
}
