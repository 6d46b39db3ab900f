// Lines to a descriptor: in order, never waited for, and counted where they are lost.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createLineWriter } from '../../src/log/line-writer.ts';
import { createLog } from '../../src/log/log.ts';
import { makeTree } from '../support/tree.ts';

const FOREVER_MS = 60_000;

t.test('lines arrive in the order in which they were written', async (t) => {
  const file = join(makeTree(t), 'log');
  const fd = openSync(file, 'a');
  t.teardown(() => closeSync(fd));
  const writer = createLineWriter(fd);
  const lines = Array.from({ length: 500 }, (_, i) => `line ${i} é\n`);
  for (const line of lines) writer.write(line, 1);
  await writer.drained(FOREVER_MS);
  t.equal(readFileSync(file, 'utf8'), lines.join(''));
  t.equal(writer.takeLost(), 0);
});

t.test('what a full disk does not take is lost, and counted once', async (t) => {
  const fd = openSync('/dev/full', 'w');
  t.teardown(() => closeSync(fd));
  const writer = createLineWriter(fd);
  writer.write('one\n', 1);
  writer.write('two\nthree\n', 2);
  await writer.drained(FOREVER_MS);
  t.equal(writer.takeLost(), 3);
  t.equal(writer.takeLost(), 0);
  t.equal(writer.lost, 3, 'and all since the start');
});

t.test('what waits is bounded: more is lost, and the rest still arrives whole', async (t) => {
  const file = join(makeTree(t), 'log');
  const fd = openSync(file, 'a');
  t.teardown(() => closeSync(fd));
  const writer = createLineWriter(fd);
  const line = `${'x'.repeat(1023)}\n`;
  for (let i = 0; i < 1000; i++) writer.write(line, 1);
  await writer.drained(FOREVER_MS);
  const kept = readFileSync(file, 'utf8').length / line.length;
  t.ok(kept > 0 && kept < 1000, `${kept} were kept`);
  t.equal(writer.takeLost(), 1000 - kept);
});

t.test('a log tells how many of its lines were lost, with the first that is not', async (t) => {
  const lines: string[] = [];
  let lost = 7;
  const takeLost = () => {
    const count = lost;
    lost = 0;
    return count;
  };
  const log = createLog({ write: (text, count) => lines.push(`${count} ${text}`), takeLost });
  log.warn('a');
  log.warn('b');
  t.same(lines, [
    '8 zcserve: warn: 7 lines of this log could not be written\nzcserve: warn: a\n',
    '1 zcserve: warn: b\n',
  ]);
});
