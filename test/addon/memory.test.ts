// The two ways in which JavaScript has bytes of the memory cache: lent until they are given back, or kept.
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import type { NativeFile, NativeMemory } from '../../src/addon/files.ts';
import { loadNative } from '../../src/addon/load.ts';
import type { NativeAddon } from '../../src/addon/types.ts';
import { until } from '../faults/process.ts';
import { makeTree, pattern } from '../support/tree.ts';

const { addon, ...missing } = loadNative() as { addon?: NativeAddon; reason?: string };
if (addon === undefined) {
  t.plan(0, missing.reason);
  process.exit();
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const SIZE = 4096;

/** Takes a file into memory that has room for no other of its size. */
async function open(t: Test, size = SIZE) {
  const path = makeTree(t, { f: { size, mtime: new Date(Date.now() - 60_000) } });
  const root = (addon as NativeAddon).openRoot(path);
  const opened = await (addon as NativeAddon).open(root, ['f'], 'inside');
  const file = opened.find((value) => typeof value === 'object') as NativeFile;
  const arena = (addon as NativeAddon).createArena(size);
  t.teardown(() => {
    file.release();
    arena.close();
    root.close();
  });
  return { snapshot: () => arena.snapshot(file), lock: () => arena.lock() };
}

const bytesOf = (buffer: ArrayBuffer | undefined) => Buffer.from(buffer ?? new ArrayBuffer(0));

t.test(
  'what is lent is one buffer, and empty once it is given back: its room is free',
  async (t) => {
    const { snapshot } = await open(t);
    const memory = (await snapshot()) as NativeMemory;
    t.equal(memory.view, undefined, 'nothing is lent that nobody wants');
    const view = memory.lend();
    t.ok(bytesOf(view).equals(pattern(SIZE)));
    t.equal(memory.lend(), view);
    t.equal(memory.view, view);
    t.equal(await snapshot(), 'full');
    memory.release();
    t.equal(view?.byteLength, 0);
    t.equal(typeof (await snapshot()), 'object');
    memory.release();
    t.equal(memory.lend()?.byteLength, 0, 'and never comes back');
  },
);

t.test('what is kept is a buffer for each that asks, and outlives what was lent', async (t) => {
  const { snapshot } = await open(t);
  const memory = (await snapshot()) as NativeMemory;
  const kept = memory.bytes();
  t.not(kept, memory.bytes());
  t.not(kept, memory.lend());
  memory.release();
  t.ok(bytesOf(kept).equals(pattern(SIZE)));
  t.equal(await snapshot(), 'full', 'its room is in use');
  t.equal(memory.bytes(), undefined);
  t.equal(memory.view?.byteLength, 0);
});

t.test('what is lent keeps its memory, though nobody has that any more', async (t) => {
  const { snapshot } = await open(t);
  const view = ((await snapshot()) as NativeMemory).lend();
  for (let i = 0; i < 5; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.ok(bytesOf(view).equals(pattern(SIZE)));
  t.equal(await snapshot(), 'full');
});

/** Of the mappings of memory caches: what their pages take that are kept from being swapped out, bytes. */
function lockedBytes(): number {
  const all = readFileSync('/proc/self/smaps', 'latin1').split(/^(?=[\da-f]+-[\da-f]+ )/m);
  const caches = all.filter((mapping) => mapping.includes('memfd:zcserve-cache'));
  const kib = caches.map((mapping) => Number(/^Locked:\s+(\d+) kB$/m.exec(mapping)?.[1] ?? 0));
  return kib.reduce((sum, each) => sum + each, 0) * 1024;
}

t.test('of what is locked, memory is taken by what is in use, and comes back', async (t) => {
  const size = 16 * SIZE;
  const { snapshot, lock } = await open(t, size);
  if (lock() !== undefined) return t.comment('the limit is too low here');
  t.equal(lockedBytes(), 0, 'nothing is used yet');
  const memory = (await snapshot()) as NativeMemory;
  t.equal(lockedBytes(), size, 'a slot that was made after it');
  t.ok(bytesOf(memory.bytes()).equals(pattern(size)));
  memory.release();
  // What was kept holds the slot until it is collected.
  await until(() => {
    collect();
    return lockedBytes() === 0;
  });
  t.equal(typeof (await snapshot()), 'object');
  t.equal(lockedBytes(), size);
});
