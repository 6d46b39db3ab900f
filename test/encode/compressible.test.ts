// What is worth to be encoded.
import t from 'tap';
import { isCompressible, isWorthwhile } from '../../src/encode/compressible.ts';

const TYPES: ReadonlyArray<readonly [type: string, compressible: boolean]> = [
  ['text/html; charset=utf-8', true],
  ['TEXT/CSS', true],
  ['text/javascript', true],
  ['application/json; charset=utf-8', true],
  ['application/manifest+json', true],
  ['application/rss+xml', true],
  ['image/svg+xml', true],
  ['application/wasm', true],
  ['font/ttf', true],
  ['image/vnd.microsoft.icon', true],
  ['font/woff2', false],
  ['font/woff', false],
  ['image/png', false],
  ['image/avif', false],
  ['video/mp4', false],
  ['audio/mpeg', false],
  ['application/zip', false],
  ['application/gzip', false],
  ['application/pdf', false],
  ['application/epub+zip', false],
  ['application/octet-stream', false],
  ['', false],
];

t.test('what is text, or as redundant, gets smaller; what is compressed does not', async (t) => {
  for (const [type, compressible] of TYPES) t.equal(isCompressible(type), compressible, type);
});

t.test('a form that saves less than a twentieth is not kept', async (t) => {
  t.ok(isWorthwhile(10_000, 9500));
  t.notOk(isWorthwhile(10_000, 9501));
  t.notOk(isWorthwhile(0, 20));
});
