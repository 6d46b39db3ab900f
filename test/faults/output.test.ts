// Output that cannot be written: a reader that is gone or never reads, a full disk. None of it ends or stalls a server.
import { closeSync, existsSync, openSync } from 'node:fs';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { connect, requestBytes } from '../support/client.ts';
import { type CommandOptions, type Running, startCommand } from '../support/command.ts';
import { makeTree } from '../support/tree.ts';

/**
 * Each first request for one of them causes a line: its precompressed sibling is empty. Together longer than a pipe
 * (64 KiB), this process's buffer and the server's queue can hold.
 */
const FILES = 3000;
/** Where the first line already fails. */
const SOME = 300;
const NAME = 'n'.repeat(200);

const tree: Record<string, string> = {};
for (let i = 0; i < FILES; i++) {
  tree[`${NAME}${i}.txt`] = `text ${i}`;
  tree[`${NAME}${i}.txt.gz`] = '';
}

const servers: ReadonlyArray<readonly [name: string, env: Readonly<Record<string, string>>]> = [
  ...(loadNative().addon === undefined ? [] : [['native', {}] as const]),
  ['http1 without the addon', { ZCSERVE_NO_ADDON: '1' }],
];

/** Asks for so many files on one connection; every answer must come. */
async function causeLines(t: Test, port: number, files: number): Promise<void> {
  const client = await connect({ port });
  let right = 0;
  for (let i = 0; i < files; i++) {
    const fields = { connection: 'keep-alive', 'accept-encoding': 'gzip' };
    await client.send(requestBytes(`/${NAME}${i}.txt`, { fields }));
    const answer = await client.read();
    if (answer.status === 200 && answer.body.toString() === `text ${i}`) right++;
  }
  client.close();
  t.equal(right, files, 'every request was answered');
}

/** A server that stops on the signal has ended as it should, whatever became of its output. */
async function endsBy(t: Test, { process, ended }: Running, signal: NodeJS.Signals) {
  process.kill(signal);
  // The pipe's end may not come while nobody reads it: the process's own end does.
  process.stderr?.destroy();
  t.match(await ended, { code: 0, signal: null }, `${signal} ends it`);
}

const root = makeTree(t, tree);

for (const [name, env] of servers) {
  t.test(name, async (t) => {
    const start = (options: CommandOptions = {}) => startCommand(t, [root], { ...options, env });

    t.test('the reader of stderr is gone', async (t) => {
      const running = await start();
      running.process.stderr?.destroy();
      await causeLines(t, running.port, SOME);
      await endsBy(t, running, 'SIGTERM');
    });

    t.test('the reader of stderr reads nothing; later it learns what it missed', async (t) => {
      const running = await start();
      const { stderr } = running.process;
      stderr?.pause();
      await causeLines(t, running.port, FILES);
      let text = '';
      const told = new Promise((resolve) => {
        stderr?.on('data', (chunk) => {
          text += chunk;
          // While the queue is full, the line for the signal is one of those that are lost.
          if (/SIGHUP.*\n/.test(text)) resolve(undefined);
          else running.process.kill('SIGHUP');
        });
      });
      stderr?.resume();
      await told;
      t.match(text, /warn: \d+ lines of this log could not be written\n/);
      for (const line of text.trimEnd().split('\n')) {
        if (!/^zcserve: .+$/.test(line)) t.fail(`no whole line: ${line}`);
      }
      await endsBy(t, running, 'SIGQUIT');
    });

    t.test('the disk of stderr is full', { skip: !existsSync('/dev/full') }, async (t) => {
      const stderr = openSync('/dev/full', 'w');
      t.teardown(() => closeSync(stderr));
      const running = await start({ stderr });
      await causeLines(t, running.port, SOME);
      await endsBy(t, running, 'SIGTERM');
    });
  });
}
