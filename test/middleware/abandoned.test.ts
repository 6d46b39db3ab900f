// Mounts that nobody asks hold nothing, and those that are dropped without close() give back what they held.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { makeTree } from '../support/tree.ts';

t.test('a hundred mounts, used or not, dropped without close()', async (t) => {
  const root = makeTree(t, { 'index.html': '<p>home', 'large.bin': { size: 100_000 } });
  const program = fileURLToPath(new URL('./abandoned-child.ts', import.meta.url));
  const child = fork(program, [root], { execArgv: ['--import=tsx', '--expose-gc'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [{ before, held, after, served }] = await once(child, 'message');
  t.equal(served, 50, 'half of them have answered');
  t.ok(held >= before + 40, `held: ${before} → ${held}`);
  t.ok(after <= before + 3, `given back: ${after}`);
  const [code] = await once(child, 'exit');
  t.equal(code, 0);
});

for (const [way, env] of [
  ['with the addon', {}],
  ['without it', { ZCSERVE_NO_ADDON: '1' }],
] as const) {
  t.test(`mounts of every kind that nobody has asked hold nothing, ${way}`, async (t) => {
    const root = makeTree(t, { 'a.txt': 'A' });
    const program = fileURLToPath(new URL('./idle-child.ts', import.meta.url));
    const child = fork(program, [root], {
      execArgv: ['--import=tsx'],
      env: { ...process.env, ...env },
    });
    t.teardown(() => child.kill('SIGKILL'));
    const [report] = await once(child, 'message');
    t.match(report, { mounts: 44, idle: 0, body: 'A' });
    t.ok(report.asked > 0, 'what is asked is open');
  });
}
