// Head and body are one version's, also where nobody watches and files are trusted for long; and tags follow content.

import { cpSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { HOSTS } from '../middleware/hosts.ts';
import { type Address, type Answer, connect, request, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { onEveryCarrier } from './carriers.ts';
import { validatorsOf } from './cases.ts';

type Fields = Readonly<Record<string, string>>;

/** Nobody looks at a file a second time but for the answer that sends it, which is from the file itself. */
const UNWATCHED = { watch: false, revalidate: '1h', mmapMax: '32k' } as const;

const SIZE = 200_000;
/** Asked often enough to be in memory and, on the engine, prepared. */
const TIMES = 5;

/**
 * Some answers on one connection: the last. It is not used again after a change: the server looks at the file once
 * more when the last byte has left, and ends a connection whose client has changed the file in between.
 */
async function askOften(address: Address, target: string, fields: Fields = {}): Promise<Answer> {
  const connection = await connect(address);
  const bytes = requestBytes(target, { fields: { connection: 'keep-alive', ...fields } });
  let answer: Answer | undefined;
  for (let i = 0; i < TIMES; i++) {
    await connection.send(bytes);
    answer = await connection.read();
  }
  connection.close();
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

/** Ways to change a file in place: the bytes that stand there afterwards. */
const CHANGES: Readonly<Record<string, (file: string) => void>> = {
  'written anew, shorter': (file) => writeFileSync(file, pattern(150_000, 7)),
  'written anew, longer by some bytes': (file) => writeFileSync(file, pattern(SIZE + 500, 7)),
  'written anew, of the same size': (file) => writeFileSync(file, pattern(SIZE, 7)),
  cut: (file) => truncateSync(file, SIZE - 1),
};

async function seesChange(t: Test, address: Address, root: string, name: string) {
  const file = join(root, name);
  for (const [how, change] of Object.entries(CHANGES)) {
    const before = await askOften(address, `/${name}`);
    t.ok(before.body.equals(readFileSync(file)), 'the file as it was');
    change(file);
    const now = readFileSync(file);
    const after = await request(address, `/${name}`);
    t.equal(after.status, 200, how);
    t.ok(after.body.equals(now), `${how}: the bytes that are there now`);
    t.not(after.field('etag'), before.field('etag'), `${how}: another ETag`);
  }
}

async function seesChangeOfRange(t: Test, address: Address, root: string, name: string) {
  const file = join(root, name);
  const fields = { range: `bytes=10-${SIZE - 1000}` };
  writeFileSync(file, pattern(SIZE));
  await askOften(address, `/${name}`, fields);
  writeFileSync(file, pattern(SIZE - 100, 9));
  const after = await request(address, `/${name}`, { fields });
  t.equal(after.status, 206);
  t.equal(after.field('content-range'), `bytes 10-${SIZE - 1000}/${SIZE - 100}`);
  t.ok(after.body.equals(readFileSync(file).subarray(10, SIZE - 999)), 'of the new version');
}

t.test('a large file that is changed in place where nobody watches', async (t) => {
  onEveryCarrier(t, async (t, serve) => {
    const root = makeTree(t, { 'large.bin': { size: SIZE }, 'range.bin': { size: SIZE } });
    const { address } = await serve({ root, ...UNWATCHED });
    await seesChange(t, address, root, 'large.bin');
    await seesChangeOfRange(t, address, root, 'range.bin');
  });
});

t.test('the same in the memory cache, where it maps the file itself', async (t) => {
  onEveryCarrier(t, async (t, serve) => {
    const root = makeTree(t, { 'large.bin': { size: SIZE } });
    const mapped = { mmapSource: 'file', mmapMax: '1m', sendfileMin: '1m' } as const;
    const { address } = await serve({ root, ...UNWATCHED, ...mapped });
    await seesChange(t, address, root, 'large.bin');
  });
});

for (const host of HOSTS) {
  t.test(`the same as middleware: ${host.name}`, async (t) => {
    const root = makeTree(t, { 'large.bin': { size: SIZE }, 'range.bin': { size: SIZE } });
    const address = await host.start(t, root, UNWATCHED);
    await seesChange(t, address, root, 'large.bin');
    await seesChangeOfRange(t, address, root, 'range.bin');
  });
}

const WHOLE = new Date('2024-01-02T03:04:05Z');
const NIX = new Date(1000);
const EPOCH = new Date(0);
const FRACTION = new Date('2024-01-02T03:04:05.678Z');

t.test('tags follow the content', async (t) => {
  onEveryCarrier(t, async (t, serve) => {
    for (const mtime of [NIX, EPOCH, WHOLE]) {
      const root = makeTree(t, { 'app.js': { text: 'build 1', mtime } });
      const { address } = await serve({ root, revalidate: 0 });
      const first = await validatorsOf(address, '/app.js');
      t.match(first.etag, /^"[^"]+"$/, 'the first answer has a tag');
      t.equal(first.lastModified, mtime === WHOLE ? WHOLE.toUTCString() : '', 'no date of 1970');
      writeFileSync(join(root, 'app.js'), 'build 2');
      utimesSync(join(root, 'app.js'), mtime, mtime);
      const fields = { 'if-none-match': first.etag };
      const next = await request(address, '/app.js', { fields });
      t.equal(next.status, 200, `${mtime.toISOString()}: another build is no 304`);
      t.equal(next.body.toString(), 'build 2');
      if (mtime === WHOLE) continue;
      const since = { 'if-modified-since': mtime.toUTCString() };
      t.equal((await request(address, '/app.js', { fields: since })).status, 200);
    }

    const tree = {
      'a.js': { text: 'a', mtime: WHOLE },
      'a.js.gz': { text: gzipSync('a'), mtime: WHOLE },
      'b.js': { text: 'b', mtime: FRACTION },
      'large.bin': { size: 2 ** 21, mtime: FRACTION },
    };
    const root = makeTree(t, tree);
    const copy = makeTree(t, {});
    cpSync(root, copy, { recursive: true, preserveTimestamps: true });
    // cpSync keeps milliseconds only.
    for (const [name, { mtime }] of Object.entries(tree))
      utimesSync(join(copy, name), mtime, mtime);
    const [one, other] = [await serve({ root }), await serve({ root: copy })];
    for (const [name, fields] of [
      ['a.js', {}],
      ['a.js', { 'accept-encoding': 'gzip' }],
      ['b.js', {}],
      ['large.bin', {}],
    ] as const) {
      const { etag } = await validatorsOf(one.address, `/${name}`, fields);
      const there = await validatorsOf(other.address, `/${name}`, fields);
      t.equal(there.etag, etag, `${name}: a copy has the same tag`);
    }
    const plain = await validatorsOf(one.address, '/a.js');
    const coded = await validatorsOf(one.address, '/a.js', { 'accept-encoding': 'gzip' });
    t.not(coded.etag, plain.etag, 'each coding has its own');
  });
});

for (const host of HOSTS) {
  t.test(`tags follow the content: ${host.name}`, async (t) => {
    const root = makeTree(t, { 'app.js': { text: 'build 1', mtime: NIX } });
    const address = await host.start(t, root, { dev: true });
    const { etag } = await validatorsOf(address, '/app.js');
    writeFileSync(join(root, 'app.js'), 'build 2');
    utimesSync(join(root, 'app.js'), NIX, NIX);
    const next = await request(address, '/app.js', { fields: { 'if-none-match': etag } });
    t.equal(next.status, 200);
    t.equal(next.body.toString(), 'build 2');
  });
}

t.test('If-Range with a date of a second that has only just begun is weak', async (t) => {
  onEveryCarrier(t, async (t, serve) => {
    const root = makeTree(t, { 'old.txt': { text: '0123456789', mtime: WHOLE } });
    const { address } = await serve({ root });
    const ranged = (ifRange: string) => ({ range: 'bytes=2-3', 'if-range': ifRange });
    const old = await request(address, '/old.txt', { fields: ranged(WHOLE.toUTCString()) });
    t.equal(old.status, 206, 'a date long ago');
    // A file of this second: one of the first of these requests is answered within it.
    let weak: Answer | undefined;
    for (let i = 0; weak === undefined; i++) {
      writeFileSync(join(root, `${i}.txt`), '0123456789');
      const { lastModified } = await validatorsOf(address, `/${i}.txt`);
      const answer = await request(address, `/${i}.txt`, { fields: ranged(lastModified) });
      if (Date.now() - Date.parse(lastModified) < 1000) weak = answer;
    }
    t.equal(weak.status, 200);
    t.equal(weak.body.toString(), '0123456789');
  });
});
