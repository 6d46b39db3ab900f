// --pid-file: there when the server listens, gone when it has ended, and never somebody else's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runCommand, startCommand } from '../support/command.ts';
import { makeTree } from '../support/tree.ts';

/** Of a process that has ended. */
async function lostPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'close');
  return child.pid ?? 0;
}

t.test('it holds the number of the process from its start line to its end', async (t) => {
  const root = makeTree(t);
  for (const before of [undefined, `${await lostPid()}\n`]) {
    const folder = makeTree(t, before === undefined ? {} : { 'a.pid': before });
    const file = join(folder, 'a.pid');
    const running = await startCommand(t, [root, `--pid-file=${file}`]);
    t.equal(readFileSync(file, 'utf8'), `${running.report.pid}\n`, `in place of ${before}`);
    t.same(readdirSync(folder), ['a.pid'], 'and nothing beside it');
    running.process.kill('SIGTERM');
    t.match(await running.ended, { code: 0, stderr: '' });
    t.notOk(existsSync(file), 'removed');
  }
});

t.test('what has become another process’s is left alone at the end', async (t) => {
  const folder = makeTree(t);
  const file = join(folder, 'a.pid');
  const running = await startCommand(t, [folder, `--pid-file=${file}`]);
  writeFileSync(file, `${process.pid}\n`);
  running.process.kill('SIGTERM');
  t.match(await running.ended, { code: 0, stderr: '' });
  t.equal(readFileSync(file, 'utf8'), `${process.pid}\n`);
});

t.test('a file that is somebody else’s, or cannot be, is refused and stays', async (t) => {
  const folder = makeTree(t, {
    'live.pid': `${process.pid}\n`,
    'page.html': '<p>12</p>',
    dir: { directory: true },
  });
  const cases: ReadonlyArray<readonly [name: string, reason: string]> = [
    ['live.pid', `process ${process.pid} is running`],
    ['page.html', 'holds something else than a process'],
    ['dir', 'is a directory'],
    ['none/a.pid', 'no such directory'],
  ];
  const runs = await Promise.all(
    cases.map(([name]) => runCommand([folder, '--port=0', `--pid-file=${join(folder, name)}`])),
  );
  for (const [i, [name, reason]] of cases.entries()) {
    const stderr = `zcserve: --pid-file: ${join(folder, name)}: ${reason}\n`;
    t.match(runs[i], { code: 1, stdout: '', stderr }, name);
  }
  t.same(readdirSync(folder).toSorted(), ['dir', 'live.pid', 'page.html']);
  t.equal(readFileSync(join(folder, 'page.html'), 'utf8'), '<p>12</p>');
});

t.test('a start that fails leaves none', async (t) => {
  const folder = makeTree(t);
  const file = join(folder, 'a.pid');
  const args = [folder, '--host=203.0.113.7', `--pid-file=${file}`];
  t.match(await runCommand(args), { code: 1, stderr: /cannot listen/ });
  t.same(readdirSync(folder), []);
});
