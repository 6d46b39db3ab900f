// What whoever starts the command on a terminal sees: who asks for what.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { until } from '../faults/process.ts';
import { CLI } from '../support/cli.ts';
import { request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';

/** script(1) gives it a terminal; without it there is nothing to be seen. */
const missing = (() => {
  try {
    execFileSync('script', ['--version']);
    return false;
  } catch {
    return 'no script(1)';
  }
})();

async function startOnTerminal(t: Test, ...flags: readonly string[]) {
  const root = makeTree(t, { 'a.txt': 'hello' });
  const words = [process.execPath, ...CLI, root, '--port=0', ...flags];
  const command = words.map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qfec', `exec ${command}`, '/dev/null']);
  t.teardown(() => child.kill('SIGKILL'));
  let seen = '';
  child.stdout.on('data', (chunk) => {
    seen += chunk;
  });
  const portOf = () => /127\.0\.0\.1:(\d+)/.exec(seen)?.[1];
  await until(async () => portOf() !== undefined);
  const ask = (path: string) => request({ port: Number(portOf()) }, path);
  /** Control-C. */
  const interrupt = async () => {
    child.stdin.write('\x03');
    await once(child, 'close');
  };
  return { ask, seen: () => seen, interrupt };
}

t.test('a short coloured line for each request', { skip: missing }, async (t) => {
  const { ask, seen } = await startOnTerminal(t);
  await ask('/a.txt');
  await ask('/none');
  await until(async () => seen().includes('/none'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
  const plain = seen().replace(/\x1b\[\d*m/g, '');
  t.match(plain, /\d\d:\d\d:\d\d 200 GET \/a\.txt 5B \d+ms (read|mmap)/);
  t.match(plain, /\d\d:\d\d:\d\d 404 GET \/none [\d.]+[Bk] \d+ms bytes/);
  t.ok(seen().includes('\x1b[32m200'), 'green');
  t.ok(seen().includes('\x1b[33m404'), 'yellow');
});

t.test('none with --quiet', { skip: missing }, async (t) => {
  const { ask, seen, interrupt } = await startOnTerminal(t, '--quiet');
  await ask('/a.txt');
  await interrupt();
  t.notMatch(seen(), /GET/, 'nor when the last lines are written');
});

t.test('in another form where one is asked for', { skip: missing }, async (t) => {
  const { ask, seen } = await startOnTerminal(t, '--access-format=common');
  await ask('/a.txt');
  await until(async () => seen().includes('"GET /a.txt HTTP/1.1" 200 5'));
  t.pass('common');
});

t.test('how far the page cache is warm, until it is', { skip: missing }, async (t) => {
  const { seen } = await startOnTerminal(t, '--warm');
  await until(async () => seen().includes('warm: 1 files'));
  t.match(seen(), /\[\.+\] {3}0 %\r/);
  // The bar is taken away before the line.
  t.ok(seen().includes('\r\x1b[Kzcserve: warm: 1 files'));
  const quiet = await startOnTerminal(t, '--warm', '--quiet');
  await until(async () => quiet.seen().includes('warm: 1 files'));
  t.notMatch(quiet.seen(), /\[\.+\]/);
});
