// A store of streams as its callers see it: every outcome of create, append, find and delete.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { lockDirectory } from '../../src/streams/store/lock.ts';
import type { Append, Appended, Created } from '../../src/streams/store/types.ts';
import { until } from '../faults/process.ts';
import { makeTree } from '../support/tree.ts';
import {
  CLOSE,
  contentOf,
  create,
  dataFile,
  found,
  INHERIT,
  JSON_TYPE,
  sidecarFile,
  startStore,
  TEXT,
  text,
} from './fixture.ts';

/** What another process says that opens it. */
function otherProcess(directory: string): string {
  const child = fileURLToPath(new URL('writer-child.ts', import.meta.url));
  const args = ['--import=tsx', child, directory, 'group', '0'];
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout;
}

const kindOf = ({ kind }: Appended | Created) => kind;

t.test('bytes are appended in order, and stand in the file as they came', async (t) => {
  const { store, directory } = await startStore(t);
  const stream = await create(store, 'a/b', TEXT, text('one '));
  t.equal(stream.tail, 4);
  const appended = await Promise.all([text('two '), text('three ')].map((a) => stream.append(a)));
  t.same(appended, [
    { kind: 'appended', tail: 8, closed: false },
    { kind: 'appended', tail: 14, closed: false },
  ]);
  t.equal(stream.tail, 14);
  t.equal(contentOf(directory, 'a/b'), 'one two three ');
  t.equal(store.find('a/b'), stream, 'found at once');
});

for (const durability of ['none', 'async', 'group', 'sync'] as const) {
  t.test(`${durability}: all is there after the store was closed`, async (t) => {
    const first = await startStore(t, { options: { durability } });
    const stream = await create(first.store, 's', JSON_TYPE, text('0,\n'));
    const by = (seq: number) => ({ producer: { id: 'p', epoch: 2, seq } });
    const writers = Array.from({ length: 50 }, (_, seq) => text(`${seq},\n`, by(seq)));
    const kinds = (await Promise.all(writers.map((one) => stream.append(one)))).map(kindOf);
    t.same(new Set(kinds), new Set(['appended']));
    await stream.append(text('', { seq: 'x', close: true }));
    const content = contentOf(first.directory, 's');
    const { store, directory, lines } = await first.reopen();
    const again = await found(store, 's');
    t.equal(again.config.contentType, JSON_TYPE.contentType);
    t.equal(again.expiresMs, undefined);
    t.equal(again.id, stream.id);
    t.equal(again.tail, stream.tail);
    t.equal(again.closed, true);
    t.equal(contentOf(directory, 's'), content);
    t.same(lines, [], 'nothing was cut off');
  });
}

t.test(
  'sync: a sync of its own for each; group: one for all that wait; none: no sync',
  async (t) => {
    const counts: Record<string, number> = {};
    for (const durability of ['none', 'group', 'sync'] as const) {
      const { store } = await startStore(t, { options: { durability } });
      const stream = await create(store, 's');
      const before = store.stats();
      await Promise.all(Array.from({ length: 20 }, () => stream.append(text('x'))));
      const after = store.stats();
      counts[durability] = after.commits - before.commits;
      t.equal(
        after.syncs - before.syncs,
        durability === 'none' ? 0 : 2 * (counts[durability] ?? 0),
      );
      t.equal(after.appends - before.appends, 20);
      t.equal(after.bytes - before.bytes, 20);
    }
    t.same(counts, { none: 1, group: 1, sync: 20 });
  },
);

t.test('producers and Stream-Seq are judged in order, those that wait included', async (t) => {
  const { store, directory } = await startStore(t);
  const stream = await create(store, 's');
  const by = (epoch: number, seq: number, more: Partial<Append> = {}) =>
    text(`${epoch}.${seq} `, { producer: { id: 'p', epoch, seq }, ...more });
  const answers = await Promise.all(
    [
      by(0, 0),
      by(0, 1),
      by(0, 1),
      by(0, 3),
      by(1, 0),
      by(0, 2),
      by(2, 1),
      by(1, 1, { close: true }),
      by(1, 1),
      by(1, 2),
    ].map((one) => stream.append(one)),
  );
  t.same(answers.map(kindOf), [
    'appended',
    'appended',
    'duplicate',
    'seq-gap',
    'appended',
    'stale-epoch',
    'epoch-must-start',
    'appended',
    'duplicate',
    'closed',
  ]);
  t.equal(contentOf(directory, 's'), '0.0 0.1 1.0 1.1 ');
  t.equal(store.stats().outcomes.duplicate, 2);
});

