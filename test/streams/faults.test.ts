// Disks that are full or fail while appends run (test/faults/power.c): nothing mixed, nothing hangs, everybody is told.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { Durability } from '../../src/streams/store/types.ts';
import { buildShim } from '../faults/shim.ts';
import { makeTree } from '../support/tree.ts';
import {
  contentOf,
  create,
  dataFile,
  found,
  sidecarFile,
  startStore,
  TEXT,
  text,
} from './fixture.ts';
import type { Call } from './store-child.ts';

const built = buildShim(t, 'power.c');
const skip = built.library === undefined ? built.reason : false;
const CHILD = fileURLToPath(new URL('store-child.ts', import.meta.url));

type Ask = (call: Call) => Promise<unknown>;

async function startChild(t: Test, directory: string, durability: Durability): Promise<Ask> {
  const child = fork(CHILD, [directory, durability], {
    execArgv: ['--import=tsx'],
    env: { ...process.env, LD_PRELOAD: built.library, ZC_DISK: directory },
  });
  t.teardown(() => child.kill('SIGKILL'));
  const asked = new Map<number, (came: unknown) => void>();
  child.on('message', ({ id, came }: { readonly id: number; readonly came: unknown }) => {
    asked.get(id)?.(came);
    asked.delete(id);
  });
  await once(child, 'message');
  let last = 0;
  return (call) =>
    new Promise((resolve) => {
      asked.set(++last, resolve);
      child.once('exit', resolve);
      child.send({ id: last, call });
    });
}

const append = (ask: Ask, letters: string, stream = 's') =>
  ask({ call: 'appends', stream, letters: [...letters] });
const appended = (tail: number) => ({ kind: 'appended', tail, closed: false });
const failed = (errno: string) => ({ kind: 'failed', errno });

for (const durability of ['none', 'async', 'group', 'sync'] as const) {
  for (const [of, file] of [
    ['data', dataFile],
    ['sidecar', sidecarFile],
  ] as const) {
    for (const [fault, errno] of [
      ['enospc', 'ENOSPC'],
      ['eio', 'EIO'],
    ] as const) {
      t.test(`${durability}: ${errno} of the ${of}`, { skip }, async (t) => {
        const directory = makeTree(t);
        const ask = await startChild(t, directory, durability);
        await ask({ call: 'create', stream: 's' });
        t.same(await append(ask, 'a'), [appended(1)]);
        const sidecar = readFileSync(sidecarFile(directory, 's'));
        const cause = `${file(directory, 's')}.${fault}`;
        writeFileSync(cause, '');
        const gap = { kind: 'seq-gap', expected: 1, received: 2 };
        // Those behind one that has failed are judged without it; they may have been committed with it.
        const second = durability === 'sync' ? gap : failed(errno);
        t.same(await append(ask, 'bcc'), [failed(errno), second, gap]);
        t.equal(contentOf(directory, 's'), 'a', 'the data is as it was');
        t.same(readFileSync(sidecarFile(directory, 's')), sidecar, 'the sidecar too');
        t.equal(await ask({ call: 'tail', stream: 's' }), 1);
        rmSync(cause);
        t.same(await append(ask, 'c'), [gap], 'the producer too');
        t.same(await append(ask, 'bc'), [appended(2), appended(3)]);
        t.equal(contentOf(directory, 's'), 'abc');
        t.equal(await ask({ call: 'waiting' }), 0);
        t.same(await ask({ call: 'lines' }), [], 'who appends is told, and nobody else');
        await ask({ call: 'close' });
        const { store } = await startStore(t, { directory });
        t.equal((await found(store, 's')).tail, 3);
      });
    }
  }
}

