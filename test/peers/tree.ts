// The tree that zcserve and its peers serve in turn.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Teardown } from '../support/tree.ts';
import { makeTree } from '../support/tree.ts';

export const MODIFIED = 'Wed, 15 Nov 1995 04:58:08 GMT';
const mtime = new Date(MODIFIED);
const STYLE = 'a{}\n'.repeat(300);

export interface Trees {
  readonly root: string;
  /** Where there is nothing. */
  readonly missing: string;
  /** A file, not a directory. */
  readonly file: string;
}

export function makeTrees(t: Teardown): Trees {
  const outside = makeTree(t, { 'outside.txt': { text: 'outside', mtime } });
  const root = makeTree(t, {
    'index.html': { text: '<p>home', mtime },
    'page.txt': { text: '0123456789'.repeat(100), mtime },
    'about.html': { text: '<p>about', mtime },
    'v1.2.html': { text: '<p>v1.2', mtime },
    'style.css': { text: STYLE, mtime },
    'empty.txt': { text: '', mtime },
    'dir/index.html': { text: '<p>dir', mtime },
    'bare/file.txt': { text: 'bare', mtime },
    'a b.txt': { text: 'space', mtime },
    'grüße.txt': { text: 'unicode', mtime },
    'a@b.txt': { text: 'at', mtime },
    '.hidden': { text: 'hidden', mtime },
    '.well-known/x.txt': { text: 'known', mtime },
    LICENSE: { text: 'license', mtime },
    'start.htm': { text: '<p>start', mtime },
    'outside.txt': { link: join(outside, 'outside.txt') },
  });
  writeFileSync(join(root, 'style.css.gz'), gzipSync(STYLE));
  writeFileSync(join(root, 'style.css.br'), brotliCompressSync(STYLE));
  writeFileSync(join(root, 'orphan.js.br'), brotliCompressSync('let a;'));
  return { root, missing: join(root, 'none'), file: join(root, 'page.txt') };
}