t.test('what a producer has sent is known after a restart', async (t) => {
  const first = await startStore(t);
  const stream = await create(first.store, 's');
  const one = text('x', { producer: { id: 'p', epoch: 1, seq: 0 }, seq: 'b' });
  t.equal(kindOf(await stream.append(one)), 'appended');
  const { store } = await first.reopen();
  const again = await found(store, 's');
  t.match(await again.append(one), { kind: 'duplicate', tail: 1, epoch: 1, seq: 0 });
  t.match(await again.append(text('y', { seq: 'a' })), { kind: 'seq-regressed', last: 'b' });
});

t.test('create: there as asked for, or another one', async (t) => {
  const { store } = await startStore(t);
  const config = { ...TEXT, ttlSeconds: 60 };
  await create(store, 's', config, text('x'));
  const closed = { ...text(''), close: true };
  const cases = [
    ['exists', config, undefined],
    ['exists', { ...config, contentType: 'TEXT/plain; charset=utf-8' }, text('other')],
    ['conflict', { ...config, contentType: 'text/html' }, undefined],
    ['conflict', { ...config, ttlSeconds: 61 }, undefined],
    ['conflict', TEXT, undefined],
    ['conflict', config, closed],
  ] as const;
  for (const [kind, asked, first] of cases) {
    t.equal(kindOf(await store.create('s', asked, first)), kind);
  }
  const stream = await found(store, 's');
  t.equal(stream.tail, 1, 'nothing was appended');
  await stream.append(CLOSE);
  t.equal(kindOf(await store.create('s', config)), 'conflict', 'closed meanwhile');
  t.equal(kindOf(await store.create('s', config, closed)), 'exists');
});

t.test('of many that create it at once, one does', async (t) => {
  const { store, directory } = await startStore(t);
  const created = await Promise.all(
    Array.from({ length: 10 }, (_, i) => store.create('s', TEXT, text(`${i}`))),
  );
  t.same(created.map(kindOf), ['created', ...Array<string>(9).fill('exists')]);
  t.equal(contentOf(directory, 's'), '0');
});

t.test('names that no file can have', async (t) => {
  const { store } = await startStore(t);
  for (const name of ['', 'x'.repeat(300), '\ud800']) {
    t.equal(kindOf(await store.create(name, TEXT)), 'bad-name');
    t.equal(await store.find(name), undefined);
    t.same(await store.delete(name), { kind: 'missing' });
  }
});

t.test('limits: an append, a stream, the directory, what waits', async (t) => {
  const options = { maxAppend: 10, maxStream: 25, quota: 36, maxWaiting: 2 * (512 + 10) };
  const { store, directory } = await startStore(t, { options });
  const stream = await create(store, 's', TEXT, text('0123456789'));
  t.same(await stream.append(text('01234567890')), { kind: 'too-large', of: 'append' });
  const answers = await Promise.all(['a', 'b', 'c'].map((c) => stream.append(text(c.repeat(8)))));
  t.same(answers.map(kindOf), ['appended', 'too-large', 'busy']);
  const { tail } = stream;
  t.same(await stream.append(text('x'.repeat(26 - tail))), { kind: 'too-large', of: 'stream' });
  t.same(await stream.append(text('')), { kind: 'appended', tail, closed: false }, 'no bytes');
  t.equal(store.stats().waitingBytes, 0);
  t.equal(store.stats().waiting, 0);
  const other = await create(store, 't', TEXT, text('0123456789'));
  t.same(await other.append(text('x'.repeat(10))), { kind: 'quota' });
  t.same(await store.create('u', TEXT, text('x'.repeat(10))), { kind: 'quota' });
  t.same(await store.create('u', TEXT, text('x'.repeat(11))), { kind: 'too-large', of: 'append' });
  t.equal(await store.find('u'), undefined);
  t.equal(contentOf(directory, 't'), '0123456789');
  t.same(await store.delete('s'), { kind: 'deleted' });
  t.equal(kindOf(await other.append(text('x'.repeat(10)))), 'appended', 'there is room again');
});

