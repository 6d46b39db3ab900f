// A file that is followed: one look for all, and every end seen for what it is.
import {
  appendFileSync,
  existsSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import t from 'tap';
import { until } from '../faults/process.ts';
import { followed } from './fixture.ts';

t.test('it grows, and one look serves all who wait', async (t) => {
  const { file, path, change, left } = await followed(t, 'one\n');
  for (let i = 1; i < 100; i++) file.join();
  const waiting = Array.from({ length: 100 }, () => change(() => file.size === 8));
  appendFileSync(path, 'two\n');
  await Promise.all(waiting);
  t.equal((await file.read(4, 8)).toString(), 'two\n');
  t.equal(file.ending, undefined);
  for (let i = 0; i < 100; i++) {
    t.equal(left(), 0);
    file.leave();
  }
  t.equal(left(), 1);
});

t.test('who leaves last closes it', async (t) => {
  const { file, looks } = await followed(t, 'one\n');
  const { fd } = file.file.file;
  await until(() => looks() > 2);
  t.ok(existsSync(`/proc/self/fd/${fd}`));
  // One is under way, and another is due.
  file.look();
  file.look();
  file.leave();
  await until(() => !existsSync(`/proc/self/fd/${fd}`));
});

t.test('it is moved away: to its end, once nobody has written to it for a while', async (t) => {
  const { file, path, change } = await followed(t, 'one\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'another');
  for (const size of [8, 12, 16]) {
    appendFileSync(`${path}.1`, 'more');
    file.look();
    await change(() => file.size === size);
    t.equal(file.ending, undefined);
  }
  await change(() => file.ending !== undefined);
  t.equal(file.ending, 'replaced');
  t.equal(file.size, 16);
  file.leave();
});

t.test('it is moved away and back', async (t) => {
  const { file, path, change, looks } = await followed(t, 'one\n');
  renameSync(path, `${path}.1`);
  const before = looks();
  await until(() => looks() > before);
  renameSync(`${path}.1`, path);
  appendFileSync(path, 'two\n');
  await change(() => file.size === 8);
  t.equal(file.ending, undefined);
  file.leave();
});

t.test('it is deleted', async (t) => {
  const { file, path, change } = await followed(t, 'one\n');
  rmSync(path);
  await change(() => file.ending !== undefined);
  t.equal(file.ending, 'deleted');
  file.leave();
});

t.test('it is written anew: shorter, as long, longer, or elsewhere before its end', async (t) => {
  const text = 'one\n'.repeat(100);
  for (const after of ['', 'x', 'two\n'.repeat(100), 'two\n'.repeat(200)]) {
    const { file, path, change, looks } = await followed(t, text);
    const before = looks();
    await until(() => looks() > before + 1);
    truncateSync(path);
    appendFileSync(path, after);
    await change(() => file.ending !== undefined);
    t.equal(file.ending, 'truncated', `${after.length} bytes`);
    file.leave();
  }
  const { file, path, change, looks } = await followed(t, text);
  const before = looks();
  await until(() => looks() > before + 1);
  const handle = await open(path, 'r+');
  await handle.write('x', text.length - 5);
  await handle.close();
  await change(() => file.ending !== undefined);
  t.equal(file.ending, 'truncated');
  file.leave();
});
