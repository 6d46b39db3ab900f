// How often a file has to be asked for before it is kept.
import { mock } from 'node:test';
import t from 'tap';
import { Admission } from '../../src/transport/engine/admission.ts';

/** Longer than it looks back. */
const PERIOD_MS = 5000;

t.test('more often while files leave for others, as before when they no longer do', (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const told: number[] = [];
  const admission = new Admission({ setAdmission: (uses) => told.push(uses) });
  const crowd = (files: number) => {
    for (let i = 0; i < files; i++) admission.crowded();
  };
  crowd(255);
  t.same(told, [], 'a few may come and go');
  crowd(1);
  t.same(told, [2]);
  crowd(256 * 20);
  t.same(told, [2, 4, 8, 16, 32, 64, 128], 'up to what keeping one costs');
  crowd(200);
  mock.timers.tick(PERIOD_MS);
  t.equal(told.length, 7, 'and stays while they still leave');
  while (told.at(-1) !== 1) mock.timers.tick(PERIOD_MS);
  t.same(told.slice(7), [64, 32, 16, 8, 4, 2, 1]);
  crowd(256);
  t.equal(told.at(-1), 2, 'and again');
  admission.close();
  t.end();
});