t.test('a quota counts what was there before', async (t) => {
  const first = await startStore(t);
  await create(first.store, 's', TEXT, text('0123456789'));
  const { store } = await first.reopen({ quota: 15 });
  t.same(store.stats().storedBytes, 10);
  const stream = await found(store, 's');
  t.same(await stream.append(text('x'.repeat(6))), { kind: 'quota' });
  t.equal(kindOf(await stream.append(text('x'.repeat(5)))), 'appended');
});

t.test('a floor of free space that the disk does not have', async (t) => {
  const { store, directory } = await startStore(t, { options: { minFree: 2 ** 60 } });
  t.same(await store.create('s', TEXT, text('x')), { kind: 'quota' });
  t.same(readdirSync(directory), ['.lock'], 'nothing is left');
});

t.test('room is given in the order in which it was asked for', async (t) => {
  const { store } = await startStore(t, { options: { maxWaiting: 2 * 1024 } });
  const stream = await create(store, 's');
  const first = store.reserve(1000);
  t.notOk(first instanceof Promise, 'at once');
  const order: string[] = [];
  const large = Promise.resolve(store.reserve(1e9)).then((room) => {
    order.push('large');
    return room;
  });
  const small = Promise.resolve(store.reserve(1)).then((room) => {
    order.push('small');
    return room;
  });
  t.same(await stream.append(text('x')), { kind: 'busy' }, 'nobody goes before those who wait');
  const room = await first;
  t.equal(kindOf(await stream.append(text('x'), room)), 'appended');
  room.free();
  room.free();
  (await large).free();
  (await small).free();
  t.same(order, ['large', 'small']);
  t.equal(store.stats().waitingBytes, 0);
});

t.test('whoever listens is told of tail, closing and deletion, after the fact', async (t) => {
  const { store } = await startStore(t);
  const stream = await create(store, 's');
  const seen: unknown[] = [];
  const stop = stream.onChange(() => seen.push([stream.tail, stream.closed, stream.state]));
  const deaf = stream.onChange(() => t.fail('not any more'));
  deaf();
  const appending = stream.append(text('x'));
  t.same(seen, [], 'not within the call');
  await appending;
  await stream.append(text('y', { close: true }));
  await store.delete('s');
  t.same(seen, [
    [1, false, 'live'],
    [2, true, 'live'],
    [2, true, 'deleted'],
  ]);
  stop();
});

t.test('a deleted stream is gone, and its name is free', async (t) => {
  const { store, directory } = await startStore(t);
  const stream = await create(store, 's', TEXT, text('old'));
  const { file } = stream;
  file.retain();
  const waiting = stream.append(text('x'));
  const [deleted] = await Promise.all([store.delete('s'), waiting]);
  t.same(deleted, { kind: 'deleted' });
  t.equal(await store.find('s'), undefined);
  t.same(await store.delete('s'), { kind: 'missing' });
  t.same(await stream.append(text('x')), { kind: 'gone' });
  t.same(readdirSync(directory), ['.lock']);
  t.ok(statSync(`/proc/self/fd/${file.file.fd}`).size > 0, 'who reads it reads on');
  const next = await create(store, 's', TEXT, text('new'));
  t.not(next.id, stream.id);
  t.same(await stream.append(text('x')), { kind: 'gone' }, 'the old one is not the new one');
  t.equal(contentOf(directory, 's'), 'new');
  file.release();
});

