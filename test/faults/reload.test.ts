// Other options for a server that has hardly a descriptor left: it gets them or stays as it is, and is never less than it was.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { connect, request, requestBytes } from '../support/client.ts';
import { startCommand } from '../support/command.ts';
import { makeTree } from '../support/tree.ts';
import { descriptorsOf, until } from './process.ts';

const noTool = spawnSync('prlimit', ['--version']).status !== 0 && 'needs prlimit (util-linux)';
const skip = noTool || (loadNative().addon === undefined && 'no addon');

for (const transport of ['native', 'http1'] as const) {
  t.test(`${transport}: however few descriptors there are`, { skip }, async (t) => {
    const folder = makeTree(t, { 'one/a.txt': 'one', 'two/a.txt': 'two' });
    const config = join(folder, 'zc.json');
    let name = 'one';
    const write = () => {
      const other = { accessLog: join(folder, `${name}.log`), admin: '127.0.0.1:0', transport };
      writeFileSync(config, JSON.stringify({ root: name, threads: 2, ...other }));
    };
    write();
    const running = await startCommand(t, [`--config=${config}`]);
    const pid = running.process.pid ?? 0;
    const lines = createInterface({ input: running.process.stderr as Readable });
    const said: string[] = [];
    lines.on('line', (line) => said.push(line));
    const limit = (files: number) =>
      spawnSync('prlimit', [`--pid=${pid}`, `--nofile=${files}:20000`]);
    const hangUp = async () => {
      said.length = 0;
      running.process.kill('SIGHUP');
      await until(async () => said.some((line) => line.includes('SIGHUP')));
      return said.find((line) => line.includes('SIGHUP')) ?? '';
    };
    const client = await connect({ port: running.port });
    const keep = requestBytes('/a.txt', { fields: { connection: 'keep-alive' } });
    let served = 'one';
    const ask = async () => {
      await client.send(keep);
      return client.read();
    };
    await ask();
    const max = descriptorsOf(pid);
    let refused = 0;
    for (let files = max - 16; served === 'one' && files < max + 64; files++) {
      limit(files);
      name = 'two';
      write();
      const words = await hangUp();
      limit(20_000);
      if (words.includes('reloaded')) served = 'two';
      else refused++;
      t.match(words, served === 'two' ? /reloaded: root/ : /all stays as it was/, `${files}`);
      t.notMatch(served === 'two' ? said.join('\n') : '', /no better transport|no sendfile/);
      const { body } = await request({ port: running.port }, '/a.txt');
      t.equal(body.toString(), served, `with ${files} descriptors`);
      const kept = await ask();
      t.equal(kept.body.toString(), 'one', 'and who was here');
      t.equal(kept.field('connection')?.toLowerCase() === 'close', served === 'two');
    }
    t.equal(served, 'two');
    t.ok(refused > 3, `${refused} refused`);
    client.close();
  });
}
