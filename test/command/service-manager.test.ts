// What a service manager is told: sd_notify(3).
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { until } from '../faults/process.ts';
import { request } from '../support/client.ts';
import { startCommand } from '../support/command.ts';
import { makeTree } from '../support/tree.ts';

const skip =
  (loadNative().addon === undefined && 'no addon') ||
  (spawnSync('cc', ['--version']).status !== 0 && 'no C compiler') ||
  false;

const root = makeTree(t, { 'a.txt': 'hello' });
const program = join(makeTree(t), 'datagrams');
if (!skip) {
  const source = fileURLToPath(new URL('datagrams.c', import.meta.url));
  execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source]);
}

/** What comes to that address from now on. */
async function receive(t: Test, address: string): Promise<string[]> {
  const child = spawn(program, [address], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill());
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  const told: string[] = [];
  lines.on('line', (line) => told.push(line));
  return told;
}

for (const kind of ['a path', 'an abstract name']) {
  t.test(`at ${kind}: ready, reloading, replaced, stopping`, { skip }, async (t) => {
    const folder = makeTree(t);
    const address = kind === 'a path' ? join(folder, 'sock') : `@zcserve-test-${process.pid}`;
    const told = await receive(t, address);
    const [config, pidFile] = [join(folder, 'zc.json'), join(folder, 'a.pid')];
    writeFileSync(config, JSON.stringify({ root }));
    const running = await startCommand(t, [`--config=${config}`, `--pid-file=${pidFile}`], {
      env: { NOTIFY_SOCKET: address },
    });
    const pid = () => Number(readFileSync(pidFile, 'utf8'));
    const tell = async (signal: NodeJS.Signals, count: number) => {
      told.length = 0;
      process.kill(pid(), signal);
      await until(async () => told.length >= count);
      return [...told];
    };
    await until(async () => told.length > 0);
    t.same(told, ['READY=1']);
    const reloaded = [/^RELOADING=1\|MONOTONIC_USEC=\d+$/, 'READY=1'];
    t.match(await tell('SIGHUP', 2), reloaded);
    writeFileSync(config, JSON.stringify({ root: join(root, 'none') }));
    t.match(await tell('SIGHUP', 2), reloaded, 'as it was, it is ready too');
    writeFileSync(config, JSON.stringify({ root }));
    const ended = once(running.process, 'exit');
    const replaced = await tell('SIGUSR2', 2);
    t.teardown(() => existsSync(pidFile) && process.kill(pid(), 'SIGKILL'));
    t.same(replaced.toSorted(), [`MAINPID=${pid()}|READY=1`, 'READY=1']);
    await ended;
    t.same(await tell('SIGTERM', 1), ['STOPPING=1']);
    await until(async () => !existsSync(pidFile));
  });
}

t.test('one that cannot be told is a line, and the server serves', { skip }, async (t) => {
  for (const address of [join(root, 'nobody'), 'vsock:2:1', `/${'x'.repeat(200)}`]) {
    const running = await startCommand(t, [root], { env: { NOTIFY_SOCKET: address } });
    t.equal((await request({ port: running.port }, '/a.txt')).body.toString(), 'hello');
    running.process.kill('SIGTERM');
    t.match(await running.ended, { code: 0, stderr: /the service manager is not told: E[A-Z]+: / });
  }
});