t.test('the time to live slides, but not by looking; Expires-At does not', async (t) => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const setting = { now: () => now };
  const first = await startStore(t, setting);
  const sliding = await create(first.store, 'ttl', { ...TEXT, ttlSeconds: 100 });
  await create(first.store, 'at', { ...TEXT, expiresAt: '2026-01-01T00:02:30Z' });
  now += 99_000;
  t.equal(await first.store.find('ttl'), sliding);
  await sliding.append(text('x'));
  now += 99_000;
  sliding.touch();
  t.equal(await first.store.find('at'), undefined, 'expired');
  const { store } = await first.reopen();
  now += 99_000;
  t.ok(await store.find('ttl'), 'it lives on after a restart');
  now += 1_000;
  t.equal(await store.find('ttl'), undefined, 'not found again, it is gone');
  t.equal(kindOf(await store.create('ttl', TEXT)), 'created', 'its name is free');
});

t.test('what expires is removed though nobody asks, and who listens is told', async (t) => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const first = await startStore(t, { now: () => now });
  await create(first.store, 'before', { ...TEXT, ttlSeconds: 10 });
  now += 1;
  const { store, directory } = await first.reopen();
  const stream = await create(store, 'now', { ...TEXT, ttlSeconds: 10 });
  let state = '';
  stream.onChange(() => {
    state = stream.state;
  });
  now += 10_000;
  await until(() => readdirSync(directory).length === 1 && state !== '');
  t.equal(state, 'expired');
});

t.test('streams that nobody uses are closed, and open again by themselves', async (t) => {
  const { store, directory } = await startStore(t, { options: { openStreams: 8 } });
  const streams = [await create(store, '0', TEXT, text('0'))];
  const heard = streams[0]?.onChange(() => {});
  for (let i = 1; i < 30; i++) streams.push(await create(store, `${i}`, TEXT, text(`${i}`)));
  await until(() => store.stats().open <= 9);
  t.equal(store.find('0'), streams[0], 'but not one to which somebody listens');
  for (const [i, stream] of streams.entries()) {
    t.equal(kindOf(await stream.append(text('!'))), 'appended');
    t.equal(await store.find(`${i}`), stream, 'there is one of a name');
    t.equal(contentOf(directory, `${i}`), `${i}!`);
  }
  heard?.();
  await until(() => store.stats().open <= 8);
});

t.test('a directory has one store, for all that open it', async (t) => {
  const { store, directory } = await startStore(t);
  const other = await startStore(t, { directory });
  const stream = await create(store, 's');
  t.equal(other.store.find('s'), stream);
  let state = '';
  stream.onChange(() => {
    state = stream.state;
  });
  await store.close();
  t.equal(kindOf(await stream.append(text('x'))), 'appended', 'somebody still uses it');
  await other.store.close();
  t.equal(state, 'closing');
  t.same(await stream.append(text('x')), { kind: 'busy' });
  t.same(await other.store.create('t', TEXT), { kind: 'failed', errno: 'ECANCELED' });
  t.same(await other.store.delete('s'), { kind: 'failed', errno: 'ECANCELED' });
});

t.test('whoever opens it last says how: a reload has other options', async (t) => {
  const first = await startStore(t, { options: { durability: 'none', maxAppend: 1 } });
  const stream = await create(first.store, 's');
  t.match(await stream.append(text('xx')), { kind: 'too-large' });
  const { store } = await startStore(t, { directory: first.directory });
  await first.store.close();
  const { syncs } = store.stats();
  t.match(await stream.append(text('xx')), { kind: 'appended' });
  t.equal(store.stats().syncs, syncs + 2);
});

t.test('without the addon, the number of a process is the lock', async (t) => {
  const directory = makeTree(t);
  const file = join(directory, '.lock');
  const lock = lockDirectory(directory, undefined);
  t.equal(readFileSync(file, 'utf8'), `${process.pid}\n`);
  lock.release();
  t.same(readdirSync(directory), []);
  writeFileSync(file, `${process.ppid}\n`);
  t.throws(() => lockDirectory(directory, undefined), { code: 'EBUSY' });
  for (const stale of ['', 'x', `${spawnSync('true').pid}`]) {
    writeFileSync(file, stale);
    lockDirectory(directory, undefined).release();
  }
});

