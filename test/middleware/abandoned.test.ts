// Mounts that are dropped without close() give back what they held.
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
