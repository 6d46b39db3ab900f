// What was asked for is read first, a few together, by two at a time.
import t from 'tap';
import { ReadQueue } from '../../src/transport/engine/read-queue.ts';

function make() {
  const reads: Array<readonly number[]> = [];
  const ends: Array<() => void> = [];
  const queue = new ReadQueue<number>((some) => {
    reads.push(some);
    return new Promise((resolve) => ends.push(resolve));
  });
  const finish = async () => {
    ends.shift()?.();
    await new Promise(setImmediate);
  };
  return { queue, reads, finish };
}

t.test('two read at a time, and what waits meanwhile goes together', async (t) => {
  const { queue, reads, finish } = make();
  for (let i = 0; i < 20; i++) queue.add(i);
  t.same(reads, [[0], [1]]);
  await finish();
  t.same(
    reads[2],
    Array.from({ length: 16 }, (_, i) => i + 2),
  );
  await finish();
  t.same(reads[3], [18, 19]);
  await finish();
  await finish();
  t.equal(reads.length, 4);
  queue.add(20);
  t.same(reads[4], [20], 'later ones begin anew');
});

t.test('what nobody has asked for comes last', async (t) => {
  const { queue, reads, finish } = make();
  queue.add(0);
  queue.add(1);
  queue.add(2, true);
  queue.add(3);
  queue.add(4, true);
  queue.add(4);
  await finish();
  t.same(reads[2], [3, 4], 'unless it was asked for meanwhile');
  await finish();
  t.same(reads[3], [2]);
});

t.test('too many are turned away, and cleared ones are not read', async (t) => {
  const { queue, reads, finish } = make();
  let taken = 0;
  while (queue.add(taken)) taken++;
  t.equal(taken, 1024 + 2);
  queue.clear();
  await finish();
  await finish();
  t.equal(reads.length, 2);
  t.ok(queue.add(7));
});
