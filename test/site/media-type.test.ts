// Content-Type by name.
import { contentType } from 'mime-types';
import t from 'tap';
import { typeOf, USUAL } from '../../src/site/media-type.ts';

const CASES: ReadonlyArray<readonly [path: string, type: string]> = [
  ['index.html', 'text/html; charset=utf-8'],
  ['a/b.HTM', 'text/html; charset=utf-8'],
  ['app.js', 'text/javascript; charset=utf-8'],
  ['app.mjs', 'text/javascript; charset=utf-8'],
  ['style.css', 'text/css; charset=utf-8'],
  ['data.json', 'application/json; charset=utf-8'],
  ['a.txt', 'text/plain; charset=utf-8'],
  ['module.wasm', 'application/wasm'],
  ['image.svg', 'image/svg+xml'],
  ['photo.jpeg', 'image/jpeg'],
  ['film.mp4', 'video/mp4'],
  ['font.woff2', 'font/woff2'],
  ['archive.tar.gz', 'application/gzip'],
  // The extension is the last segment's, and only after a dot.
  ['html', 'application/octet-stream'],
  ['dir.html/file', 'application/octet-stream'],
  ['.html', 'application/octet-stream'],
  ['name.', 'application/octet-stream'],
  ['x.unknown-extension', 'application/octet-stream'],
  ['x.__proto__', 'application/octet-stream'],
  ['x.constructor', 'application/octet-stream'],
];

for (const [path, type] of CASES) t.equal(typeOf(path), type, path);
for (const [path, type] of CASES) t.equal(typeOf(path), type, `${path}, remembered`);

for (const [extension, type] of USUAL) {
  t.equal(type, contentType(extension), `${extension} as mime-types has it`);
}