t.test('what is appended when it closes is there', async (t) => {
  const first = await startStore(t);
  const stream = await create(first.store, 's');
  const waiting = Array.from({ length: 10 }, () => stream.append(text('x')));
  const { store } = await first.reopen();
  t.same(new Set((await Promise.all(waiting)).map(kindOf)), new Set(['appended']));
  t.equal((await found(store, 's')).tail, 10);
});

t.test('a sidecar does not grow with each append for ever', async (t) => {
  const first = await startStore(t, { options: { durability: 'none' } });
  const stream = await create(first.store, 's');
  const producer = (seq: number) => ({ producer: { id: 'p', epoch: 0, seq } });
  for (let i = 0; i < 4000; i++) await stream.append(text('x', producer(i)));
  const { size } = statSync(sidecarFile(first.directory, 's'));
  t.ok(size < 300 * 1024, `${size} bytes for 4000 commits`);
  const { store, directory } = await first.reopen();
  t.ok(statSync(sidecarFile(directory, 's')).size < 1024, 'closed, it is short');
  const again = await found(store, 's');
  t.equal(again.tail, 4000);
  t.match(await again.append(text('x', producer(3999))), { kind: 'duplicate' });
});

t.test('leftovers of creations that were cut off are removed', async (t) => {
  const first = await startStore(t);
  await create(first.store, 's', TEXT, text('x'));
  await first.store.close();
  for (const file of ['half.stream', 'half.commits.new', 's.commits.new', 'notes.txt']) {
    writeFileSync(join(first.directory, file), 'x');
  }
  const { store, directory } = await startStore(t, { directory: first.directory });
  await until(() => readdirSync(directory).length === 4);
  t.same(readdirSync(directory).sort(), ['.lock', 'notes.txt', 's.commits', 's.stream']);
  t.equal((await found(store, 's')).tail, 1);
  t.equal(await store.find('half'), undefined);
});

t.test('a name of which the file system makes another one is not that stream', async (t) => {
  const first = await startStore(t);
  await create(first.store, 's', TEXT, text('x'));
  await first.store.close();
  const { directory } = first;
  for (const file of [dataFile, sidecarFile]) {
    writeFileSync(file(directory, 'S'), readFileSync(file(directory, 's')));
  }
  const { store } = await startStore(t, { directory });
  await t.rejects(async () => store.find('S'), { code: 'EEXIST' });
  t.same(await store.create('S', TEXT), { kind: 'failed', errno: 'EEXIST' });
  t.same(await store.delete('S'), { kind: 'failed', errno: 'EEXIST' });
  t.equal((await found(store, 's')).tail, 1);
});

t.test('another process has the directory', async (t) => {
  const { directory } = await startStore(t);
  t.match(await otherProcess(directory), /^EBUSY: process \d+ has the streams/);
});

t.test('forks', async (t) => {
  const { store, directory } = await startStore(t);
  const source = await create(store, 'a', { ...JSON_TYPE, ttlSeconds: 60 }, text('1,\n2,\n3,\n'));
  const fork = async (name: string, offset?: number, subOffset = 0, more = {}) =>
    kindOf(await store.fork(name, { ...INHERIT, ...more }, { from: 'a', offset, subOffset }));
  t.equal(await fork('whole'), 'created');
  t.equal(contentOf(directory, 'whole'), '1,\n2,\n3,\n');
  t.equal(await fork('part', 3), 'created');
  t.equal(contentOf(directory, 'part'), '1,\n');
  t.equal(await fork('more', 3, 1), 'created');
  t.equal(contentOf(directory, 'more'), '1,\n2,\n');
  t.same((await found(store, 'more')).config, { ...JSON_TYPE, ttlSeconds: 60 });
  t.equal(await fork('more', 3, 1), 'exists');
  t.equal(await fork('more', 3, 2), 'conflict');
  t.equal(await fork('more', 6, 1), 'conflict');
  t.equal(await fork('more', undefined, 1), 'exists');
  t.equal(kindOf(await store.create('more', { ...JSON_TYPE, ttlSeconds: 60 })), 'conflict');
  t.equal(await fork('a', 3), 'conflict');
  for (const [offset, subOffset] of [
    [10, 0],
    [2, 0],
    [4, 1],
    [3, 3],
    [9, 1],
    [0, 4],
  ] as const) {
    t.equal(await fork('x', offset, subOffset), 'bad-offset', `${offset} + ${subOffset}`);
  }
  t.equal(await fork('x', 3, 0, { contentType: 'text/plain' }), 'other-type');
  t.equal(
    kindOf(await store.fork('x', INHERIT, { from: 'none', offset: 0, subOffset: 0 })),
    'no-source',
  );
  t.equal(await store.find('x'), undefined);
  const alone = await store.fork(
    'own',
    { ...INHERIT, ttlSeconds: 5 },
    { from: 'a', offset: 3, subOffset: 0 },
    text('9,\n'),
  );
  t.match(alone, { kind: 'created', stream: { tail: 6, config: { ttlSeconds: 5 } } });
  await source.append(text('4,\n'));
  t.equal(contentOf(directory, 'own'), '1,\n9,\n', 'from then on it is another stream');
});