for (const durability of ['async', 'group', 'sync'] as const) {
  for (const [of, file] of [
    ['data', dataFile],
    ['sidecar', sidecarFile],
  ] as const) {
    t.test(`${durability}: a sync of the ${of} that fails is final`, { skip }, async (t) => {
      const directory = makeTree(t);
      const ask = await startChild(t, directory, durability);
      await ask({ call: 'create', stream: 's' });
      await ask({ call: 'create', stream: 'other' });
      t.same(await append(ask, 'a'), [appended(1)]);
      const cause = `${file(directory, 's')}.unsafe`;
      writeFileSync(cause, '');
      const first = await append(ask, 'bc');
      if (durability === 'async') {
        t.same(first, [appended(2), appended(3)]);
        while (((await ask({ call: 'lines' })) as unknown[]).length === 0);
      } else {
        t.same(first, [failed('EIO'), failed('EIO')]);
      }
      const tail = durability === 'async' ? 3 : 1;
      t.equal(await ask({ call: 'tail', stream: 's' }), tail, 'what was seen stays');
      rmSync(cause);
      t.same(await append(ask, 'xyz'), Array(3).fill(failed('EIO')), 'there is no other try');
      t.same(await append(ask, 'a', 'other'), [appended(1)], 'other streams go on');
      t.match(await ask({ call: 'lines' }), [
        /error: stream s: EIO: what the disk has of it is not/,
      ]);
      await ask({ call: 'close' });
      const { store, lines } = await startStore(t, { directory });
      const stream = await found(store, 's');
      t.equal(stream.tail, tail, 'nothing of what has failed comes back');
      t.equal(contentOf(directory, 's').length, tail);
      t.same(lines, []);
      t.match(await stream.append({ bytes: Buffer.from('!'), close: false }), appended(tail + 1));
    });
  }
}

t.test('a sync that fails when a stream is opened is final too', { skip }, async (t) => {
  const directory = makeTree(t);
  const first = await startStore(t, { directory });
  await create(first.store, 's', TEXT, text('x'));
  await first.store.close();
  const ask = await startChild(t, directory, 'group');
  const cause = `${dataFile(directory, 's')}.unsafe`;
  writeFileSync(cause, '');
  const why = 'Error: what the disk has of it is not known';
  t.equal(await ask({ call: 'tail', stream: 's' }), why);
  rmSync(cause);
  t.equal(await ask({ call: 'tail', stream: 's' }), why, 'there is no other try');
  t.equal(((await ask({ call: 'lines' })) as unknown[]).length, 1, 'said once');
  await ask({ call: 'close' });
  const { store } = await startStore(t, { directory });
  t.equal((await found(store, 's')).tail, 1);
});

t.test('a disk that does not answer: appends wait, other streams do not', { skip }, async (t) => {
  const directory = makeTree(t);
  const ask = await startChild(t, directory, 'group');
  await ask({ call: 'create', stream: 's' });
  await ask({ call: 'create', stream: 'other' });
  const cause = `${dataFile(directory, 's')}.stuck`;
  writeFileSync(cause, '');
  const waiting = append(ask, 'ab');
  t.same(await append(ask, 'a', 'other'), [appended(1)]);
  t.equal(await ask({ call: 'tail', stream: 's' }), 0, 'nobody sees what is not synced');
  t.equal(await ask({ call: 'waiting' }), 2);
  const deleted = ask({ call: 'delete', stream: 'other' });
  t.same(await deleted, { kind: 'deleted' });
  rmSync(cause);
  t.same(await waiting, [appended(1), appended(2)]);
});

t.test('a stream that cannot be created leaves nothing', { skip }, async (t) => {
  const directory = makeTree(t);
  const ask = await startChild(t, directory, 'group');
  for (const cause of [
    `${sidecarFile(directory, 's')}.new.enospc`,
    `${sidecarFile(directory, 's')}.new.unsafe`,
  ]) {
    writeFileSync(cause, '');
    t.equal(await ask({ call: 'create', stream: 's' }), 'failed');
    rmSync(cause);
    t.equal(await ask({ call: 'tail', stream: 's' }), 'Error: s: undefined');
  }
  t.equal(await ask({ call: 'create', stream: 's' }), 'created');
});
