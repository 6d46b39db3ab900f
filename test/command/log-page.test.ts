// docs/log.md runs as it stands: its first three commands, the four of curl, and the API.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { plainCommand } from '../support/plain-command.ts';
import { makeTree, plant } from '../support/tree.ts';

const PAGE = readFileSync(new URL('../../docs/log.md', import.meta.url), 'utf8');
const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

/** Lines of the page's first block in this language. */
function blockOf(language: string): string[] {
  const [, text = ''] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(PAGE) ?? [];
  return text.trim().split('\n');
}

interface Place {
  readonly directory: string;
  /** Runs a line of the page; resolves to what it prints. */
  run(line: string): Promise<string>;
}

/** A directory in which `npx zcserve` is this checkout's, and the server of the page, on a port of its own. */
async function start(t: Test, line: string): Promise<Place> {
  const directory = makeTree(t, { 'site/a.txt': 'a', 'site/b.txt': 'b', bin: { directory: true } });
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" --import=${TSX} "${CLI}" "$@"\n`;
  plant(join(directory, 'bin/npx'), { text: npx, mode: 0o755 });
  const env = { ...process.env, PATH: `${join(directory, 'bin')}:${process.env.PATH}` };
  const cwd = join(directory, 'site');
  mkdirSync(cwd, { recursive: true });
  const server = spawn(...plainCommand('sh', ['-c', `exec ${line} --port 0`]), { cwd, env });
  t.teardown(() => server.kill('SIGKILL'));
  const [first] = await once(createInterface({ input: server.stdout }), 'line');
  const port = /127\.0\.0\.1:(\d+)/.exec(first)?.[1];
  const run = async (command: string) => {
    const words = plainCommand('sh', [
      '-c',
      command.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`),
    ]);
    return (await promisify(execFile)(...words, { cwd, env })).stdout;
  };
  return { directory: cwd, run };
}

t.test('three commands: serve, append, tail', async (t) => {
  const [serve = '', append = '', tail = '', ...more] = blockOf('sh');
  t.same(more, []);
  const { run } = await start(t, serve);
  t.equal(await run(append), '');
  t.match(await run(tail), /^a\.txt\nb\.txt\n/);
});

t.test('in the process', async (t) => {
  const directory = makeTree(t, { 'public/index.html': 'x' });
  const index = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
  const code = blockOf('js').join('\n').replace("'zcserve'", JSON.stringify(index));
  const onFreePort = code.replace("root: 'public'", "root: 'public', port: 0");
  plant(join(directory, 'own.mjs'), onFreePort);
  const words = [`--import=${TSX}`, 'own.mjs'];
  const { stdout } = await promisify(execFile)(...plainCommand(process.execPath, words), {
    cwd: directory,
  });
  t.equal(stdout, 'done\n\n');
});

t.test('by curl', async (t) => {
  const [serve = ''] = blockOf('sh');
  const { run } = await start(t, serve);
  const lines = blockOf('console');
  const commands = lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2));
  const said: string[] = [];
  for (const command of commands.slice(0, 3)) said.push(await run(`${command} --silent --fail`));
  t.same(said, ['', '', 'hello']);
  t.ok(lines.includes('hello'));
  const events = await run(`${commands[3]} --silent --max-time 2 || true`);
  t.match(events, /^event: data\ndata:\s?hello\n\nevent: control\ndata:/);
});
