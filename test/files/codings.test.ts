// Files that are encoded already: what their names and their own bytes say, and what speaks against a sibling.
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { codingOfName, flawOf, readGzip, readZstd, type Stated } from '../../src/files/codings.ts';
import type { FileCoding } from '../../src/plan/types.ts';
import { zstdFrame } from '../support/encoded.ts';

const NAMES: ReadonlyArray<readonly [path: string, coding: FileCoding | undefined]> = [
  ['logo.svgz', 'gzip'],
  ['LOGO.SVGZ', 'gzip'],
  ['Build/game.framework.js.gz', 'gzip'],
  ['Build/game.data.br', 'br'],
  ['Build/game.wasm.br', 'br'],
  ['Build/game.symbols.json.gz', 'gzip'],
  ['module.mjs.zst', 'zstd'],
  ['style.css.gz', 'gzip'],
  ['archive.tar.gz', undefined],
  ['table.json.gz', undefined],
  ['disk.img.zst', undefined],
  ['js.gz', undefined],
  ['app.js', undefined],
  ['app.js.gz/inside', undefined],
];
for (const [path, coding] of NAMES) t.equal(codingOfName(path), coding, path);

t.test('gzip: its mark at the start, the length of its content at the end', async (t) => {
  const read = (bytes: Buffer) => readGzip(bytes.subarray(0, 3), bytes.subarray(-4));
  const of = (length: number): Stated => ({ kind: 'length', length, modulus: 2 ** 32 });
  t.same(read(gzipSync('')), of(0));
  t.same(read(gzipSync('x'.repeat(70_000))), of(70_000));
  t.same(read(Buffer.concat([gzipSync('one'), gzipSync('three')])), of(5), 'the last member');
  for (const text of ['', '\x1f\x8b', 'not gzip at all, but as long', '\x1f\x8b\x07 compress']) {
    t.same(read(Buffer.from(text, 'latin1')), { kind: 'foreign' }, JSON.stringify(text));
  }
});

t.test('Zstandard: magic number, window and length of the first frame', async (t) => {
  const head = (hex: string) => readZstd(Buffer.from(hex.padEnd(36, '0'), 'hex'));
  const of = (length: number): Stated => ({ kind: 'length', length, modulus: 2 ** 64 });
  t.same(readZstd(zstdFrame(70_000, 18)), of(70_000));
  t.same(readZstd(zstdFrame(undefined, 18)), { kind: 'nothing' });
  t.same(head('28b52ffd2005'), of(5), 'one byte of length');
  t.same(head('28b52ffd600100'), of(257), 'two bytes count from 256');
  t.same(head('28b52ffde0 0000100000000000'.replace(' ', '')), of(2 ** 20), 'eight bytes');
  t.same(head('28b52ffd21ff05'), of(5), 'behind the number of a dictionary');
  t.same(head('28b52ffd0068'), { kind: 'nothing' }, 'a window of 8 MiB');
  t.same(head('28b52ffd0070'), { kind: 'window', bytes: 2 ** 24 });
  t.same(head('28b52ffda000000001'), { kind: 'window', bytes: 2 ** 24 }, 'a single segment');
  t.same(head('5a2a4d18'), { kind: 'nothing' }, 'a frame to be skipped');
  t.same(head('1f8b08'), { kind: 'foreign' });
  for (const cut of [0, 3, 5, 8]) {
    t.same(readZstd(zstdFrame(70_000, 18).subarray(0, cut)), { kind: 'foreign' }, `${cut} bytes`);
  }
});

t.test('what speaks against a sibling', async (t) => {
  const own = { path: 'a.js', size: 100, mtimeMs: 5_900 };
  const length = (n: number, modulus = 2 ** 64): Stated => ({ kind: 'length', length: n, modulus });
  const claims: ReadonlyArray<
    readonly [title: string, coding: FileCoding, mtimeMs: number, stated: Stated, flaw?: string]
  > = [
    ['the same second is not older', 'br', 5_000, { kind: 'nothing' }],
    ['newer', 'br', 6_000, { kind: 'nothing' }],
    ['the second before is', 'br', 4_999, { kind: 'nothing' }, 'older than a.js'],
    ['a length that agrees', 'gzip', 5_000, length(100)],
    ['one that does not', 'gzip', 9_000, length(99), 'of 99 bytes, where a.js has 100'],
    ['agreeing does not make it new', 'gzip', 4_999, length(100), 'older than a.js'],
    ['another format', 'gzip', 9_000, { kind: 'foreign' }, 'not gzip'],
    [
      'a window that browsers refuse',
      'zstd',
      9_000,
      { kind: 'window', bytes: 2 ** 27 },
      'for decoders with 128 MiB, where clients have 8',
    ],
  ];
  for (const [title, coding, mtimeMs, stated, flaw] of claims) {
    t.equal(flawOf(own, { size: 50, mtimeMs, coding }, stated), flaw, title);
  }
  t.equal(flawOf(own, { size: 0, mtimeMs: 9_000, coding: 'br' }, { kind: 'nothing' }), 'empty');
  const large = { ...own, size: 2 ** 32 + 7 };
  const sibling = { size: 50, mtimeMs: 5_000, coding: 'gzip' } as const;
  t.equal(flawOf(large, sibling, length(7, 2 ** 32)), undefined, 'ISIZE is modulo 2^32');
});
