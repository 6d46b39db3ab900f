// Validators and bytes belong to one version, on every carrier: rewritten files, reproducible builds, replicas.
import { execFileSync } from 'node:child_process';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import type { OptionsInput } from '../../src/options/options.ts';
import { request } from '../support/client.ts';
import { makeTree, type Teardown } from '../support/tree.ts';
import { onEveryCarrier, type Serve } from './carriers.ts';
import { BEFORE, bytesOf, checkRewritten, UNWATCHED } from './versions.ts';

/** What reproducible builds give to every file. */
const EPOCH = new Date(1000);
const WHOLE = new Date('2024-01-02T03:04:05Z');
const TEXT = 'a { color: red }\n'.repeat(300);

const WAYS: ReadonlyArray<readonly [title: string, options: Partial<OptionsInput>]> = [
  ['by default', {}],
  ['strategy read', { strategy: 'read' }],
  ['mappings of the file itself', { strategy: 'mmap', mmapSource: 'file', mmapMax: '1m' }],
];

async function checkBuilds(t: Test, serve: Serve) {
  const root = makeTree(t, { 'app.js': { text: 'build one', mtime: EPOCH } });
  const build = makeTree(t, { 'app.js': { text: 'build two', mtime: EPOCH } });
  const { address } = await serve({ root, revalidate: 0 });
  const first = await request(address, '/app.js');
  t.match(first.field('etag'), /^"[^"]+"$/, 'a strong tag from the first answer on');
  t.equal(first.field('last-modified'), undefined, 'and no date that every build has');
  execFileSync('cp', ['-a', join(build, 'app.js'), join(root, 'app.js')]);
  const fields = {
    'if-none-match': first.field('etag') ?? '',
    'if-modified-since': EPOCH.toUTCString(),
  };
  const second = await request(address, '/app.js', { fields });
  t.equal(second.status, 200, 'the next build is no 304');
  t.equal(second.body.toString(), 'build two');
  t.not(second.field('etag'), first.field('etag'));
  const since = { 'if-modified-since': EPOCH.toUTCString() };
  t.equal((await request(address, '/app.js', { fields: since })).status, 200);
}

function replica(t: Teardown): string {
  const root = makeTree(t, {
    'whole.css': { text: TEXT, mtime: WHOLE },
    'epoch.js': { text: TEXT, mtime: EPOCH },
    'parts.css': TEXT,
    'large.bin': { size: 2 ** 21 },
    'archive.bin': { size: 2 ** 21, mtime: WHOLE },
  });
  utimesSync(join(root, 'parts.css'), 1_700_000_000.25, 1_700_000_000.25);
  utimesSync(join(root, 'large.bin'), 1_700_000_000.25, 1_700_000_000.25);
  for (const name of ['whole.css', 'parts.css']) {
    writeFileSync(join(root, `${name}.gz`), gzipSync(TEXT));
    utimesSync(join(root, `${name}.gz`), 1_710_000_000, 1_710_000_000);
  }
  return root;
}

async function checkReplicas(t: Test, serve: Serve) {
  const root = replica(t);
  const copy = makeTree(t);
  execFileSync('cp', ['-a', `${root}/.`, copy]);
  const [one, other] = [await serve({ root }), await serve({ root: copy })];
  for (const name of ['whole.css', 'epoch.js', 'parts.css', 'large.bin']) {
    const tags: Array<string | undefined> = [];
    for (const coding of name.endsWith('.css') ? ['identity', 'gzip'] : ['identity']) {
      const fields = { 'accept-encoding': coding };
      const [here, there] = [
        await request(one.address, `/${name}`, { fields }),
        await request(other.address, `/${name}`, { fields }),
      ];
      t.match(here.field('etag'), /^"[^"]+"$/, `${name}, ${coding}: a tag at once`);
      t.equal(there.field('etag'), here.field('etag'), `${name}, ${coding}: the same on a replica`);
      tags.push(here.field('etag'));
    }
    t.equal(new Set(tags).size, tags.length, `${name}: each coding has its own`);
  }
  const archive = await request(one.address, '/archive.bin', { method: 'HEAD' });
  t.match(archive.field('etag'), /^"[^"]+"$/, 'a large file of a whole second has one too');
}

/** RFC 9110 §8.8.2.2, §13.1.5 */
async function checkYoung(t: Test, serve: Serve) {
  const root = makeTree(t, { 'f.txt': 'young' });
  const { address } = await serve({ root, revalidate: 0, etag: 'off' });
  let answer: Awaited<ReturnType<typeof request>>;
  let date: string | undefined;
  // The answer must come within the second that the file was written in.
  do {
    writeFileSync(join(root, 'f.txt'), 'young');
    date = (await request(address, '/f.txt')).field('last-modified');
    const fields = { range: 'bytes=0-0', 'if-range': date ?? '' };
    answer = await request(address, '/f.txt', { fields });
  } while (answer.field('date') !== date || date === undefined);
  t.equal(answer.status, 200, 'If-Range: a date of this very second is weak');
  utimesSync(join(root, 'f.txt'), WHOLE, WHOLE);
  const fields = { range: 'bytes=0-0', 'if-range': WHOLE.toUTCString() };
  t.equal((await request(address, '/f.txt', { fields })).status, 206, 'an old one is strong');
}

onEveryCarrier(t, async (t, serve) => {
  for (const [title, options] of WAYS) {
    t.test(`rewritten in place, ${title}`, async (t) => {
      const root = makeTree(t, { 'f.bin': bytesOf(-1, BEFORE) });
      const { address } = await serve({ root, ...UNWATCHED, ...options });
      await checkRewritten(t, address, root, 'f.bin');
    });
  }
  await t.test('two builds of one size and time', (t) => checkBuilds(t, serve));
  await t.test('replicas agree', (t) => checkReplicas(t, serve));
  await t.test('If-Range within the second', (t) => checkYoung(t, serve));
});