t.test('forks of bytes part anywhere, and never know the producers before', async (t) => {
  const { store, directory } = await startStore(t);
  const source = await create(store, 'a', TEXT, text('hello'));
  const one = text('!', { producer: { id: 'p', epoch: 3, seq: 0 }, seq: 'b' });
  await source.append(one);
  await source.append(CLOSE);
  const created = await store.fork('f', INHERIT, { from: 'a', offset: 2, subOffset: 1 });
  if (created.kind !== 'created') throw new Error(created.kind);
  t.equal(contentOf(directory, 'f'), 'hel');
  t.equal(created.stream.closed, false);
  const again = { ...one, producer: { id: 'p', epoch: 0, seq: 0 } };
  t.equal(kindOf(await created.stream.append(again)), 'appended');
});

t.test('a source stays as a name while there are forks of it, through restarts', async (t) => {
  let now = Date.now();
  let { store, reopen, directory } = await startStore(t, { now: () => now });
  await create(store, 'a', TEXT, text('x'));
  const at = { offset: undefined, subOffset: 0 };
  await store.fork('b', { ...INHERIT, ttlSeconds: 10 }, { from: 'a', ...at });
  await store.fork('c', { ...INHERIT, ttlSeconds: 60 }, { from: 'b', ...at });
  t.same(await store.delete('a'), { kind: 'deleted' });
  t.equal(await store.find('a'), 'soft-deleted');
  t.same(await store.delete('a'), { kind: 'soft-deleted' });
  t.equal(kindOf(await store.create('a', TEXT)), 'soft-deleted');
  t.equal(kindOf(await store.fork('d', INHERIT, { from: 'a', ...at })), 'source-soft-deleted');
  t.notOk(readdirSync(directory).includes('a.stream'), 'its bytes are gone');
  ({ store, reopen, directory } = await reopen());
  t.equal(await store.find('a'), 'soft-deleted');
  now += 10_000;
  t.equal(await store.find('b'), 'soft-deleted', 'expired, and it has a fork too');
  t.equal(await store.find('a'), 'soft-deleted');
  t.equal(contentOf(directory, 'c'), 'x');
  ({ store, reopen, directory } = await reopen());
  t.same(await store.delete('c'), { kind: 'deleted' });
  t.same(readdirSync(directory), ['.lock'], 'all of them go with the last');
  t.equal(kindOf(await store.create('a', TEXT)), 'created');
});

t.test('a fork that has never come to be keeps no name', async (t) => {
  const { store } = await startStore(t, { options: { maxStream: 10 } });
  await create(store, 'a', TEXT, text('0123456'));
  const at = { from: 'a', offset: undefined, subOffset: 0 };
  t.match(await store.fork('b', INHERIT, at, text('7890')), { kind: 'too-large' });
  t.equal(kindOf(await store.fork('c', INHERIT, at)), 'created');
  t.same(await store.delete('c'), { kind: 'deleted' });
  t.same(await store.delete('a'), { kind: 'deleted' });
  t.equal(await store.find('a'), undefined);
});
