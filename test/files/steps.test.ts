// Steps: at once as far as nothing has to be waited for, then a promise.
import t from 'tap';
import { run, type Steps, settled } from '../../src/files/steps.ts';

const later = <T>(value: T) => Promise.resolve(value);

function* sum(...values: ReadonlyArray<number | Promise<number>>): Steps<number> {
  let total = 0;
  for (const value of values) total += yield* settled(value);
  return total;
}

t.test('values that are there need no promise', async (t) => {
  t.equal(run(sum()), 0);
  t.equal(run(sum(1, 2, 3)), 6);
});

t.test('one that is not makes it one of all', async (t) => {
  for (const values of [
    [later(1), 2, 3],
    [1, later(2), 3],
    [1, 2, later(3)],
    [1, 2, 3].map(later),
  ]) {
    const total = run(sum(...values));
    t.ok(total instanceof Promise);
    t.equal(await total, 6);
  }
});

t.test('what fails is thrown where it was asked for, and its finally runs', async (t) => {
  const ended: string[] = [];
  function* steps(value: number | Promise<number>): Steps<string> {
    try {
      return String(yield* sum(value));
    } catch (error) {
      return String(error);
    } finally {
      ended.push('ended');
    }
  }
  t.equal(await run(steps(Promise.reject(new Error('no')))), 'Error: no');
  t.equal(run(steps(1)), '1');
  t.strictSame(ended, ['ended', 'ended']);
});

t.test('an error that nobody catches: thrown at once, or a rejection', async (t) => {
  function* steps(value: undefined | Promise<undefined>): Steps<never> {
    yield* settled(value);
    throw new Error('no');
  }
  t.throws(() => run(steps(undefined)), /no/);
  await t.rejects(Promise.resolve(run(steps(later(undefined)))), /no/);
});
